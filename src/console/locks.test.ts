// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { heldLocks, lockNames } from './locks.ts';

// As 6.12 prints them; the second stands in a report now and then, depending on what ran before.
const lines = [
  ' #0: ffffffffa0006a28 (&dev->lock(1)){+.+.}-{3:3}, at: take_both+0x1c/0x60 [canaries]',
  ' #1: ffffffff83650a40 (sched_map-wait-type-override){....}-{3:3}, at: finish_task_switch+0x51/0x2e0',
];

test('the name of a lock may hold parentheses', () => expect(lockNames(lines)).toEqual(['&dev->lock(1)']));

test('an annotation of lockdep is no lock that somebody holds', () =>
  expect(heldLocks(lines).map(({ title }) => title)).toEqual(['&dev->lock(1) taken at']));
