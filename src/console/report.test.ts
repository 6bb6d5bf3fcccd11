// SPDX-License-Identifier: Apache-2.0
// How reports are told apart: nested, interleaved, repeated, cut off.
import { expect, test } from 'vitest';
import { blame, blameKernel, findReports, frameName, leakReports, parseKmemleak, parseLog } from './index.ts';
import { sample } from './samples/samples.ts';

const reportsIn = (text: string) => findReports(parseLog(text));
const only = (name: string) => {
  const reports = reportsIn(sample(name));
  expect(reports).toHaveLength(1);
  return reports[0]!;
};
const names = (frames: readonly { fn: string }[] | undefined) => frames?.map(({ fn }) => fn);

test('KASAN: access, allocation, free and place in the object', () => {
  const report = only('kasan-after-rcu.log');
  expect(report.access).toMatchObject({ write: false, size: 8 });
  expect(names(report.allocated)).toContain('read_after_grace_period');
  expect(names(report.freed)).toContain('free_parcel');
  expect(names(report.related?.[0]?.frames)).toContain('call_rcu');
  expect(report.object).toBe('16 bytes into a freed 64-byte object of kmalloc-64');
  expect(report.task).toEqual({ comm: 'task-1', pid: 34 });
});

test('KASAN: uncertain frames and those of KASAN are never blamed', () => {
  const report = only('kasan-use-after-free.log');
  const frame = blame(report, ['canaries']);
  expect(frame).toMatchObject({ fn: 'write_after_free', uncertain: false });
  expect(report.trace.find(({ fn }) => fn === 'write_after_free')).toMatchObject({ uncertain: true });
  expect(blame(report, ['other'])).toBeUndefined();
});

test('a use after free that only kernel code shows is blamed on who freed the object', () => {
  const report = only('kasan-after-rcu.log');
  const trace = report.trace.filter(({ module }) => module === undefined);
  expect(blame({ ...report, trace }, ['canaries'])).toMatchObject({ fn: 'free_parcel' });
});

test('without a module, the frame to show is the first that is not infrastructure', () => {
  const report = only('kasan-out-of-bounds.log');
  const trace = report.trace.filter(({ module }) => module === undefined);
  expect(frameName(blameKernel({ ...report, trace })!)).toMatch(/^do_one_initcall\+/);
});

test('module names are the same with - and _', () => {
  const report = only('oops-journal.log');
  report.trace[0]!.module = 'my_driver';
  expect(blame(report, ['my-driver'])?.fn).toBe('hello_init');
});

test('when the unwinder is lost, uncertain frames of the module count', () => {
  const report = only('oops-null-call.log');
  const trace = report.trace.map((frame) => ({ ...frame, uncertain: !frame.fn.startsWith('0x') }));
  expect(blame({ ...report, trace }, ['canaries'])?.fn).toBe('call_null');
});

test('an oops names its instruction first, and its panic', () => {
  const report = only('oops-int3.log');
  expect(names(report.trace)?.slice(0, 2)).toEqual(['leave_a_breakpoint', 'canaries_init']);
  expect(report.panic).toBe('Fatal exception in interrupt');
});

test('arm64: the instruction is in the trace once', () => {
  const report = only('oops-arm64.log');
  expect(names(report.trace)?.filter((fn) => fn === 'echo_write')).toHaveLength(1);
  expect(report.access).toEqual({ write: true, size: 0, address: 8n });
});

test('a panic that comes a little later belongs to the oops before it', () => {
  const text =
    sample('oops-null-call.log') + sample('panic-init.log').replace(/VFS: Unable.*/g, 'Fatal exception');
  const reports = reportsIn(text.replaceAll('[    T1]', '[   T34]'));
  expect(reports.map(({ kind, panic }) => [kind, panic])).toEqual([['oops', 'Fatal exception']]);
});

