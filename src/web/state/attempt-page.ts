// SPDX-License-Identifier: Apache-2.0
import { attemptOf } from '../../store/attempts.ts';
import { currentId } from '../../store/ids.ts';
import { site } from '../site/site.ts';
import { busOf, type Bus } from './bus.ts';
import type { Mine } from './mine.ts';
import { attemptRow, shownOf, type AttemptRow, type VerdictParts } from './verdicts.ts';

export interface AttemptPage extends AttemptRow, VerdictParts {
  bus?: Bus;
}

/** One attempt with all that is kept of it, or undefined when there is none of that id. */
export async function attemptPage(
  { db, person }: Mine,
  id: string,
  query: URLSearchParams,
): Promise<AttemptPage | undefined> {
  const found = await attemptOf(db, person, id);
  if (!found) return undefined;
  const lab = currentId(site().roadmap.ledger.renamed, found.lab);
  const trace = (found.verdict as { trace?: unknown } | null)?.trace;
  const bus = await busOf({ lab, trace }, query);
  return { ...attemptRow({ ...found, lab }), ...shownOf(found.verdict), ...(bus && { bus }) };
}
