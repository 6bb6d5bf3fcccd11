// SPDX-License-Identifier: Apache-2.0
import type { PlacementItem } from '../roadmap/schema.ts';
import { numbers, permutation } from '../shared/random.ts';

/** An item as it is shown: without its answer, and with answers or steps in this session's order. */
export type ItemShown = {
  id: string;
  minutes: number;
  ask: string;
  shown?: { language: string; text: string } | undefined;
} & (
  | { kind: 'choose'; answers: string[] }
  | { kind: 'line' }
  | { kind: 'order'; steps: string[] }
  | { kind: 'short' }
);

/** The opening: what they say of themselves, for each stage and for the subsystems. It may be left out. */
export interface Opening {
  kind: 'experience';
  stages: { number: number; title: string; outcome: string }[];
  subsystems: { id: string; title: string }[];
}

export type Question = Opening | ItemShown;

/** The order in which a session shows an item's answers or steps, as indices of the item's own list. */
export function shownOrder(item: PlacementItem, seed: number): number[] {
  const next = numbers(seed, `order of ${item.id}`);
  if (item.kind === 'choose') return permutation(item.answers.length, next);
  if (item.kind !== 'order') return [];
  // Steps that happen to lie right would give the answer away.
  for (;;) {
    const order = permutation(item.steps.length, next);
    if (order.some((step, at) => step !== at)) return order;
  }
}

export function itemShown(item: PlacementItem, seed: number): ItemShown {
  const { id, minutes, ask, shown } = item;
  const order = shownOrder(item, seed);
  const common = {
    id,
    minutes,
    ask,
    ...(shown && { shown: { ...shown, text: shown.text.replace(/\n$/, '') } }),
  };
  switch (item.kind) {
    case 'choose':
      return { ...common, kind: 'choose', answers: order.map((at) => item.answers[at]!.says) };
    case 'order':
      return { ...common, kind: 'order', steps: order.map((at) => item.steps[at]!) };
    default:
      return { ...common, kind: item.kind };
  }
}
