// SPDX-License-Identifier: Apache-2.0
import type { PlacementItem } from '../roadmap/schema.ts';
import type { Response } from './form.ts';
import type { Outcome } from './model.ts';

/**
 * What a response to an item comes to; undefined when it is none to this kind of item. `order` is the order in
 * which its answers or steps were shown, as indices of the item's own list.
 */
export function grade(
  item: PlacementItem,
  order: readonly number[],
  response: Response,
): Outcome | undefined {
  if (response.kind === 'unknown') return 'unknown';
  switch (item.kind) {
    case 'choose':
      if (response.kind !== 'choose' || response.answer >= item.answers.length) return undefined;
      return outcome(order[response.answer] === item.right);
    case 'line':
      if (response.kind !== 'line' || response.line > item.shown.text.split('\n').length) return undefined;
      return outcome(response.line === item.right);
    case 'order':
      if (response.kind !== 'order' || !isPermutation(response.order, item.steps.length)) return undefined;
      return outcome(response.order.every((shown, at) => order[shown] === at));
    case 'short':
      if (response.kind !== 'short') return undefined;
      // Sending an empty field says the same as the button.
      if (response.text.trim() === '') return 'unknown';
      return outcome(item.accepts.some((accepted) => isSpelling(accepted, response.text)));
  }
}

const outcome = (right: boolean): Outcome => (right ? 'right' : 'wrong');

function isPermutation(order: readonly number[], length: number): boolean {
  return order.length === length && new Set(order).size === length && order.every((at) => at < length);
}

/** Whether a text is a spelling of what is accepted. A name that was asked for may come with its arguments. */
export function isSpelling(accepted: string, text: string): boolean {
  const want = plain(accepted);
  const got = plain(text);
  return got === want || (/^[a-z_]\w*$/.test(want) && /^(\w+)\([^()]*\)$/.exec(got)?.[1] === want);
}

/** Without case, space, quotes around it, and what ends a statement or a call. */
function plain(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll('\u2212', '-')
    .replaceAll(/\s+/g, '')
    .replace(/^(["'`])(.*)\1$/, '$2')
    .replace(/;+$/, '')
    .replace(/\(\)$/, '');
}
