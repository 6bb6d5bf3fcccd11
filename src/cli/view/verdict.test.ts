// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';
import { blankVerdict } from '../../lab/inconclusive.ts';
import { allLabs, findLab } from '../../lab/lab.ts';
import type { Finding, Verdict } from '../../lab/verdict.ts';
import { BringupError } from '../../shared/errors.ts';
import { renderVerdict } from './verdict.ts';

const lab = findLab('char-echo');
const blank = blankVerdict(
  lab,
  7,
  new BringupError('E-MACHINE-LOST', 'QEMU ended before it answered cont\nsecond line'),
);
const base: Verdict = {
  ...blankVerdict(lab, 7, new BringupError('E-MACHINE-LOST', 'x')),
  outcome: 'pass',
  kernel: { id: 'core-6.12.117-0123abcd', release: '6.12.117', flavor: 'core' },
  requirements: lab.requirements.map((requirement) => ({ ...requirement, result: 'pass', time: 12 })),
  detectors: ['KASAN', 'lockdep', 'kmemleak'],
  faults: 37,
  timings: { build: 412, restore: 80, warm: 40, check: 310, epilogue: 150, judge: 5, total: 912 },
};

const kasan: Finding = {
  kind: 'kasan',
  name: 'KASAN',
  title: 'slab-use-after-free in echo_read [echo]',
  detail: 'read of 8 bytes by task 41',
  places: [
    {
      fn: 'echo_read',
      file: 'echo.c',
      line: 57,
      role: 'here',
      excerpt: [
        [56, '\tmutex_lock(&lock);'],
        [57, `\tret = simple_read_from_buffer(buf, count, pos, text, ${'strlen(text), '.repeat(20)});`],
        [58, '\tmutex_unlock(&lock);'],
      ],
    },
    { fn: 'echo_write', file: 'echo.c', line: 31, role: 'allocated' },
    { fn: 'echo_release', file: 'echo.c', line: 44, role: 'freed' },
  ],
  step: 'stays-while-open',
  report: 'BUG: KASAN: slab-use-after-free in echo_read+0x1f/0x40 [echo]',
  explanation: {
    meaning: `Memory was used after it was freed. ${'It says more about this. '.repeat(12)}`,
  } as NonNullable<Finding['explanation']>,
};

const failed: Verdict = {
  ...base,
  outcome: 'fail',
  requirements: base.requirements.map((requirement, i) =>
    i === 1
      ? {
          ...requirement,
          result: 'fail',
          evidence: `read() of /dev/echo returned "${'x'.repeat(40)}"; expected it to fail with EINVAL or to say why it does not`,
        }
      : i > 1
        ? { ...requirement, result: 'not-reached' }
        : requirement,
  ),
  findings: [kasan],
};

const brokenRule: Verdict = {
  ...failed,
  findings: ['first', 'second'].map((rule) => ({
    kind: 'bus-rule',
    name: rule,
    title: 'START must not be written while STATUS.BUSY is 1.',
    detail: 'START was written while STATUS.BUSY was 1',
    places: [],
    step: 'stays-while-open',
    report: [
      `  72.745 ms     +1 µs  write  START      0x12  ← 0x0001  ${'FIELD=1 '.repeat(40)}`,
      `▸ 72.746 ms            ✗ ${rule}`,
      '                       START was written while STATUS.BUSY was 1',
    ].join('\n'),
  })),
};
const buildFailure: Verdict = {
  ...base,
  outcome: 'fail',
  requirements: base.requirements.map((requirement) => ({ ...requirement, result: 'not-reached', time: 0 })),
  findings: [
    {
      kind: 'build',
      name: 'build',
      title: 'the module does not build',
      detail: '',
      places: [],
      report: Array.from({ length: 300 }, (_, i) => `line ${i} of what make said`).join('\n'),
    },
  ],
};

const source = /^ {3}[ ▸] +\d+ \| |^ {3}[ ▸] +[\d.]+ ms /;
const all: [string, Verdict][] = [
  ['pass', base],
  ['provisional pass', { ...base, provisional: true, detectors: [] }],
  ['fail', failed],
  ['provisional fail', { ...failed, provisional: true }],
  ['build failure', buildFailure],
  ['broken rule', brokenRule],
  ['inconclusive', blank],
];

test.each(all)('%s: no color and no control character when nobody is at a terminal', (_, verdict) => {
  expect(renderVerdict(verdict, 'wait-and-wake')).toMatch(/^[^\x00-\x09\x0b-\x1f\x7f]*\n$/); // eslint-disable-line no-control-regex
});

test.each(all)('%s: nothing is wider than 100 columns but source lines', (_, verdict) => {
  for (const line of renderVerdict(verdict, 'wait-and-wake').split('\n')) {
    if (!source.test(line)) expect(line.length, line).toBeLessThanOrEqual(100);
    else expect(line.length).toBeLessThanOrEqual(200);
  }
});

