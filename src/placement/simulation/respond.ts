// SPDX-License-Identifier: Apache-2.0
import type { PlacementItem } from '../../roadmap/schema.ts';
import type { Response } from '../form.ts';
import type { Outcome } from '../model.ts';
import type { ItemShown } from '../question.ts';

/** A response to an item as it is shown that comes to the wanted outcome. */
export function responseFor(item: PlacementItem, shown: ItemShown, outcome: Outcome): Response {
  if (outcome === 'unknown') return { kind: 'unknown' };
  const right = outcome === 'right';
  if (item.kind === 'choose' && shown.kind === 'choose') {
    const at = shown.answers.indexOf(item.answers[item.right]!.says);
    return { kind: 'choose', answer: right ? at : (at + 1) % item.answers.length };
  }
  if (item.kind === 'order' && shown.kind === 'order') {
    const [first, second, ...rest] = item.steps.map((step) => shown.steps.indexOf(step));
    return { kind: 'order', order: right ? [first!, second!, ...rest] : [second!, first!, ...rest] };
  }
  if (item.kind === 'line') return { kind: 'line', line: right ? item.right : item.near[0]!.line };
  return { kind: 'short', text: right && item.kind === 'short' ? item.accepts[0]! : 'something else' };
}
