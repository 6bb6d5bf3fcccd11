// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { entries } from './explain.ts';
import { explain, findReports, kinds, parseLog, type KindId, type Report } from './index.ts';
import { sample } from './samples/samples.ts';

const report = (kind: KindId, title: string): Report => ({
  kind,
  title,
  detail: '',
  first: 0,
  last: 0,
  trace: [],
});

test.each(Object.keys(kinds) as KindId[])('%s: there is an explanation, whatever its title', (kind) => {
  const { meaning, causes, next, read } = explain(report(kind, 'something unheard of'));
  expect(meaning).not.toBe('');
  expect(causes).not.toEqual([]);
  expect(next).not.toEqual([]);
  expect(read).not.toEqual([]);
});

test('every explanation is whole, and can be reached', () => {
  const seen = new Set<KindId>();
  for (const { kind, when, meaning, read } of entries) {
    expect(seen.has(kind), `${kind} ${String(when)} stands after the general one`).toBe(false);
    if (!when) seen.add(kind);
    expect(meaning).toMatch(/^(?:[A-Z]|kmemleak ).*\.$/);
    for (const file of read) expect(file).toMatch(/^[\w/-]+\.(?:rst|txt)$/);
  }
});

test.each([
  ['kasan-double-free.log', /freed a second time/],
  ['kasan-out-of-bounds.log', /outside an object/],
  ['lockdep-circular.log', /while B is held/],
  ['lockdep-inconsistent.log', /interrupt arrives on that CPU/],
  ['lockdep-unlock.log', /does not hold/],
  ['lockdep-held.log', /left the kernel/],
  ['oops-kasan-null.log', /null pointer/],
  ['debug-objects-active-timer.log', /active timer/],
  ['dma-unchecked.log', /whether it succeeded/],
  ['leak-at-unload.log', /module was unloaded/],
  ['warn-no-release.log', /no release function/],
  ['warn-preempt.log', /unevenly/],
  ['rcu-sleep.log', /SRCU|no grace period can end/],
  ['fortify-field.log', /member of a structure/],
  ['dma-vmalloc.log', /vmalloc space/],
  ['kasan-negative-size.log', /negative length/],
  ['panic-stack-end.log', /stack overflowed/],
  ['oops-jump-to-data.log', /jump to data/],
  ['oops-user.log', /address of user space/],
  ['oops-stack-overflow.log', /stack of the task was used up/],
  ['lockdep-irq-order.log', /An interrupt at the wrong moment/],
  ['lockdep-key.log', /never initialized/],
  ['atomic-workqueue.log', /work function returned/],
  ['debug-objects-stack.log', /lies on the stack/],
  ['slab-double-free.log', /freed a second time/],
  ['bad-page-map.log', /page table has an entry/],
  ['bad-rss-counter.log', /come down to zero/],
  ['debug-objects-rcu.log', /handed to call_rcu/],
  ['warn-timer-preempt.log', /unevenly/],
  ['slab-remaining.log', /still allocated/],
  ['teardown-inodes.log', /inodes of it were still in use/],
])('%s gets the explanation of its own case', (name, meaning) => {
  const [found] = findReports(parseLog(sample(name)));
  expect(explain(found!).meaning).toMatch(meaning);
});
