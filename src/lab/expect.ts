// SPDX-License-Identifier: Apache-2.0
import { isDeepStrictEqual } from 'node:util';
import { errnoName } from '../machine/syscalls.ts';
import { nanoseconds, sayDuration, type Duration } from './duration.ts';
import { Failure, FatalFailure } from './failure.ts';
import { Pending, SyscallError } from './pending.ts';

/** Assertions on a plain value. `what` names it in the evidence. */
export interface ValueExpectation {
  toBe(expected: unknown): void;
  toEqual(expected: unknown): void;
  toContain(expected: string): void;
  toMatch(expected: RegExp): void;
  toBeAtLeast(expected: number | bigint): void;
  toBeAtMost(expected: number | bigint): void;
}

/** Assertions on a call that was asked for and may not have returned yet. */
export interface CallExpectation {
  /** Returns this; a string stands for its bytes. */
  toReturn(expected: unknown): Promise<void>;
  /** Fails with one of these errors, by name: 'EINVAL'. */
  toFail(...errors: string[]): Promise<void>;
  /** Is still under way after that much guest time. */
  toBlockFor(duration: Duration): Promise<void>;
  /** Is over, in whatever way, before that much guest time has passed. */
  toFinishWithin(duration: Duration): Promise<void>;
}

/** `expect(value, 'what it is').toBe(…)` or `await expect(pendingCall).toFail('EAGAIN')`. */
export function expect(call: Pending<unknown>, what?: string): CallExpectation;
export function expect(value: unknown, what?: string): ValueExpectation;
export function expect(subject: unknown, what?: string): CallExpectation | ValueExpectation {
  return subject instanceof Pending
    ? ofCall(subject, what ?? subject.what)
    : ofValue(subject, what ?? 'the value');
}

function ofCall(call: Pending<unknown>, what: string): CallExpectation {
  return {
    async toReturn(expected) {
      const got = await resultOf(call, what);
      if (got instanceof SyscallError)
        throw new Failure(`${what} failed with ${got.errno}; expected ${show(expected)}`);
      if (!same(got, expected))
        throw new Failure(`${what} returned ${show(got)}; expected ${show(expected)}`);
    },
    async toFail(...errors) {
      const got = await resultOf(call, what);
      const wanted = errors.join(' or ');
      if (!(got instanceof SyscallError))
        throw new Failure(`${what} returned ${show(got)}; expected it to fail with ${wanted}`);
      if (!errors.includes(got.errno))
        throw new Failure(`${what} failed with ${got.errno}; expected ${wanted}`);
    },
    async toBlockFor(duration) {
      const limit = nanoseconds(duration);
      if (!(await call.within(limit))) return;
      const got = await resultOf(call, what);
      const how = got instanceof SyscallError ? `failed with ${got.errno}` : `returned ${show(got)}`;
      throw new Failure(
        `${what} ${how} after ${sayDuration(call.duration)}; expected it to block for ${duration}`,
      );
    },
    async toFinishWithin(duration) {
      if (await call.finishes(nanoseconds(duration))) return;
      throw new Failure(`${what} still slept after ${duration}${await call.whereabouts()}`);
    },
  };
}

async function resultOf(call: Pending<unknown>, what: string): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof SyscallError) return error;
    if (error instanceof FatalFailure) throw new FatalFailure(`${what}: ${error.message}`);
    if (error instanceof Failure) throw new Failure(`${what}: ${error.message}`);
    throw error;
  }
}

function ofValue(value: unknown, what: string): ValueExpectation {
  const must = (holds: boolean, expected: string): void => {
    if (!holds) throw new Failure(`${what} is ${show(value)}; expected ${expected}`);
  };
  return {
    toBe: (expected) => must(same(value, expected), show(expected)),
    toEqual(expected) {
      if (same(value, expected)) return;
      if (!Array.isArray(value) || !Array.isArray(expected)) return must(false, show(expected));
      const at = expected.findIndex((item, i) => !same(value[i], item));
      const index = at < 0 ? expected.length : at;
      const part = `${what}, item ${index + 1},`;
      throw new Failure(`${part} is ${show(value[index])}; expected ${show(expected[index])}`);
    },
    toContain: (expected) => must(text(value).includes(expected), `it to contain ${show(expected)}`),
    toMatch: (expected) => must(expected.test(text(value)), `it to match ${expected}`),
    toBeAtLeast: (expected) => must((value as number) >= expected, `at least ${expected}`),
    toBeAtMost: (expected) => must((value as number) <= expected, `at most ${expected}`),
  };
}

/** Bytes and the text they spell are the same; numbers and bigints of the same value too. */
function same(a: unknown, b: unknown): boolean {
  if (Buffer.isBuffer(a) || Buffer.isBuffer(b)) {
    const [left, right] = [bytesOf(a), bytesOf(b)];
    return left !== undefined && right !== undefined && left.equals(right);
  }
  if (typeof a === 'bigint' && typeof b === 'number') return Number.isInteger(b) && a === BigInt(b);
  if (typeof a === 'number' && typeof b === 'bigint') return same(b, a);
  return isDeepStrictEqual(a, b);
}

function bytesOf(value: unknown): Buffer | undefined {
  return Buffer.isBuffer(value) ? value : typeof value === 'string' ? Buffer.from(value) : undefined;
}

function text(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString('latin1') : String(value);
}

/** A value as evidence: short, printable. */
export function show(value: unknown): string {
  if (Buffer.isBuffer(value) || typeof value === 'string') {
    const printable = text(value).slice(0, 60);
    const quoted = JSON.stringify(printable);
    return value.length > 60 ? `${quoted}… (${value.length} bytes)` : quoted;
  }
  if (typeof value === 'bigint') return value < 0n && value > -600n ? `-${errnoName(value)}` : String(value);
  if (typeof value === 'object' && value !== null) {
    // JSON has no bigint.
    const json = JSON.stringify(value, (_key, item: unknown) =>
      typeof item === 'bigint' ? Number(item) : item,
    );
    return json.length > 160 ? `${json.slice(0, 160)}…` : json;
  }
  return String(value);
}
