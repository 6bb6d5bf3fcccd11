// SPDX-License-Identifier: Apache-2.0
import type { Roadmap } from '../roadmap/read.ts';
import type { Skill } from '../roadmap/schema.ts';
import { hasSkillFrom, medianEntry, outlookOf, startChances } from './belief.ts';
import { beliefOf, subsystemStage, workedIn } from './asking.ts';
import type { Answered, Session } from './form.ts';
import { stageCount } from './model.ts';
import { raisesOf, type Raise } from './raise.ts';
import { reasonFor } from './reason.ts';

/** How a stage came out. Those before the entry stage are credited; later ones may be too. */
export interface StageResult {
  stage: number;
  standing: 'credited' | 'entry' | 'open';
  /** How likely they have it, 0 to 1. */
  probability: number;
  /** Answers to its items, and skills of it that were shown elsewhere. */
  right: number;
  unknown: number;
  wrong: number;
  elsewhere: number;
  /** A sentence or two for people. */
  why: string;
}

export interface Result {
  /** The entry stage, 0 to 6, as it was found. */
  entry: number;
  /** Where they start: what they chose by hand, or else the entry stage. */
  start: number;
  /** All seven stages are credited; the entry stage is then the last one. */
  complete: boolean;
  /** How likely the entry stage is right, and how likely it is right or one off: 0 to 1. */
  confidence: { exact: number; withinOne: number };
  stages: StageResult[];
  /** Skills that count as had: answered right, in a credited stage and not answered otherwise, or shown elsewhere. */
  credited: { skill: string; stage: number; by: 'answer' | 'stage' | 'lab' | 'mentor' | 'record' }[];
  /** Skills of credited stages whose item was not answered right: worth another look. */
  gaps: { skill: string; stage: number; item: string; outcome: 'unknown' | 'wrong' }[];
  /** Skills before `start` that are not credited, when they chose it by hand: claimed, not proven; see retest. */
  skipped: { skill: string; stage: number }[];
  /** What would make it surer, the most helpful first. */
  raises: Raise[];
}

/** A stage after the entry stage is credited out of turn when it is at least this likely to be had. */
const OUT_OF_TURN = 0.7;
/** A right answer in a stage that is not credited counts for its skill when it is at least this likely no luck. */
const NO_LUCK = 0.8;

/** What a session comes to, at any moment of it. */
export function result(roadmap: Roadmap, session: Session): Result {
  const belief = beliefOf(session);
  const { mastery } = outlookOf(belief);
  const { entry, complete, confidence } = entryOf(session);
  const answers = [...session.before, ...session.answers];
  const elsewhere = new Map(session.credits.map((credit) => [credit.skill, credit]));

  const stages = mastery.map((probability, stage): StageResult => {
    const of = (outcome: Answered['outcome']): number =>
      answers.filter((one) => one.traits.stage === stage && one.outcome === outcome).length;
    const counts = {
      right: of('right'),
      unknown: of('unknown'),
      wrong: of('wrong'),
      elsewhere: session.credits.filter((credit) => credit.stage === stage).length,
    };
    const shown = counts.right + counts.elsewhere > 0;
    const standing =
      complete || stage < entry || (stage > entry && shown && probability >= OUT_OF_TURN)
        ? 'credited'
        : stage === entry
          ? 'entry'
          : 'open';
    const one = { stage, standing, probability, ...counts } as const;
    return { ...one, why: reasonFor(one, roadmap, session) };
  });

  const worked = workedIn(roadmap, session);
  const credited: Result['credited'] = [];
  const gaps: Result['gaps'] = [];
  for (const skill of roadmap.skills) {
    const { id, stage } = skill;
    const given = answers.find((one) => one.skill === id);
    const held = stages[stage]!.standing === 'credited';
    const by =
      elsewhere.get(id)?.source ??
      (given
        ? given.outcome === 'right' && (held || hasSkillFrom(belief, given.traits) >= NO_LUCK)
          ? 'answer'
          : undefined
        : held && comesWithItsStage(skill, worked)
          ? 'stage'
          : undefined);
    if (by) credited.push({ skill: id, stage, by });
    else if (held && given && given.outcome !== 'right')
      gaps.push({ skill: id, stage, item: given.item, outcome: given.outcome });
  }

  const start = session.claim ?? entry;
  const has = new Set(credited.map(({ skill }) => skill));
  const skipped = roadmap.skills
    .filter(({ id, stage }) => session.claim !== undefined && stage < start && !has.has(id))
    .map(({ id, stage }) => ({ skill: id, stage }));
  const raises = raisesOf(roadmap, session, confidence.exact);
  return { entry, start, complete, confidence, stages, credited, gaps, skipped, raises };
}

/** The entry stage alone, with how sure it is. */
export function entryOf(session: Session): Pick<Result, 'entry' | 'complete' | 'confidence'> {
  const outlook = outlookOf(beliefOf(session));
  // Nothing is credited beyond what somebody has shown something of, whatever would be likely of most people.
  const shown = [...session.before, ...session.answers]
    .filter(({ outcome }) => outcome === 'right')
    .map(({ traits }) => traits.stage);
  const highest = Math.max(-1, ...shown, ...session.credits.map(({ stage }) => stage));
  const found = Math.min(medianEntry(outlook), highest + 1);
  const entry = Math.min(found, stageCount - 1);
  const [before = 0, exact = 0, after = 0] = [-1, 0, 1].map((off) => startChances(outlook)[entry + off]);
  return { entry, complete: found === stageCount, confidence: { exact, withinOne: before + exact + after } };
}

/** An expert's skill is credited only when it was shown, and of the subsystems those they have worked in. */
function comesWithItsStage({ id, stage, depth }: Skill, worked: ReadonlySet<string>): boolean {
  return stage === subsystemStage ? worked.has(id) : depth !== 'expert';
}
