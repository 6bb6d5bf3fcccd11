// SPDX-License-Identifier: Apache-2.0
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { repository } from '../../shared/paths.ts';
import { run } from '../../shared/run.ts';

const folder = mkdtempSync(join(tmpdir(), 'bringup-plan-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Output {
  status: number;
  out: string;
  err: string;
}

/** Runs `bringup plan` as somebody does who has neither history nor server. */
async function plan(args: string[], input = ''): Promise<Output> {
  const argv = [process.execPath, join(repository, 'src/cli/main.ts'), 'plan', ...args];
  const env = { ...process.env, BRINGUP_DATA: join(folder, 'data'), BRINGUP_CACHE: join(folder, 'cache') };
  const { status, stdout, stderr } = await run(argv, { env, input, deadline: 60_000 });
  return { status, out: stdout.toString(), err: stderr.toString() };
}

const usual = ['--hours', '6', '--start', '2099-01-01', '--off', 'sat,sun,2099-12-24..2100-01-02'];

describe('bringup plan', () => {
  test('prints a plan that fits 80 columns, in stages', async () => {
    const { status, out } = await plan(['ebpf', ...usual, '--entry', '2']);
    expect(status).toBe(0);
    const lines = out.split('\n');
    expect(lines[0]).toMatch(/^eBPF .* h · \d+ skills, \d+ labs?$/);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    const stages = lines.filter((line) => line.startsWith('stage ')).map((line) => line.slice(0, 7));
    expect(stages).toEqual([...new Set(stages)].sort());
    expect(stages.length).toBeGreaterThan(2);
    expect(out).toMatch(/^ +credited +\d+ by the entry stage/m);
    expect(out).toMatch(/^ +at 12 h +a week, done by /m);
  });

  test('takes what is done off, and keeps it', async () => {
    const { out } = await plan([
      'real-time',
      ...usual,
      '--done',
      'locking,lab:first-module,scheduler=4',
      '--json',
    ]);
    const { plan: made } = JSON.parse(out) as {
      plan: { done: object[]; steps: { id: string; worked: number }[] };
    };
    expect(made.done).toMatchObject([{ id: 'skill:locking' }, { id: 'lab:first-module' }]);
    expect(made.steps.some(({ id }) => id === 'skill:locking' || id === 'lab:first-module')).toBe(false);
    expect(made.steps.find(({ id }) => id === 'skill:scheduler')).toMatchObject({ worked: 240 });
  });

  test('plans for a job description from standard input, edited', async () => {
    const text = 'Kernel Engineer\nYou know RCU, ftrace and Yocto; experience with herding cats.';
    const { status, out } = await plan(
      ['--job', '-', '--without', 'ftrace', '--with', 'locking', ...usual],
      text,
    );
    expect(status).toBe(0);
    for (const line of [/^ {4}rcu +1 {2}RCU$/m, /^ {2}- ftrace/m, /^ {2}\+ locking/m, /outside +Yocto: /])
      expect(out).toMatch(line);
    expect(out).not.toMatch(/^ +\d+ \w+ {2}W {2}ftrace/m);
  });

  test('writes a calendar to a file, and Markdown to the terminal', async () => {
    const file = join(folder, 'plan.ics');
    const { status, out } = await plan(['stage-0', ...usual, '--markdown', '--ics', file]);
    expect([status, out.split('\n')[0]]).toEqual([0, '# Stage 0: Kernel foundations \\& developer workflow']);
    expect(readFileSync(file, 'utf8')).toMatch(
      /^BEGIN:VCALENDAR\r\n[^]*UID:plan-stage-0-skill-coding-style-1@/,
    );
  });

  test('without a target lists what there is', async () => {
    const { status, out } = await plan([]);
    expect(status).toBe(0);
    for (const name of ['ebpf', 'automotive', 'stage-6']) expect(out).toContain(`  ${name} `);
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  test.each([
    [['nowhere'], 'E-PLAN', 'ebpf'],
    [['ebpf', '--done', 'lockin'], 'E-PLAN', 'locking'],
    [['ebpf', '--off', 'someday'], 'E-PLAN', 'sat,sun'],
    [['ebpf', '--hours', 'many'], 'E-PLAN', 'hours'],
    [['ebpf', '--start', 'soon'], 'E-PLAN', '2026-12-01'],
    [['--job', '/nonexistent'], 'E-INPUT', 'ENOENT'],
    [['ebpf', '--ics', '/nonexistent/plan.ics'], 'E-USAGE', 'ENOENT'],
  ])('%j is refused with %s and what to do', async (args, code, says) => {
    const { status, err } = await plan(args);
    expect([status, err.split(':')[0]]).toEqual([64, code]);
    expect(err).toContain(says);
  });

  test('of a job description that is too large, or asks for nothing we know, is refused', async () => {
    const file = join(folder, 'job.txt');
    writeFileSync(file, 'RCU '.repeat(20_000));
    expect(await plan(['--job', file])).toMatchObject({
      status: 64,
      err: expect.stringContaining('64 KiB') as string,
    });
    const { status, err } = await plan(['--job', '-'], 'We bake bread.');
    expect([status, err.split(':')[0]]).toEqual([64, 'E-PLAN']);
  });
});
