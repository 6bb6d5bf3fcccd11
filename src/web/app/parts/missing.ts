// SPDX-License-Identifier: Apache-2.0
import { json } from '@sveltejs/kit';

/** The answer to a question for data that is not there. */
export function missing(what: string): Response {
  return json({ error: `there is no ${what}; /api says what there is` }, { status: 404 });
}
