// SPDX-License-Identifier: Apache-2.0
// Logs are untrusted input: whatever is in them, reading them ends soon and without an exception.
import { expect, test } from 'vitest';
import {
  detectorOff,
  findReports,
  lostMessages,
  outOfTreeModules,
  parseKmemleak,
  parseLog,
  render,
} from './index.ts';
import { sample, sampleNames } from './samples/samples.ts';

/** mulberry32: the same numbers in every run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function readAll(text: string): void {
  const messages = parseLog(text);
  const reports = findReports(messages);
  render(reports, { color: false, modules: outOfTreeModules(messages) });
  for (const { first, last } of reports) {
    if (!(first >= 0 && first <= last && last < messages.length))
      throw new Error(`bad range ${first} to ${last}`);
  }
  parseKmemleak(text);
}

test('samples cut off anywhere, with bytes changed, lines moved and lines lost', { timeout: 20_000 }, () => {
  const next = random(1);
  const upTo = (limit: number) => Math.floor(next() * limit);
  const samples = sampleNames.map(sample);
  for (let round = 0; round < 600; round++) {
    const text = samples[upTo(samples.length)] ?? '';
    const bytes = Buffer.from(text.slice(upTo(text.length / 2), upTo(text.length) + 1));
    for (let flips = upTo(20); flips > 0; flips--) bytes[upTo(bytes.length)] = upTo(256);
    const lines = bytes.toString('latin1').split('\n');
    for (let moves = upTo(5); moves > 0; moves--)
      lines.splice(upTo(lines.length), upTo(3), lines[upTo(lines.length)] ?? '');
    readAll(lines.join('\n'));
  }
});

/** Time of the processor, which a busy host does not stretch. */
function seconds(start: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(start);
  return (user + system) / 1e6;
}

const megabytes = 20;
const fill = (unit: string) => unit.repeat(Math.ceil((megabytes * 2 ** 20) / unit.length));

const floods: [string, () => string][] = [
  ['all samples, again and again', () => fill(sampleNames.map(sample).join('\n'))],
  ['one line', () => fill('a')],
  ['one line of a symbol that never ends', () => fill('fn.')],
  ['digits', () => fill('[    1')],
  ['quotation marks', () => fill('>')],
  ['quotation marks and spaces', () => fill('> ')],
  ['escapes', () => fill('\u001b[')],
  ['carriage returns', () => fill('\r')],
  ['zero bytes', () => fill('\0')],
  ['starts of reports', () => fill('BUG: KASAN: x in y\n')],
  ['cut here', () => fill('------------[ cut here ]------------\n')],
  ['rules', () => fill(`${'='.repeat(66)}\n`)],
  ['panics', () => fill('[    1.0][   T1] Kernel panic - not syncing: Fatal exception\n')],
  ['frames without a report', () => fill(' vfs_read+0x1ad/0x6f0 [echo]\n')],
  ['a report that never ends', () => `BUG: KASAN: x in y\n${fill(' vfs_read+0x1ad/0x6f0\n')}`],
  ['spaces', () => fill(' ')],
  ['long lines of spaces', () => fill(`${' '.repeat(4000)}x\n`)],
  ['long lines that almost match', () => fill(`WARNING: ${'a'.repeat(4000)}\nOops: ${'[#'.repeat(2000)}\n`)],
];

test.each(floods)(`${megabytes} MB of %s in less than 2 s`, { timeout: 30_000, retry: 2 }, (_, make) => {
  const text = make();
  const start = process.threadCpuUsage();
  const messages = parseLog(text);
  findReports(messages);
  for (const message of messages) {
    detectorOff(message);
    lostMessages(message);
  }
  expect(seconds(start)).toBeLessThan(2);
});

test('many contexts that all panic take linear time', { timeout: 20_000 }, () => {
  const lines = Array.from(
    { length: 100_000 },
    (_, i) => `[    1.0][T${i}] Kernel panic - not syncing: Fatal exception`,
  );
  const start = process.threadCpuUsage();
  findReports(parseLog(lines.join('\n')));
  expect(seconds(start)).toBeLessThan(2);
});

test('a flood of lines that start no report hides none', () => {
  const flood = '------------[ cut here ]------------\n'.repeat(30_000);
  expect(findReports(parseLog(flood + sample('kasan-use-after-free.log')))).toMatchObject([
    { kind: 'kasan' },
  ]);
});

test('lone newlines do not cost a message each', () => {
  expect(parseLog('\n'.repeat(1_000_000)).length).toBeLessThan(3);
});
