// SPDX-License-Identifier: Apache-2.0
import { BringupError } from '../shared/errors.ts';

/** What PostgreSQL's programs said on the way to not starting, as an error with its code. */
export function serverFailure(said: string, what: string): BringupError {
  const lines = said.split('\n').map((line) => line.trim());
  const telling = lines.filter((line) => /\b(FATAL|PANIC|ERROR|error): |error while loading/.test(line));
  const reason = (telling[0] ?? lines.filter(Boolean).at(-1) ?? 'it said nothing').replace(
    /^.*?\b(FATAL|PANIC|ERROR): +/,
    '',
  );
  const message = `${what}: ${reason}`;
  if (/No space left on device|Disk quota exceeded|Check free disk space/.test(said))
    return new BringupError('E-HOST-DISK', message, {
      next: 'Free some space, then run it again. Nothing that was stored is lost.',
    });
  if (/error while loading shared libraries|cannot execute|setpriv: failed to execute/.test(said))
    return new BringupError('E-DB-PROGRAMS', message);
  if (/database files are incompatible with server/.test(said))
    return new BringupError('E-DB-VERSION', message);
  return new BringupError('E-DB-START', message);
}
