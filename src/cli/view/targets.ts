// SPDX-License-Identifier: Apache-2.0
import type { PlanRequest } from '../../plan/input.ts';
import { makePlan } from '../../plan/make.ts';
import type { PlanLab } from '../../plan/plan.ts';
import { hoursText, weeksOf } from '../../plan/text.ts';
import type { Roadmap } from '../../roadmap/read.ts';
import { cut } from './plan.ts';
import { columns, paint } from './style.ts';

/** What can be planned for, with what each would take for the person that the request describes. */
export function targetLines(roadmap: Roadmap, labs: readonly PlanLab[], request: PlanRequest): string[] {
  const line = (name: string, title: string, target: PlanRequest['target']): string => {
    const plan = makePlan(roadmap, labs, { ...request, target });
    const time = plan.finish ? `${weeksOf(plan)} weeks` : 'done';
    const room = columns - 46;
    return `  ${name.padEnd(24)} ${cut(title, room).padEnd(room)} ${hoursText(plan.minutes).padStart(8)} ${time.padStart(9)}`;
  };
  return [
    paint('bold', 'specializations'),
    ...roadmap.specializations.map(({ id, title }) => line(id, title, { kind: 'specialization', id })),
    '',
    paint('bold', 'domains'),
    ...roadmap.domains.map(({ id, title }) => line(id, title, { kind: 'domain', id })),
    '',
    paint('bold', 'stages'),
    ...roadmap.stages.map(({ number, title }) => line(`stage-${number}`, title, { kind: 'stage', number })),
    '',
    paint(
      'dim',
      `      from stage ${request.entry ?? 0} on, ${request.hours} h a week      bringup plan TARGET, or --job FILE`,
    ),
  ];
}
