// SPDX-License-Identifier: Apache-2.0
import type { JobMatch } from '../../plan/match.ts';
import type { Milestone, Plan, Step } from '../../plan/plan.ts';
import { dayText, daysOffText, hoursText, spanText, weeksOf } from '../../plan/text.ts';
import { columns, paint, wrap } from './style.ts';

const marks = { foundation: 'F', working: 'W', advanced: 'A', expert: 'E' } as const;
const colors = { F: 'cyan', W: 'green', A: 'yellow', E: 'magenta', L: 'blue' } as const;
const reasonWidth = 20;
const titleWidth = columns - reasonWidth - 23;

/** A plan as lines for a terminal: what it is, its steps by stage, and what else there is to know. */
export function planLines(plan: Plan): string[] {
  const lines = headLines(plan);
  let year = '';
  for (const milestone of plan.milestones) {
    const steps = plan.steps.filter(({ stage }) => stage === milestone.stage);
    lines.push('', stageLine(milestone, steps));
    for (const step of steps) {
      const now = step.from.slice(0, 4);
      if (now !== year) lines.push(paint('dim', `    ${now}`));
      year = now;
      lines.push(stepLine(step));
    }
  }
  return lines;
}

function headLines({ input, target, steps, minutes, finish, ...plan }: Plan): string[] {
  const count = (kind: Step['kind'], one: string): string => {
    const number = steps.filter((step) => step.kind === kind).length;
    return `${number} ${one}${number === 1 ? '' : 's'}`;
  };
  const work = `${hoursText(minutes)} · ${count('skill', 'skill')}, ${count('lab', 'lab')}`;
  const title = cut(target.title, columns - work.length - 2);
  const off = daysOffText(input);
  const weeks = weeksOf({ input, target, steps, minutes, finish, ...plan });
  const begin = steps[0]?.from ?? input.start;
  const how = [
    `${hoursText(input.hours * 60)} a week`,
    `entry stage ${input.entry}`,
    ...(off ? [`off ${off}`] : []),
  ];
  const when = finish ? `${spanText(begin, finish)} · ${weeks} weeks` : 'nothing is left to do';
  return [
    `${paint('bold', title.padEnd(columns - work.length))}${work}`,
    ...wrap(how.join(' · '), 6),
    `      ${when}`,
  ];
}

function stageLine({ stage, title, on, reached }: Milestone, steps: readonly Step[]): string {
  const minutes = steps.reduce((sum, step) => sum + step.minutes, 0);
  const end = reached ? `done ${dayText(on)}` : `${hoursText(minutes)}  to ${dayText(on)}`;
  const name = `stage ${stage}  ${cut(title, columns - end.length - 11)}`;
  return `${paint('bold', name)}${paint('dim', end.padStart(columns - name.length))}`;
}

function stepLine(step: Step): string {
  const mark = step.depth ? marks[step.depth] : 'L';
  const day = dayText(step.from).slice(0, -5).padStart(6);
  const title = cut(step.kind === 'lab' ? `${step.ref}: ${step.title}` : step.title, titleWidth);
  const hours = hoursText(step.minutes).padStart(6);
  return `  ${day}  ${paint(colors[mark], mark)}  ${title.padEnd(titleWidth)} ${hours}  ${paint('dim', reason(step))}`;
}

/** The place of a step in a few letters; the plan's Markdown and JSON have whole sentences. */
function reason({ why }: Step): string {
  const text = why.map((one) => {
    if (one.kind === 'target') return 'target';
    if (one.kind === 'gap') return 'gap';
    const ids = one.kind === 'needed' ? one.by : one.skills;
    const more = ids.length > 1 ? ` +${ids.length - 1}` : '';
    const verb = one.kind === 'needed' ? '→' : 'proves';
    return `${verb} ${cut(ids[0]!.replace(/^.*:/, ''), reasonWidth - verb.length - 1 - more.length)}${more}`;
  });
  return text[0] ?? '';
}

/** What is taken as known, what was done, what is to come. `twice` is the same plan with double the hours. */
export function planNotes({ credited, done, labsToCome, finish }: Plan, twice: Plan | undefined): string[] {
  const rows: [string, string][] = [];
  if (credited.length > 0) {
    const bySource = Map.groupBy(credited, ({ source }) => (source === 'entry' ? 'the entry stage' : source));
    const parts = [...bySource].map(([source, skills]) => `${skills.length} by ${source}`);
    rows.push(['credited', `${parts.join(', ')}: ${some(credited.map(({ skill }) => skill))}`]);
  }
  if (done.length > 0) rows.push(['done', some(done.map(({ id }) => id.replace(/^.*:/, '')))]);
  if (labsToCome.length > 0)
    rows.push(['to come', `labs that are not built yet: ${some(labsToCome.map(({ id }) => id))}`]);
  if (twice?.finish && finish)
    rows.push([`at ${hoursText(twice.input.hours * 60)}`, `a week, done by ${dayText(twice.finish)}`]);
  rows.push(['marks', 'F foundation, W working, A advanced, E expert, L lab, → needed by']);
  return rows.flatMap(([name, text]) => labelled(name, text));
}

/** What was found in a job description, and how to correct it. */
export function jobLines(
  { matches, skills, outside, unknown }: JobMatch,
  asked: ReadonlySet<string>,
): string[] {
  const lines = [
    `${paint('bold', 'job description')}   ${matches.length} phrases ask for ${skills.length} skills`,
    ...skills.map(({ skill, count, phrases }) => {
      const mark = asked.has(skill) ? ' ' : '-';
      return `  ${mark} ${skill.padEnd(28)} ${String(count).padStart(3)}  ${cut(phrases.join(', '), columns - 38)}`;
    }),
  ];
  const added = [...asked].filter((id) => !skills.some(({ skill }) => skill === id));
  lines.push(...added.map((id) => `  + ${id}`));
  const places = Map.groupBy(outside, ({ says }) => says);
  for (const [says, found] of places) {
    const names = [...new Set(found.map(({ text }) => text))];
    lines.push(...labelled('outside', `${names.join(', ')}: ${says}`));
  }
  if (unknown.terms.length > 0)
    lines.push(...labelled('unknown', unknown.terms.map(({ text }) => text).join(', ')));
  for (const { text } of unknown.lines) lines.push(...labelled('no match', text));
  lines.push(...labelled('change it', '--with SKILL,… adds skills, --without SKILL,… takes them out'), '');
  return lines;
}

function labelled(name: string, text: string): string[] {
  const [first, ...rest] = wrap(text, 17);
  return [`${paint('dim', `      ${name.padEnd(11)}`)}${(first ?? '').slice(17)}`, ...rest];
}

function some(ids: readonly string[]): string {
  const shown = ids.slice(0, 6).join(', ');
  return ids.length > 6 ? `${shown} and ${ids.length - 6} more` : shown;
}

/** A text that fits. */
export function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1).trimEnd()}…`;
}
