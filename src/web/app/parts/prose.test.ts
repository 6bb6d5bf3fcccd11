// SPDX-License-Identifier: Apache-2.0
// Text of the roadmap is shown word by word, with names of the code set apart.
import { describe, expect, it } from 'vitest';
import { site } from '../../site/site.ts';
import { pieces } from './prose.ts';

const code = (text: string): string[] =>
  pieces(text)
    .filter((piece) => piece.code)
    .map(({ says }) => says);

describe('pieces', () => {
  it('finds calls, options, names and paths', () => {
    expect(
      code('Call kfree_rcu() or rcu_read_lock under CONFIG_PREEMPT in drivers/accel, see /proc/PID/mem.'),
    ).toEqual(['kfree_rcu()', 'rcu_read_lock', 'CONFIG_PREEMPT', 'drivers/accel', '/proc/PID/mem']);
    expect(code('What `this one` marks.')).toEqual(['this one']);
  });

  it('leaves plain words alone', () => {
    expect(code('A read-copy update, and/or 6.12 (of 2024), is I/O.')).toEqual([]);
  });

  it('loses no letter of any skill', () => {
    for (const { says } of site().skills.values())
      expect(
        pieces(says)
          .map((piece) => piece.says)
          .join(''),
      ).toBe(says.replaceAll('`', ''));
  });
});
