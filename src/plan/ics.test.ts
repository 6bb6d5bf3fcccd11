// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { replan } from './compare.ts';
import { dayNumber, isoDay } from './day.ts';
import { planCalendar } from './ics.ts';
import { makePlan } from './make.ts';
import type { Plan } from './plan.ts';
import { cases } from './worlds.ts';

type Event = Record<string, string>;

/** A small reader of RFC 5545: unfolds, takes values apart, undoes escapes. Throws for what it does not know. */
function readCalendar(text: string): Event[] {
  expect(text.endsWith('\r\n')).toBe(true);
  const raw = text.split('\r\n');
  for (const line of raw) if (Buffer.byteLength(line) > 75) throw new Error(`longer than 75 octets: ${line}`);
  const lines = text.replaceAll('\r\n ', '').split('\r\n').slice(0, -1);
  if (lines.some((line) => /[\r\n]/.test(line))) throw new Error('a line break within a line');
  expect([lines[0], lines[1], lines.at(-1)]).toEqual(['BEGIN:VCALENDAR', 'VERSION:2.0', 'END:VCALENDAR']);
  const events: Event[] = [];
  let event: Event | undefined;
  for (const line of lines) {
    const [, name, value] = /^([A-Z-]+)(?:;[^:]*)?:(.*)$/.exec(line) ?? [];
    if (name === undefined) throw new Error(`no property: ${line}`);
    if (line === 'BEGIN:VEVENT') event = {};
    else if (line === 'END:VEVENT') {
      events.push(event!);
      event = undefined;
    } else if (event) {
      if (name in event) throw new Error(`twice: ${line}`);
      event[name] = value!.replace(/\\([\\;,nN])/g, (_, c: string) => (c.toLowerCase() === 'n' ? '\n' : c));
    }
  }
  return events;
}

const toIso = (date: string): string => `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
const span = ({ DTSTART, DTEND }: Event): [string, string] => [
  toIso(DTSTART!),
  isoDay(dayNumber(toIso(DTEND!)) - 1),
];
const read = (plan: Plan, more: object = {}): Event[] =>
  readCalendar(planCalendar(plan, { id: 'mine', ...more }));

function always(holds: (plan: Plan, again: (changes: object) => Plan) => void): void {
  fc.assert(
    fc.property(cases, ({ world: { roadmap, labs }, request }) => {
      const plan = makePlan(roadmap, labs, request);
      holds(plan, (changes) => replan(roadmap, labs, plan, changes).plan);
    }),
    { numRuns: 40 },
  );
}

describe('a calendar', () => {
  test('says the days and the title of every part of every step', () => {
    always((plan) => {
      const events = new Map(read(plan).map((event) => [event['UID'], event]));
      for (const step of plan.steps)
        step.parts.forEach(({ from, to }, at) => {
          const event = events.get(`mine-${step.kind}-${step.ref}-${at + 1}@bringup`)!;
          expect(span(event)).toEqual([from, to]);
          expect(event['SUMMARY']!.startsWith(step.title)).toBe(true);
          expect(event['DESCRIPTION']).toContain(step.says);
        });
    });
  });

  test('has no two events with one UID, and no clock in it', () => {
    always((plan) => {
      const events = read(plan);
      expect(new Set(events.map(({ UID }) => UID)).size).toBe(events.length);
      for (const { DTSTAMP } of events)
        expect(DTSTAMP).toBe(`${plan.input.today.replaceAll('-', '')}T000000Z`);
      expect(planCalendar(plan, { id: 'mine' })).toBe(planCalendar(plan, { id: 'mine' }));
    });
  });

  test('imported again after a replan updates: same UIDs, a higher sequence, what is no more cancelled', () => {
    always((plan, again) => {
      const later = isoDay(dayNumber(plan.input.today) + 30);
      const first = plan.steps.find(({ kind }) => kind === 'skill');
      const next = again({ today: later, done: first ? [{ skill: first.ref, on: later }] : [] });
      const [old, now] = [read(plan), read(next, { before: plan })];
      const uids = new Set(now.map(({ UID }) => UID));
      expect(uids.size).toBe(now.length);
      expect(old.every(({ UID }) => uids.has(UID))).toBe(true);
      const live = new Set(read(next).map(({ UID }) => UID));
      for (const { UID, STATUS } of now) expect(STATUS).toBe(live.has(UID) ? undefined : 'CANCELLED');
      if (old.length > 0) expect(Number(now[0]!['SEQUENCE'])).toBeGreaterThan(Number(old[0]!['SEQUENCE']));
    });
  });

  test('shows what is done on its day', () => {
    always((plan) => {
      const events = read(plan);
      for (const { title, on } of plan.done)
        expect(events.some((event) => event['SUMMARY'] === `Done: ${title}` && span(event)[0] === on)).toBe(
          true,
        );
    });
  });

  test('can not be broken out of by an id', () => {
    const { roadmap, labs, request } = fc.sample(cases, { numRuns: 1, seed: 1 }).map((one) => ({
      ...one.world,
      request: one.request,
    }))[0]!;
    const plan = makePlan(roadmap, labs, { ...request, target: { kind: 'stage', number: 0 } });
    const events = read(plan, { id: 'x\r\nBEGIN:VALARM' });
    expect(events.every(({ UID }) => /^[\w-]+@bringup$/.test(UID!))).toBe(true);
  });
});
