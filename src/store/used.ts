// SPDX-License-Identifier: Apache-2.0
import { existsSync } from 'node:fs';
import { namedAddress } from './address.ts';
import { attemptsPath } from './attempt-import.ts';
import { serverFiles } from './server-files.ts';

/**
 * True when there may be something of the person to show: a database is named or was made, or a check was recorded.
 * Until then nobody needs to start a database in order to find it empty. Throws E-DB-URL.
 */
export function isUsed(): boolean {
  return namedAddress() !== undefined || existsSync(serverFiles.data()) || existsSync(attemptsPath());
}
