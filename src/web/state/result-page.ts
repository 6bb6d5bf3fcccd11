// SPDX-License-Identifier: Apache-2.0
import type { Session } from '../../placement/form.ts';
import { result, type Result } from '../../placement/result.ts';
import { review, type Reviewed } from '../../placement/review.ts';
import { labRef, skillRef, stageRef } from '../site/refs.ts';
import type { LabRef, SkillRef, StageRef } from '../site/refs.ts';
import { site } from '../site/site.ts';
import { kernelDoc, type Reading } from '../site/reading.ts';
import { lastDone } from './placement.ts';
import type { Mine } from './mine.ts';

export interface ResultPage {
  entry: StageRef;
  start: StageRef;
  complete: boolean;
  claimed: boolean;
  /** False when somebody chose by hand and nothing was asked at all. */
  asked: boolean;
  /** Percent. */
  exact: number;
  withinOne: number;
  stages: (Pick<Result['stages'][number], 'standing' | 'why'> & { stage: StageRef })[];
  credited: { stage: StageRef; skills: SkillRef[] }[];
  gaps: SkillRef[];
  /** `left`: items of the stage that were not asked yet. */
  skipped: { stage: StageRef; skills: SkillRef[]; left: number }[];
  raises: { exact: number; skill: SkillRef; lab?: LabRef; says?: string }[];
  answers: (Omit<Reviewed, 'skill' | 'read'> & { skill: SkillRef; read: Reading[]; given: string })[];
}

/** The page of the last placement that was finished, or undefined. */
export async function resultPage(mine: Mine): Promise<ResultPage | undefined> {
  const last = await lastDone(mine);
  if (!last) return undefined;
  const { session } = last;
  const { roadmap } = site();
  const found = result(roadmap, session);
  const percent = (chance: number): number => Math.round(chance * 100);
  return {
    entry: stageRef(found.entry),
    start: stageRef(found.start),
    complete: found.complete,
    claimed: session.claim !== undefined,
    asked: session.answers.length + session.before.length > 0,
    exact: percent(found.confidence.exact),
    withinOne: percent(found.confidence.withinOne),
    stages: found.stages.map(({ stage, standing, why }) => ({ stage: stageRef(stage), standing, why })),
    credited: byStage(found.credited),
    gaps: found.gaps.map(({ skill }) => skillRef(skill)),
    skipped: byStage(found.skipped).map((one) => ({ ...one, left: itemsLeft(session, one.stage.number) })),
    raises: found.raises.map((raise) => ({
      exact: percent(raise.exact),
      skill: skillRef(raise.skill),
      ...(raise.kind === 'lab' ? { lab: labRef(raise.lab) } : { says: raise.says }),
    })),
    answers: review(roadmap, session)
      .filter(({ skill }) => site().skills.has(skill))
      .map((one) => ({
        ...one,
        skill: skillRef(one.skill),
        read: one.read.map(kernelDoc),
        given: givenIn(one),
      })),
  };
}

function itemsLeft({ seen, answers }: Session, stage: number): number {
  const asked = new Set([...seen, ...answers.map(({ item }) => item)]);
  return site().roadmap.items.filter((item) => item.stage === stage && !asked.has(item.id)).length;
}

function byStage(
  skills: readonly { skill: string; stage: number }[],
): { stage: StageRef; skills: SkillRef[] }[] {
  return [...new Set(skills.map(({ stage }) => stage))].sort().map((stage) => ({
    stage: stageRef(stage),
    skills: skills.filter((one) => one.stage === stage).map(({ skill }) => skillRef(skill)),
  }));
}

/** What somebody answered, for people. */
function givenIn({ item, response }: Reviewed): string {
  switch (response.kind) {
    case 'choose':
      return (item.kind === 'choose' && item.answers[response.answer]) || '';
    case 'line':
      return `line ${response.line}`;
    case 'order':
      return response.order.map((at) => (item.kind === 'order' && item.steps[at]) || '').join(' → ');
    case 'short':
      return response.text;
    default:
      return 'I don’t know';
  }
}