test('lockdep: locks in order, where each was taken, the earlier stacks', () => {
  const report = only('lockdep-circular.log');
  expect(report.locks).toEqual(['table_lock', 'entry_lock']);
  expect(
    report.related?.map(({ title, frames }) => [title, frames.find(({ module }) => module)?.fn]),
  ).toEqual([
    ['entry_lock taken at', 'take_in_both_orders'],
    ['-> #1 (entry_lock){+.+.}-{4:4}:', 'take_in_both_orders'],
    ['-> #0 (table_lock){+.+.}-{4:4}:', 'take_in_both_orders'],
  ]);
});

test('KCSAN: both accesses', () => {
  const report = only('kcsan.log');
  expect(names(report.trace)?.[0]).toBe('ctr_bump');
  expect(names(report.related?.[0]?.frames)?.[0]).toBe('ctr_show');
});

test('a source line that the kernel names is kept', () => {
  const line = expect.any(Number) as number;
  expect(only('ubsan-array.log').source).toEqual({ file: '/lab/checks.c', line });
  expect(only('rcu-suspicious.log').source).toEqual({ file: '/lab/context.c', line });
  expect(only('leak-at-unload.log').allocated?.[0]).toMatchObject({ file: '/lab/objects.c', line });
});

test('two contexts that print at once are told apart', () => {
  const [kasan, refcount] = reportsIn(sample('two-cpus.log'));
  expect(kasan?.freed).toBeDefined();
  expect(names(refcount?.trace)).toContain('refs_exit');
  expect(names(kasan?.trace)).not.toContain('refs_exit');
});

test('the same report twice is two reports', () => {
  const text = sample('refcount-underflow.log');
  expect(reportsIn(text + text).map(({ kind }) => kind)).toEqual(['refcount', 'refcount']);
});

test('a report that the log cuts off is found, and marked', () => {
  const text = sample('kasan-use-after-free.log').split('\n').slice(0, 14).join('\n');
  const [report] = reportsIn(text);
  expect(report).toMatchObject({ kind: 'kasan', title: 'slab-use-after-free', truncated: true });
});

test('an oops in the middle of a KASAN report ends it', () => {
  const kasan = sample('kasan-use-after-free.log').split('\n').slice(0, 14).join('\n');
  const oops = sample('oops-kasan-null.log');
  expect(reportsIn(`${kasan}\n${oops}`).map(({ kind, truncated }) => [kind, truncated])).toEqual([
    ['kasan', true],
    ['oops', undefined],
  ]);
});

test('lines of others in the middle of a stack trace do not end it', () => {
  const lines = sample('refcount-underflow.log').split('\n');
  lines.splice(20, 0, lines[19]!.replace(/\] .*/, '] usb 1-1: new device'));
  const [report, ...more] = reportsIn(lines.join('\n'));
  expect(more).toEqual([]);
  expect(names(report?.trace)).toContain('put_once_too_often');
});

test('two different reports in a row keep their own lines', () => {
  const text = sample('lockdep-circular.log') + sample('kasan-use-after-free.log');
  const [lockdep, kasan] = reportsIn(text);
  expect(lockdep?.last).toBeLessThan(kasan?.first ?? 0);
  expect(kasan?.trace.length).toBeGreaterThan(5);
});

test('a stack that decode_stacktrace.sh has decoded keeps its source lines', () => {
  const text = sample('refcount-leak.log').replaceAll(
    /put_the_last_unseen\+\S+ \[canaries\]/g,
    'put_the_last_unseen (/lab/checks.c:31 (discriminator 2)) canaries',
  );
  expect(blame(reportsIn(text)[0]!, ['canaries'])).toMatchObject({ file: '/lab/checks.c', line: 31 });
});

test('kmemleak: the summary of a scan stands only for objects that are not listed', () => {
  const summary = 'kmemleak: 2 new suspected memory leaks (see /sys/kernel/debug/kmemleak)\n';
  expect(reportsIn(summary)).toMatchObject([{ kind: 'leak', title: 'suspected memory leaks' }]);
  expect(reportsIn(summary + sample('kmemleak-debugfs.log'))).toHaveLength(2);
});

