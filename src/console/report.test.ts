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
  const report = only('kasan-use-after-free.log');
  expect(report.access).toEqual({ write: true, size: 8, address: 0xffff888005c41108n });
  expect(names(report.allocated)).toContain('echo_open');
  expect(names(report.freed)).toContain('echo_release');
  expect(report.object).toBe('8 bytes into a freed 64-byte object of kmalloc-64');
  expect(report.task).toEqual({ comm: 'cat', pid: 81 });
});

test('KASAN: uncertain frames and those of KASAN are never blamed', () => {
  const report = only('kasan-use-after-free.log');
  const frame = blame(report, ['echo']);
  expect(frame).toMatchObject({ fn: 'echo_release', offset: 0x4c, uncertain: false });
  expect(report.trace.some(({ fn, uncertain }) => fn === 'echo_release' && uncertain)).toBe(true);
  expect(blame(report, ['other'])).toBeUndefined();
});

test('a use after free that only kernel code shows is blamed on who freed the object', () => {
  const report = only('kasan-use-after-free.log');
  const trace = report.trace.filter(({ module }) => module === undefined);
  expect(blame({ ...report, trace }, ['echo'])).toMatchObject({ fn: 'echo_release', offset: 0x41 });
});

test('without a module, the frame to show is the first that is not infrastructure', () => {
  const report = only('kasan-out-of-bounds.log');
  const trace = report.trace.filter(({ module }) => module === undefined);
  expect(frameName(blameKernel({ ...report, trace })!)).toBe('vfs_write+0x1c3');
});

test('module names are the same with - and _', () => {
  const report = only('oops-journal.log');
  report.trace[0]!.module = 'my_driver';
  expect(blame(report, ['my-driver'])?.fn).toBe('hello_init');
});

test('when the unwinder is lost, uncertain frames of the module count', () => {
  const report = only('oops-null-call.log');
  const trace = report.trace.map((frame) => ({ ...frame, uncertain: !frame.fn.startsWith('0x') }));
  expect(blame({ ...report, trace }, ['ops'])?.fn).toBe('ops_read');
});

test('an oops names its instruction first, and its panic', () => {
  const report = only('oops-kasan-null.log');
  expect(names(report.trace)?.slice(0, 2)).toEqual(['echo_read', 'die_addr']);
  expect(report.panic).toBe('Fatal exception');
  expect(names(report.trace)?.filter((fn) => fn === 'echo_read')).toHaveLength(2);
});

test('arm64: the instruction is in the trace once', () => {
  const report = only('oops-arm64.log');
  expect(names(report.trace)?.filter((fn) => fn === 'echo_write')).toHaveLength(1);
  expect(report.access).toEqual({ write: true, size: 0, address: 8n });
});

test('a panic that comes a little later belongs to the oops before it', () => {
  const text =
    sample('oops-null-call.log') + sample('panic-init.log').replace(/VFS: Unable.*/g, 'Fatal exception');
  const reports = reportsIn(text.replaceAll('[    T1]', '[   T88]'));
  expect(reports.map(({ kind, panic }) => [kind, panic])).toEqual([['oops', 'Fatal exception']]);
});

test('lockdep: locks in order, where each was taken, the earlier stacks', () => {
  const report = only('lockdep-circular.log');
  expect(report.locks).toEqual(['table_lock', '&dev->lock#2']);
  expect(
    report.related?.map(({ title, frames }) => [title, frames.find(({ module }) => module)?.fn]),
  ).toEqual([
    ['&dev->lock#2 taken at', 'two_read'],
    ['-> #1 (&dev->lock#2){+.+.}-{4:4}:', 'two_write'],
    ['-> #0 (table_lock){+.+.}-{4:4}:', 'two_read'],
  ]);
});

test('KCSAN: both accesses', () => {
  const report = only('kcsan.log');
  expect(names(report.trace)?.[0]).toBe('ctr_bump');
  expect(names(report.related?.[0]?.frames)?.[0]).toBe('ctr_show');
});

test('a source line that the kernel names is kept', () => {
  expect(only('ubsan-array.log').source).toEqual({ file: '/lab/ring/ring.c', line: 58 });
  expect(only('rcu-suspicious.log').source).toEqual({ file: '/lab/rcu/rcumod.c', line: 66 });
  expect(only('leak-at-unload.log').allocated?.[0]).toMatchObject({
    file: '/lab/refs/refs.c',
    line: 41,
  });
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
  const oops = sample('oops-kasan-null.log').replaceAll('   T84', '   T81');
  expect(reportsIn(`${kasan}\n${oops}`).map(({ kind, truncated }) => [kind, truncated])).toEqual([
    ['kasan', true],
    ['oops', undefined],
  ]);
});

test('lines of others in the middle of a stack trace do not end it', () => {
  const lines = sample('refcount-underflow.log').split('\n');
  lines.splice(20, 0, '[   12.500000][   T97] usb 1-1: new device');
  const [report, ...more] = reportsIn(lines.join('\n'));
  expect(more).toEqual([]);
  expect(names(report?.trace)).toContain('refs_exit');
});

test('two different reports in a row keep their own lines', () => {
  const text =
    sample('lockdep-circular.log') + sample('kasan-use-after-free.log').replaceAll('   T81', '   T83');
  const [lockdep, kasan] = reportsIn(text);
  expect(lockdep?.last).toBeLessThan(kasan?.first ?? 0);
  expect(kasan?.trace.length).toBeGreaterThan(5);
});

test('a stack that decode_stacktrace.sh has decoded keeps its source lines', () => {
  const text = sample('oops-null-call.log').replace(
    'ops_read+0x61/0xd0 [ops]',
    'ops_read (/lab/ops/ops.c:31 (discriminator 2)) ops',
  );
  expect(blame(reportsIn(text)[0]!, ['ops'])).toMatchObject({ file: '/lab/ops/ops.c', line: 31 });
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
