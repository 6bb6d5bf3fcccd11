// SPDX-License-Identifier: Apache-2.0
import { ICalCalendar, ICalEventStatus, ICalEventTransparency, type ICalEventData } from 'ical-generator';
import { dayNumber, isoDay } from './day.ts';
import type { Plan, Step } from './plan.ts';
import { hoursText } from './text.ts';

export interface CalendarOptions {
  /** Tells this plan's events from those of other plans: stable for as long as the plan lives. Kebab-case. */
  id: string;
  /** Grows with each change of the plan; the day it was made on unless given. */
  revision?: number;
  /** What was exported last: events that are no more are cancelled, so that importing again removes them. */
  before?: Plan;
  /** Address of a step's page. */
  url?: (step: Step) => string;
}

interface Event {
  uid: string;
  summary: string;
  description?: string;
  url?: string;
  from: string;
  to: string;
}

/**
 * A plan as iCalendar (RFC 5545): an all-day event for each part of a step, for each milestone and for
 * what is done. Days off stay free, and no event makes anyone busy. An event keeps its UID when its step
 * moves, so importing a later plan moves it and adds none twice.
 */
export function planCalendar(plan: Plan, options: CalendarOptions): string {
  const id = options.id.replace(/[^a-z0-9-]/gi, '-'); // the library writes it as it is
  const { before, revision = dayNumber(plan.input.today) } = options;
  // The library writes a calendar's name as it is; ours has nothing to escape.
  const calendar = new ICalCalendar({ name: 'bringup', prodId: { company: 'bringup', product: 'plan' } });
  const stamp = new Date(`${plan.input.today}T00:00:00Z`);
  const add = ({ uid, from, to, ...event }: Event, more: Partial<ICalEventData> = {}): void =>
    void calendar.createEvent({
      ...event,
      ...more,
      id: `${id}-${uid}@bringup`,
      allDay: true,
      start: new Date(`${from}T00:00:00Z`),
      end: new Date(`${isoDay(dayNumber(to) + 1)}T00:00:00Z`), // the day behind the last one
      stamp,
      sequence: revision,
      transparency: ICalEventTransparency.TRANSPARENT,
    });
  const events = eventsOf(plan, options.url);
  for (const event of events) add(event);
  const now = new Set(events.map(({ uid }) => uid));
  for (const event of before ? eventsOf(before) : [])
    if (!now.has(event.uid)) add(event, { status: ICalEventStatus.CANCELLED });
  return `${calendar.toString()}\r\n`;
}

function eventsOf(plan: Plan, url?: (step: Step) => string): Event[] {
  const parts = plan.steps.flatMap((step) =>
    step.parts.map(({ from, to, minutes }, at): Event => {
      const part = step.parts.length > 1 ? ` (${at + 1} of ${step.parts.length})` : '';
      return {
        uid: `${uidOf(step.id)}-${at + 1}`,
        summary: `${step.title}${part} · ${hoursText(minutes)}`,
        description: `Stage ${step.stage}, ${step.depth ?? 'lab'}. ${step.says}`,
        ...(url && { url: url(step) }),
        from,
        to,
      };
    }),
  );
  // What is done takes the place of its first part.
  const done = plan.done.map(({ id, title, on }): Event => {
    return { uid: `${uidOf(id)}-1`, summary: `Done: ${title}`, from: on, to: on };
  });
  const milestones = plan.milestones.map(({ stage, title, on }): Event => {
    return { uid: `stage-${stage}`, summary: `Stage ${stage}: ${title}`, from: on, to: on };
  });
  return [...parts, ...done, ...milestones];
}

function uidOf(id: string): string {
  return id.replace(':', '-');
}
