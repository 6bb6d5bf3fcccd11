// SPDX-License-Identifier: Apache-2.0
import type { PlacementItem } from '../roadmap/schema.ts';
import type { Bank } from './asking.ts';
import type { Answered, Response, Session } from './form.ts';
import { isSpelling } from './grade.ts';
import { itemShown, shownOrder, type ItemShown } from './question.ts';

/** An answered item with what there is to learn from it; shown when the session is done, since items share ideas. */
export interface Reviewed {
  item: ItemShown;
  skill: string;
  response: Response;
  outcome: Answered['outcome'];
  /** The right answer: what it says, or the number of the line, or the steps in their order. */
  right: string | number | string[];
  /** Answers, or tempting lines and texts, each with why it is right or not. */
  notes: { says: string; because: string; right: boolean; chosen: boolean }[];
  explains: string;
  /** Pages of the kernel's documentation. */
  read: string[];
}

/** The answers of a session in their order; items that the roadmap no longer has are left out. */
export function review(bank: Bank, session: Session): Reviewed[] {
  return session.answers.flatMap(({ item: id, response, outcome }) => {
    const item = bank.items.find((one) => one.id === id);
    if (!item) return [];
    const { skill, explains, read } = item;
    const common = { item: itemShown(item, session.seed), skill, response, outcome, explains, read };
    return [{ ...common, ...lesson(item, shownOrder(item, session.seed), response) }];
  });
}

function lesson(
  item: PlacementItem,
  order: readonly number[],
  response: Response,
): Pick<Reviewed, 'right' | 'notes'> {
  switch (item.kind) {
    case 'choose': {
      const chosen = response.kind === 'choose' ? order[response.answer] : undefined;
      const notes = order.map((at) => ({
        ...item.answers[at]!,
        right: at === item.right,
        chosen: at === chosen,
      }));
      return { right: item.answers[item.right]!.says, notes };
    }
    case 'line': {
      const chosen = response.kind === 'line' ? response.line : undefined;
      const notes = item.near.map(({ line, because }) => ({
        says: `line ${line}`,
        because,
        right: false,
        chosen: line === chosen,
      }));
      return { right: item.right, notes };
    }
    case 'order':
      return {
        right: item.steps,
        notes: [{ says: 'the order', because: item.because, right: true, chosen: false }],
      };
    case 'short': {
      const text = response.kind === 'short' ? response.text : '';
      const notes = item.tempting.map(({ says, because }) => ({
        says,
        because,
        right: false,
        chosen: isSpelling(says, text),
      }));
      return { right: item.accepts[0]!, notes };
    }
  }
}
