// SPDX-License-Identifier: Apache-2.0
import type { Order } from './order.ts';
import type { Reason, StepId } from './plan.ts';
import type { Scope } from './scope.ts';

/** Why each step of a plan is in it; what needs a step is in the order of the plan. */
export function reasonsOf(order: Order, scope: Scope): Map<StepId, Reason[]> {
  const needed = new Map<StepId, StepId[]>();
  for (const id of order.all) {
    if (!scope.steps.has(id)) continue;
    for (const need of needsOf(order, id)) needed.set(need, [...(needed.get(need) ?? []), id]);
  }
  const reasons = new Map<StepId, Reason[]>();
  for (const id of scope.steps) {
    const ref = id.slice(id.indexOf(':') + 1);
    const lab = id.startsWith('lab:') ? order.labs.get(ref) : undefined;
    const why: Reason[] = [];
    if ((lab ? scope.goal.labs : scope.goal.skills).includes(ref)) why.push({ kind: 'target' });
    if (!lab && scope.gaps.has(ref)) why.push({ kind: 'gap' });
    const proved = new Set(lab?.proves.map((skill): StepId => `skill:${skill}`));
    const skills = order.all.filter((one) => proved.has(one) && scope.steps.has(one));
    if (skills.length > 0) why.push({ kind: 'proves', skills });
    const by = needed.get(id) ?? [];
    // Most labs are there because of the skills they take; they are a reason only where there is no other.
    const strong = by.filter((one) => lab !== undefined || one.startsWith('skill:'));
    if (strong.length > 0) why.push({ kind: 'needed', by: strong });
    else if (why.length === 0) why.push({ kind: 'needed', by });
    reasons.set(id, why);
  }
  return reasons;
}

function needsOf(order: Order, id: StepId): readonly StepId[] {
  const lab = id.startsWith('lab:') && order.labs.get(id.slice('lab:'.length));
  if (!lab) return order.after.get(id) ?? [];
  return [
    ...lab.takes.map((skill): StepId => `skill:${skill}`),
    ...lab.needs.map((need): StepId => `lab:${need}`),
  ];
}

/** The place of a step as one sentence; `first` is true of the first step of a plan. */
export function placeOf(
  { why, after, first }: { why: readonly Reason[]; after: readonly StepId[]; first: boolean },
  title: (id: StepId) => string,
): string {
  const list = (ids: readonly StepId[]): string => {
    const names = ids.slice(0, ids.length > 3 ? 2 : 3).map(title);
    const more = ids.length - names.length;
    if (more > 0) names.push(`${more} more`);
    return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
  };
  const says = why.map((reason) => {
    if (reason.kind === 'target') return 'belongs to the target';
    if (reason.kind === 'gap') return 'a gap that placement found';
    if (reason.kind === 'proves') return `proves ${list(reason.skills)}`;
    if (!first) return `needed by ${list(reason.by)}`;
    return `comes first because ${list(reason.by)} ${reason.by.length > 1 ? 'need' : 'needs'} it`;
  });
  if (after.length > 0) says.push(`follows ${list(after)}`);
  const text = says.join('; ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
