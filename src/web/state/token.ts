// SPDX-License-Identifier: Apache-2.0
import { randomBytes, timingSafeEqual } from 'node:crypto';

/** What every form that changes something has to bring along; another one at each start of the server. */
export const token = randomBytes(32).toString('base64url');

export function isToken(given: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(token)];
  return one.length === other.length && timingSafeEqual(one, other);
}
