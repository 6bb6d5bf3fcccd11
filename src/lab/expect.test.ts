// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { expect as labExpect, show } from './expect.ts';
import { Failure } from './failure.ts';

/** What the learner reads when an expectation does not hold; undefined when it holds. */
function evidence(work: () => void): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (!(error instanceof Failure)) throw error; // the check's own fault, not the learner's
    return error.message;
  }
}

const be = (value: unknown, expected: unknown): string | undefined =>
  evidence(() => labExpect(value, 'the count').toBe(expected));
const equal = (value: unknown, expected: unknown): string | undefined =>
  evidence(() => labExpect(value, 'the list').toEqual(expected));

test('evidence names the thing, what it is and what it should be', () => {
  expect(be(3, 4)).toBe('the count is 3; expected 4');
  expect(evidence(() => labExpect(3).toBe(4))).toBe('the value is 3; expected 4');
});

test('bytes and the text they spell are the same, in both directions', () => {
  expect(be(Buffer.from('grüße\n'), 'grüße\n')).toBeUndefined();
  expect(be('abc', Buffer.from('abc'))).toBeUndefined();
  expect(be(Buffer.from('abc'), Buffer.from('abc'))).toBeUndefined();
  expect(be(Buffer.from('abc'), 'abd')).toBe('the count is "abc"; expected "abd"');
  expect(be(Buffer.from('abc\0'), 'abc')).toBe('the count is "abc\\u0000"; expected "abc"');
});

test.each([undefined, null, 0, 5, false, [0]])(
  'a zero byte is not the same as %j, which is no bytes',
  (other) => {
    expect(be(Buffer.from([0]), other)).toBeDefined();
    expect(be(other, Buffer.from([0]))).toBeDefined();
  },
);

test('numbers and bigints of the same value are the same', () => {
  expect(be(16n, 16)).toBeUndefined();
  expect(be(16, 16n)).toBeUndefined();
  expect(be(16n, 17)).toBeDefined();
});

test('large bigints are compared in all their bits', () => {
  expect(be(2n ** 53n + 1n, 2n ** 53n)).toBeDefined();
  expect(be(2n ** 64n - 1n, 2n ** 64n - 1n)).toBeUndefined();
});

test.each([[''], ['0'], [null], [false], [undefined]])('a bigint zero is not the same as %j', (other) => {
  expect(be(0n, other)).toBeDefined();
});

test('text is not a number', () => expect(be('5', 5)).toBe('the count is "5"; expected 5'));

test('objects are compared by what is in them', () => {
  expect(equal({ a: [1, 2] }, { a: [1, 2] })).toBeUndefined();
  expect(equal({ a: 1 }, { a: 2 })).toBe('the list is {"a":1}; expected {"a":2}');
});

test('an object with a bigint in it is evidence, not an accident', () => {
  expect(equal({ size: 1n }, { size: 2n })).toBe('the list is {"size":1}; expected {"size":2}');
});

test('arrays name the first item that differs, counting from one', () => {
  expect(equal(['a', 'b', 'c'], ['a', 'x', 'y'])).toBe('the list, item 2, is "b"; expected "x"');
  expect(equal([1, 2], [1, 2])).toBeUndefined();
});

test('an array that is too short or too long names the item that is missing or too many', () => {
  expect(equal(['a'], ['a', 'b'])).toBe('the list, item 2, is undefined; expected "b"');
  expect(equal(['a', 'b'], ['a'])).toBe('the list, item 2, is "b"; expected undefined');
  expect(equal([], ['a'])).toContain('item 1');
});

test('items may be bytes where text is expected', () => {
  expect(equal([Buffer.from('a'), 'b'], ['a', Buffer.from('c')])).toContain('item 2');
});

test('an array is not the same as something else', () => {
  expect(equal('ab', ['a', 'b'])).toBe('the list is "ab"; expected ["a","b"]');
});

test('toContain and toMatch read text and bytes', () => {
  expect(evidence(() => labExpect(Buffer.from('seq 12\n')).toContain('12'))).toBeUndefined();
  expect(evidence(() => labExpect(Buffer.from('seq 12\n')).toMatch(/^seq \d+$/m))).toBeUndefined();
  expect(evidence(() => labExpect('seq 12', 'stats').toContain('13'))).toBe(
    'stats is "seq 12"; expected it to contain "13"',
  );
  expect(evidence(() => labExpect('seq 12', 'stats').toMatch(/x/))).toBe(
    'stats is "seq 12"; expected it to match /x/',
  );
});

test('limits hold at their own value, and say which side', () => {
  expect(evidence(() => labExpect(3).toBeAtLeast(3))).toBeUndefined();
  expect(evidence(() => labExpect(3n).toBeAtMost(3))).toBeUndefined();
  expect(evidence(() => labExpect(2, 'n').toBeAtLeast(3))).toBe('n is 2; expected at least 3');
  expect(evidence(() => labExpect(4, 'n').toBeAtMost(3n))).toBe('n is 4; expected at most 3');
  expect(evidence(() => labExpect(undefined, 'n').toBeAtLeast(0))).toBe(
    'n is undefined; expected at least 0',
  );
  expect(evidence(() => labExpect(NaN, 'n').toBeAtMost(3))).toBeDefined();
});

test('a long value is cut, and its length said', () => {
  expect(show('x'.repeat(60))).toBe(`"${'x'.repeat(60)}"`);
  expect(show(Buffer.alloc(4096, 'y'))).toBe(`"${'y'.repeat(60)}"… (4096 bytes)`);
  expect(be('z'.repeat(10_000), 'a')!.length).toBeLessThan(150);
  expect(show(Array.from({ length: 500 }, (_, i) => i)).length).toBeLessThan(200);
});

test('a value is printable, whatever it is', () => {
  expect(show(Buffer.from([0x1b, 0x5b, 0x31, 0x6d, 0xff]))).toMatch(/^"[\x20-\x7e\u00a0-\u00ff]*"$/);
  expect(show(-22n)).toBe('-EINVAL');
  expect(show(-5000n)).toBe('-5000');
  expect(show(null)).toBe('null');
  expect(show(undefined)).toBe('undefined');
});