test.each(allLabs().map((each) => [each.id, each] as const))(
  '%s: all requirements of a fail fit a screen',
  (_, each) => {
    const requirements = each.requirements.map((requirement) => ({
      ...requirement,
      result: 'fail' as const,
      evidence: 'x',
      time: 1,
    }));
    const lines = renderVerdict({ ...base, lab: each.id, outcome: 'fail', requirements })
      .trimEnd()
      .split('\n');
    expect(lines.length).toBeLessThanOrEqual(40);
    for (const line of lines) expect(line.length, line).toBeLessThanOrEqual(100);
  },
);

test('a pass is two lines: what it rests on, and what comes next', () => {
  const lines = renderVerdict(base, 'wait-and-wake').trimEnd().split('\n');
  expect(lines).toHaveLength(2);
  const count = base.requirements.length;
  expect(lines[0]).toMatch(
    new RegExp(
      `^PASS {2}char-echo .*${count} of ${count}.*no reports.*37 allocations failed on purpose.*detectors armed.*0\\.91 s$`,
    ),
  );
  expect(lines[1]).toContain('next: wait-and-wake');
  expect(lines[1]).toContain('bringup solution char-echo');
});

test('after the last lab nothing comes next', () => expect(renderVerdict(base)).not.toContain('next:'));

test('a provisional pass is not called one, and says why', () => {
  const text = renderVerdict({ ...base, provisional: true, detectors: [] }, 'wait-and-wake');
  expect(text).toMatch(/^PROVISIONAL {2}char-echo/);
  expect(text).not.toMatch(/\bPASS\b|detectors armed|no reports|bringup solution/);
  expect(text.replaceAll(/\s+/g, ' ')).toContain('judged again by itself when the core kernel is ready');
});

test('a fail says of each requirement whether it was met, missed or not reached, with the evidence under it', () => {
  const lines = renderVerdict(failed).split('\n');
  const [first, second, third] = failed.requirements;
  expect(lines).toContain(`  ✓ ${first!.says}`);
  const missed = lines.indexOf(`  ✗ ${second!.says}`);
  expect(lines).toContain(`  · ${third!.says}`);
  expect(lines[missed + 1]).toMatch(/^ {6}read\(\) of \/dev\/echo returned/);
});

test('a finding has its place and line first, the other places, the step, and how to learn more', () => {
  const text = renderVerdict(failed);
  const order = [
    'KASAN  slab-use-after-free',
    'echo.c:57  echo_read()',
    '▸   57 |',
    'allocated: echo.c:31',
    'freed: echo.c:44',
  ];
  const at = [...order, 'during: stays-while-open', 'Memory was used after', 'bringup explain --last 1'].map(
    (part) => text.indexOf(part),
  );
  expect(at.every((index) => index >= 0)).toBe(true);
  expect(at).toEqual([...at].sort((a, b) => a - b));
});

test('a fail ends with the count, the time and a way on', () => {
  const lines = renderVerdict(failed).trimEnd().split('\n');
  expect(lines.at(-2)).toMatch(
    new RegExp(`^FAIL {2}1 of ${failed.requirements.length} requirements, 1 finding +0\\.91 s$`),
  );
  expect(lines.at(-1)).toContain('bringup hint');
});

test("of a build that failed the end of make's words is shown, not all", () => {
  const text = renderVerdict(buildFailure);
  expect(text).toContain('line 299 of what make said');
  expect(text).not.toContain('line 250 of');
  expect(text).not.toContain('bringup explain');
});

test('of a broken rule the bus around the first one is shown, and where the rest is', () => {
  const text = renderVerdict(brokenRule);
  expect(text).toMatch(/^ {3}▸ 72\.746 ms +✗ first$/m);
  expect(text).toContain('during: stays-while-open');
  expect(text).not.toContain('✗ second');
  expect(text).toContain('bringup trace --violations');
  expect(text).not.toContain('bringup explain');
});

test('long titles and places are wrapped too', () => {
  const long: Finding = {
    ...kasan,
    title:
      'possible recursive locking detected between a_function_with_a_rather_long_name and another_function_of_it',
    detail:
      'the lock (&device->queue.lock){+.+.}-{3:3} is already held by the same task at a_function_with_a_long_name',
  };
  for (const finding of [long, { ...long, places: [] }]) {
    for (const line of renderVerdict({ ...failed, findings: [finding] }).split('\n')) {
      if (!source.test(line)) expect(line.length, line).toBeLessThanOrEqual(100);
    }
  }
});

test('inconclusive names the code and what to do, and never says fail or pass', () => {
  const text = renderVerdict(blank).replaceAll(/\s+/g, ' ');
  expect(text).toContain('INCONCLUSIVE char-echo E-MACHINE-LOST: QEMU ended before it answered cont');
  expect(text).toContain('Nothing was recorded.');
  expect(text).not.toMatch(/second line|\bFAIL\b|\bPASS\b/);
});
