// SPDX-License-Identifier: Apache-2.0
import type { Plan, Step } from '../../plan/plan.ts';
import { daysOffText, dayText, hoursText, spanText, weeksOf } from '../../plan/text.ts';
import { stepsDone } from '../../store/plans.ts';
import { skillRef, type SkillRef } from '../site/refs.ts';
import { site } from '../site/site.ts';
import { factsOf, localDay } from './facts.ts';
import type { Mine } from './mine.ts';
import { keptPlan, planNow, planWith, type PlanForm } from './plan.ts';

export interface StepRow extends Pick<Step, 'id' | 'kind' | 'title' | 'depth' | 'says'> {
  href: string;
  hours: string;
  span: string;
}

export interface PlanPage {
  values: PlanForm;
  targets: { label: string; options: { value: string; says: string }[] }[];
  /** For a job: its skills, all of which are in `values`. */
  job: SkillRef[];
  placed: boolean;
  plan?: {
    title: string;
    facts: string[];
    stages: { number: number; title: string; on: string; steps: StepRow[] }[];
    /** `marked`: by hand, so that it can be taken back. */
    done: { id: string; title: string; on: string; marked: boolean }[];
    credited: { title: string; source: string }[];
    labsToCome: { id: string; title: string }[];
  };
  /** What happened since the plan was made. */
  news: { missed: string[]; done: string[] };
  whatIf?: { hours: [string, string]; finish: [string, string]; stages: [string, string, string][] };
}

/** The page of the plan. `hours`: another number of hours a week to compare with, when it is one. */
export async function planPage(mine: Mine, hours: number): Promise<PlanPage> {
  const facts = await factsOf(mine);
  const kept = await keptPlan(mine);
  const marked = new Set(
    (await stepsDone(mine.db, mine.person, site().roadmap.ledger.renamed)).map(({ step }) => step),
  );
  const change = kept && planNow(kept, facts).change;
  const other = kept && hours >= 0.25 && hours <= 112 ? planWith(kept, hours) : undefined;
  return {
    values: kept ? valuesOf(kept.plan) : blank(),
    targets: targets(),
    job: kept ? jobSkills(kept.plan) : [],
    placed: facts.entry > 0 || facts.credits.length > 0,
    ...(kept && { plan: shown(kept.plan, marked) }),
    news: {
      missed: change?.missed.map(({ title }) => title) ?? [],
      done: change?.done.map(({ title }) => title) ?? [],
    },
    ...(kept && other && { whatIf: compared(kept.plan, other) }),
  };
}

function shown(plan: Plan, marked: ReadonlySet<string>): PlanPage['plan'] & {} {
  const off = daysOffText(plan.input);
  const weeks = weeksOf(plan);
  return {
    title: plan.target.title,
    facts: [
      `${hoursText(plan.input.hours * 60)} a week`,
      ...(plan.finish
        ? [
            `${hoursText(plan.minutes)} to do`,
            `${weeks} ${weeks === 1 ? 'week' : 'weeks'}`,
            `to ${dayText(plan.finish)}`,
          ]
        : ['nothing left to do']),
      ...(off ? [`off: ${off}`] : []),
      `made ${dayText(plan.input.today)}`,
    ],
    stages: plan.milestones
      .map(({ stage, title, on }) => ({
        number: stage,
        title,
        on: dayText(on),
        steps: plan.steps.filter((step) => step.stage === stage).map(row),
      }))
      .filter(({ steps }) => steps.length > 0),
    done: plan.done.map(({ id, title, on }) => ({ id, title, on: dayText(on), marked: marked.has(id) })),
    credited: plan.credited.map(({ title, source }) => ({
      title,
      source: source === 'entry' ? 'before your entry stage' : source,
    })),
    labsToCome: plan.labsToCome,
  };
}

function row({ id, kind, ref, title, depth, says, minutes, from, to }: Step): StepRow {
  const href = kind === 'lab' ? `/labs/${ref}` : `/skills/${ref}`;
  const common = { id, kind, title, says, href, hours: hoursText(minutes), span: spanText(from, to) };
  return { ...common, ...(depth && { depth }) };
}

function compared(plan: Plan, other: Plan): PlanPage['whatIf'] & {} {
  const finish = ({ finish: on }: Plan): string => (on ? dayText(on) : 'nothing left');
  return {
    hours: [hoursText(plan.input.hours * 60), hoursText(other.input.hours * 60)],
    finish: [finish(plan), finish(other)],
    stages: plan.milestones
      .filter(({ reached }) => !reached)
      .map(({ stage, title, on }) => [
        `${stage} · ${title}`,
        dayText(on),
        dayText(other.milestones.find((one) => one.stage === stage)!.on),
      ]),
  };
}

function targets(): PlanPage['targets'] {
  const { specializations, domains, stages } = site().roadmap;
  const each = (list: readonly { id: string; title: string }[]): { value: string; says: string }[] =>
    list.map(({ id, title }) => ({ value: id, says: title }));
  return [
    { label: 'Specialization', options: each(specializations) },
    { label: 'Domain', options: each(domains) },
    {
      label: 'Stage',
      options: stages.map(({ number, title }) => ({
        value: `stage-${number}`,
        says: `${number} · ${title}`,
      })),
    },
  ];
}

function blank(): PlanForm {
  const start = localDay(new Date());
  return { target: '', title: '', skill: [], hours: '8', start, off: ['sun'], ranges: '' };
}

function valuesOf({ input }: Plan): PlanForm {
  const { target, off } = input;
  return {
    target: target.kind === 'stage' ? `stage-${target.number}` : target.kind === 'job' ? 'job' : target.id,
    title: target.kind === 'job' ? target.title : '',
    skill: target.kind === 'job' ? target.skills : [],
    hours: String(input.hours),
    start: input.start,
    off: off.weekdays,
    ranges: off.ranges.map(({ from, to }) => (from === to ? from : `${from}..${to}`)).join(', '),
  };
}

function jobSkills({ input: { target }, target: goal }: Plan): SkillRef[] {
  return target.kind === 'job' ? goal.skills.filter((id) => site().skills.has(id)).map(skillRef) : [];
}