test('kmemleak: objects of the debugfs file, with frames of a module that is gone', () => {
  const objects = parseKmemleak(sample('kmemleak-debugfs.log'));
  expect(objects).toMatchObject([
    { address: 0xffff888005c41100n, size: 64, comm: 'insmod', pid: 79 },
    { size: 16, comm: 'cat', pid: 81, age: 12.34 },
  ]);
  expect(objects[0]?.backtrace[2]).toMatchObject({ address: 0xffffffffc0209031n });
  const reports = leakReports(objects);
  expect(blame(reports[1]!, ['echo'])?.fn).toBe('echo_open');
});

test('text of a module that only looks like a report in the middle of a line is none', () => {
  expect(
    reportsIn('[ 1.0][ T1] echo: BUG: KASAN: use-after-free in x+0x1/0x2\n[ 1.1] my WARNING: possible'),
  ).toEqual([]);
});

test('an unknown complaint of the kernel is still a report', () => {
  expect(reportsIn('[    1.0] BUG: something new happened\n')).toMatchObject([
    { kind: 'bug', title: 'something new happened' },
  ]);
});

test('where a register dump is the place, it is marked as the instruction itself', () => {
  const exact = (name: string) => blame(only(name), ['canaries'])?.exact ?? false;
  for (const name of ['oops-divide.log', 'warn-on.log', 'bug-on.log', 'soft-lockup.log'])
    expect(exact(name), name).toBe(true);
  // What a call or a breakpoint leaves behind is the place after it.
  for (const name of ['oops-int3.log', 'oops-null-call.log', 'kasan-write.log'])
    expect(exact(name), name).toBe(false);
});

test('after a bad jump, the caller is to blame, and not what was jumped to', () => {
  const report = only('oops-jump-to-data.log');
  expect(report.trace[0]).toMatchObject({ module: 'canaries', uncertain: true });
  expect(report.trace[1]).toMatchObject({ fn: 'call_data', uncertain: false });
});

test('an interrupt that nobody cared about is blamed on its handler, not on what it interrupted', () => {
  const report = only('irq-nobody-cared.log');
  expect(report.trace.some(({ fn }) => fn === 'claim_no_interrupt')).toBe(true);
  expect(blame(report, ['canaries'])?.fn).toBe('not_mine');
});

test('functions that a report names outside its stacks count', () => {
  expect(only('bad-page-map.log').related).toMatchObject([
    { title: 'mmap function', frames: [{ fn: 'canary_mmap' }] },
  ]);
  expect(only('warn-preempt.log').related).toMatchObject([{ frames: [{ fn: 'canaries_init' }] }]);
  const [leaked] = reportsIn(sample('atomic-workqueue.log'));
  expect(leaked?.related?.at(-1)).toMatchObject({
    title: 'work function',
    frames: [{ fn: 'return_with_a_lock', module: 'canaries' }],
  });
});

test('DMA API: where the buffer was mapped', () => {
  const mapped = only('dma-pending.log').related?.at(-1);
  expect(mapped?.title).toBe('DMA-API: Mapped at:');
  expect(names(mapped?.frames)).toContain('canary_probe');
});

test('KASAN: variables and vmalloc areas', () => {
  expect(only('kasan-stack.log').object).toBe('0 bytes after the local variable local');
  expect(only('kasan-global.log').object).toMatch(/variable table$/);
  expect(names(only('kasan-vmalloc.log').allocated)).toEqual(['overrun_vmalloc']);
});

test('a fault in the shadow memory of KASAN says nothing about reading or writing', () => {
  expect(only('oops-kasan-page-fault.log')).not.toHaveProperty('access');
  expect(only('oops-page-fault.log').access).toEqual({ write: false, size: 0, address: 0xffffd00000000000n });
});
