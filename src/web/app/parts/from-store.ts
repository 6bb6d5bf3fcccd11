// SPDX-License-Identifier: Apache-2.0
import { error } from '@sveltejs/kit';
import { entryOf } from '../../../shared/error-catalog.ts';
import { BringupError } from '../../../shared/errors.ts';
import { withMine, type Mine } from '../../state/mine.ts';

/** Does something with the store; one that can not be used becomes a page that says why and what to do. */
export async function fromStore<T>(work: (mine: Mine) => Promise<T>): Promise<T> {
  try {
    return await withMine(work);
  } catch (thrown) {
    if (!(thrown instanceof BringupError) || entryOf(thrown.code).usage) throw thrown;
    const { code, message, next } = thrown;
    error(503, 'What you did is out of reach just now', { code, says: message, next });
  }
}
