// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { makePlan } from './make.ts';
import { planMarkdown } from './markdown.ts';
import { hoursText, spanText } from './text.ts';
import { cases } from './worlds.ts';

/** What CommonMark shows for a line: escapes of punctuation undone. */
const shown = (line: string): string => line.replace(/\\([!-/:-@[-`{-~])/g, '$1');

describe('a plan as Markdown', () => {
  test('has a task for every step, with its hours, days and reasons, in order', () => {
    fc.assert(
      fc.property(cases, ({ world: { roadmap, labs }, request }) => {
        const plan = makePlan(roadmap, labs, request);
        const tasks = planMarkdown(plan)
          .split('\n')
          .filter((line) => line.startsWith('- [ ] '))
          .map(shown);
        // By stage, as on the page; within a stage in order of time.
        const steps = plan.milestones.flatMap(({ stage }) =>
          plan.steps.filter((step) => step.stage === stage),
        );
        expect(tasks.length).toBe(steps.length);
        tasks.forEach((task, at) => {
          const { title, minutes, from, to, says } = steps[at]!;
          for (const part of [title, hoursText(minutes), spanText(from, to), says])
            expect(task).toContain(part);
        });
      }),
    );
  });

  test('ticks all that is done and lists all that is credited, each once', () => {
    fc.assert(
      fc.property(cases, ({ world: { roadmap, labs }, request }) => {
        const plan = makePlan(roadmap, labs, request);
        const lines = planMarkdown(plan).split('\n');
        expect(lines.filter((line) => line.startsWith('- [x] ')).length).toBe(plan.done.length);
        expect(
          lines.filter((line) => /^- .* \((entry|placement|lab|mentor|record)\)$/.test(line)).length,
        ).toBe(plan.credited.length);
      }),
    );
  });

  test('shows a title from outside as it is: nothing in it is markup', () => {
    const title = fc.string({
      unit: fc.constantFrom(...'\\`*_{}[]()<>#+-.!|~&$@: \n\ra1w'),
      minLength: 1,
      maxLength: 60,
    });
    const { world, request } = fc.sample(cases, { numRuns: 1, seed: 1 })[0]!;
    const skills = [world.roadmap.skills[0]!.id];
    fc.assert(
      fc.property(title, (text) => {
        fc.pre(text.trim() !== '');
        const plan = makePlan(world.roadmap, world.labs, {
          ...request,
          target: { kind: 'job', title: text, skills },
        });
        const [heading] = planMarkdown(plan).split('\n');
        expect(shown(heading!)).toBe(`# ${text.replace(/\s+/g, ' ').trim()}`);
        const bare = heading!.slice(2).replace(/\\[!-/:-@[-`{-~]/g, '');
        expect(bare).not.toMatch(/[\\`*_[\]<>#|~&$@]/);
      }),
    );
  });
});
