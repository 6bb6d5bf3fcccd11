// SPDX-License-Identifier: Apache-2.0
// The forms in which people have kernel logs.
import { expect, test } from 'vitest';
import { findReports, parseLog, parseLogLine } from './index.ts';
import { sample } from './samples/samples.ts';

test.each([
  ['console, with PRINTK_CALLER', '[    1.234567][  T123] text', { time: 1.234567, caller: 'T123' }],
  ['console', '[    1.234567] text', { time: 1.234567 }],
  ['dmesg with caller', '[    1.234567] [   C0] text', { time: 1.234567, caller: 'C0' }],
  ['dmesg -r', '<4>[    1.234567][    T1] text', { time: 1.234567, caller: 'T1', level: 4 }],
  ['raw level with facility', '<28>[    1.2] text', { time: 1.2, level: 4 }],
  ['dmesg -x', 'kern  :warn  : [    1.234567] text', { time: 1.234567, level: 4 }],
  ['dmesg -T', '[Mon Nov  2 10:11:12 2026] text', { time: NaN }],
  ['dmesg -d', '[    1.234567 <    0.000012>] text', { time: 1.234567 }],
  ['dmesg -e', '[Nov 2 10:11] text', { time: NaN }],
  ['dmesg -e, later lines', '[  +0.000012] text', { time: NaN }],
  ['dmesg --time-format iso', '2026-11-02T10:11:12,123456+01:00 text', { time: NaN }],
  ['journalctl -k', 'Nov 02 10:11:12 host kernel: text', { time: NaN }],
  ['journalctl -k -o short-iso', '2026-11-02T10:11:12+0100 host kernel: text', { time: NaN }],
  ['journalctl -k -o short-monotonic', '[    1.234567] host kernel: text', { time: 1.234567 }],
  ['kern.log', 'Nov  2 10:11:12 host kernel: [    1.234567] text', { time: 1.234567 }],
  ['log of a CI run', '2026-11-02T10:11:12.1234567Z [    1.234567] text', { time: 1.234567 }],
  ['/dev/kmsg', '6,339,1234567,-,caller=T1;text', { seq: 339, time: 1.234567, caller: 'T1', level: 6 }],
  ['quoted mail', '> > [    1.234567] text', { time: 1.234567 }],
  ['colors', '\u001b[32m[    1.234567] \u001b[0mtext\u001b[0m', { time: 1.234567 }],
  ['nothing but text', 'text', { time: NaN }],
])('%s', (_, line, rest) => {
  expect(parseLogLine(line)).toEqual({ ...rest, text: 'text' });
});

test('the spaces that start a line of a stack trace stay', () => {
  expect(parseLogLine('[    1.0][   T1]  vfs_read+0x1/0x2').text).toBe(' vfs_read+0x1/0x2');
});

test('the row of shadow memory that KASAN marks with > is not a quotation', () => {
  expect(parseLogLine('>ffff888005c41100: fa fb').text).toBe('>ffff888005c41100: fa fb');
});

test('further lines of a message take over its prefix', () => {
  const messages = parseLog('<3>[    1.5][  T12] first\nsecond\n');
  expect(messages[1]).toEqual({ time: 1.5, caller: 'T12', level: 3, text: 'second' });
});

test('/dev/kmsg: lines about the device are not messages', () => {
  expect(
    parseLog('6,1,1000000,-;probe\n SUBSYSTEM=pci\n DEVICE=+pci:0000:00:04.0\n6,2,1000001,-;next'),
  ).toHaveLength(2);
});

test.each([
  ['\\r\\n', '\r\n'],
  ['\\r\\r\\n', '\r\r\n'],
  ['\\n\\r', '\n\r'],
  ['\\r', '\r'],
])('line ends %s of serial consoles', (_, end) => {
  const text = sample('kasan-use-after-free.log').replaceAll('\n', end);
  expect(findReports(parseLog(text))).toMatchObject([{ kind: 'kasan', title: 'slab-use-after-free' }]);
  expect(findReports(parseLog(text))[0]?.freed).toBeDefined();
});

test('empty lines stay, one of each run', () => {
  expect(parseLog('a\r\n\r\n\r\nb').map(({ text }) => text)).toEqual(['a', '', 'b']);
});

test.each(['> ', '> > ', 'Nov 02 10:11:12 host kernel: ', '\u001b[33m'])(
  'a whole report behind %j',
  (prefix) => {
    const text = sample('lockdep-circular.log').replaceAll(/^/gm, prefix);
    expect(findReports(parseLog(text))).toMatchObject([
      { kind: 'lockdep', locks: ['table_lock', 'entry_lock'] },
    ]);
  },
);
