// SPDX-License-Identifier: Apache-2.0
// A run whose log is not whole, or whose detectors stopped, must not pass.
import { expect, test } from 'vitest';
import { detectorOff, isHarmless, lostMessages, parseLog, parseLogLine } from './index.ts';
import { sample } from './samples/samples.ts';

test.each([
  ['INFO: lockdep is turned off.', 'lockdep'],
  ['turning off the locking correctness validator.', 'lockdep'],
  ['BUG: MAX_LOCKDEP_CHAINS too low!', 'lockdep'],
  ['Disabling lock debugging due to kernel taint', 'lockdep'],
  ['kmemleak: Kernel memory leak detector disabled', 'kmemleak'],
  ['ODEBUG: Out of memory. ODEBUG disabled', 'debugobjects'],
  ['DMA-API: debugging out of memory - disabling', 'DMA API debugging'],
])('%s', (text, detector) => {
  expect(detectorOff(parseLogLine(`[    1.0][   T1] ${text}`))).toBe(detector);
});

test('a clean boot has all detectors on and no message lost', () => {
  for (const message of parseLog(sample('clean-boot.log'))) {
    expect(detectorOff(message)).toBeUndefined();
    expect(lostMessages(message)).toBe(0);
  }
});

test('lost messages are counted', () => {
  expect(lostMessages(parseLogLine('** 1204 printk messages dropped **'))).toBe(1204);
});

test('lines that only look alarming are harmless', () => {
  const alarming = parseLog(sample('clean-boot.log')).filter(isHarmless);
  expect(alarming.map(({ text }) => text.slice(0, 20))).toEqual([
    'INFO: NMI handler (p',
    'rcu: INFO: Stall end',
  ]);
});
