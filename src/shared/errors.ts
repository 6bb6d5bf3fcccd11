// SPDX-License-Identifier: Apache-2.0
import { catalog, entryOf, type ErrorCode } from './error-catalog.ts';

/** Exit statuses of the command line. */
export const exit = { ok: 0, fail: 1, ours: 2, usage: 64, interrupted: 130 } as const;

/**
 * The one exception class of bringup. `code` is a key of the catalog; `message` says what happened, to
 * what and why; `next` says what to do about it and defaults to the catalog's general advice.
 */
export class BringupError extends Error {
  readonly code: ErrorCode;
  readonly next: string;

  constructor(code: ErrorCode, message: string, options: { next?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'BringupError';
    this.code = code;
    this.next = options.next ?? catalog[code].next;
  }

  /** Exit status for the command line: 64 for a usage error, 2 for everything that is ours. */
  get exitStatus(): number {
    return entryOf(this.code).usage ? exit.usage : exit.ours;
  }

  toJSON(): { code: ErrorCode; message: string; next: string } {
    return { code: this.code, message: this.message, next: this.next };
  }
}

/** Any thrown value as a BringupError; what is not one already becomes E-INTERNAL and keeps its cause. */
export function asBringupError(thrown: unknown): BringupError {
  if (thrown instanceof BringupError) return thrown;
  if (isErrno(thrown) && thrown.code === 'ENOSPC') {
    return new BringupError('E-HOST-DISK', `no space left on the disk (${thrown.message})`, {
      cause: thrown,
    });
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new BringupError('E-INTERNAL', message, { cause: thrown });
}

/** True for errors of Node's system calls, which carry `code` such as 'ENOENT'. */
export function isErrno(thrown: unknown, code?: string): thrown is NodeJS.ErrnoException {
  return thrown instanceof Error && 'code' in thrown && (code === undefined || thrown.code === code);
}
