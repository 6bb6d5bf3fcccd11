// SPDX-License-Identifier: Apache-2.0
import type { Plan, Step } from './plan.ts';
import { dayText, daysOffText, hoursText, oneLine, spanText } from './text.ts';

/** A plan as CommonMark with task lists: stages as sections, what is done ticked. */
export function planMarkdown(plan: Plan): string {
  const { input, target, steps, done, credited, milestones, finish } = plan;
  const off = daysOffText(input);
  const facts = [
    `${hoursText(input.hours * 60)} a week`,
    ...(off ? [`days off: ${off}`] : []),
    finish ? `${hoursText(plan.minutes)} to do, finished on ${dayText(finish)}` : 'nothing left to do',
    `as of ${dayText(input.today)}`,
  ];
  const lines = [`# ${escapeMarkdown(target.title)}`, '', facts.join(' · '), ''];
  for (const { stage, title, on, reached } of milestones) {
    const when = `${reached ? 'reached' : 'to'} ${dayText(on)}`;
    lines.push(`## Stage ${stage}: ${escapeMarkdown(title)} (${when})`, '');
    for (const one of done.filter((past) => past.stage === stage)) lines.push(ticked(one));
    for (const step of steps.filter((next) => next.stage === stage)) lines.push(open(step));
    lines.push('');
  }
  const shown = new Set(milestones.map(({ stage }) => stage));
  const others = done.filter(({ stage }) => stage === undefined || !shown.has(stage));
  if (others.length > 0) lines.push('## Done besides', '', ...others.map(ticked), '');
  if (credited.length > 0)
    lines.push(
      '## Credited',
      '',
      ...credited.map(({ title, source }) => `- ${escapeMarkdown(title)} (${source})`),
      '',
    );
  return `${lines.join('\n').trimEnd()}\n`;
}

function open({ kind, title, minutes, from, to, says }: Step): string {
  const name = `${kind === 'lab' ? 'Lab: ' : ''}${escapeMarkdown(title)}`;
  return `- [ ] **${name}**, ${hoursText(minutes)}, ${spanText(from, to)}. ${escapeMarkdown(says)}`;
}

function ticked({ title, on }: { title: string; on: string }): string {
  return `- [x] **${escapeMarkdown(title)}**, done ${dayText(on)}`;
}

/** A text that CommonMark (and GitHub's dialect) shows as it is, in one line. */
function escapeMarkdown(text: string): string {
  return oneLine(text)
    .replace(/[\\`*_{}[\]<>#|~&$!@]/g, '\\$&')
    .replace(/:(?=\/\/)|(?<=www)\./gi, '\\$&');
}
