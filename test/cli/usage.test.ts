// SPDX-License-Identifier: Apache-2.0
// The command line where no machine is needed: help, wrong calls, lists, folders, hints, logs.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { repository } from '../../src/shared/paths.ts';

const temp = mkdtempSync(join(tmpdir(), 'bringup-cli-'));
afterAll(() => rmSync(temp, { recursive: true, force: true }));

interface Run {
  status: number | null;
  out: string;
  err: string;
}

const environment = {
  ...process.env,
  BRINGUP_DATA: join(temp, 'data'),
  PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
};

/** Runs the real ./bringup; what it prints goes to pipes. */
function bringup(args: string[], { cwd = temp, input = '' } = {}): Run {
  const result = spawnSync(join(repository, 'bringup'), args, {
    cwd,
    input,
    env: environment,
    encoding: 'utf8',
  });
  return { status: result.status, out: result.stdout, err: result.stderr };
}

const escape = /\x1b/; // eslint-disable-line no-control-regex

describe('help', () => {
  test('without a command lists what there is', () => {
    const { status, out } = bringup(['--help']);
    expect(status).toBe(0);
    for (const name of ['start', 'labs', 'get', 'check', 'watch', 'hint', 'explain', 'doctor'])
      expect(out).toMatch(new RegExp(`^  ${name} `, 'm'));
    expect(out).not.toMatch(escape);
  });

  test.each([
    ['start', ['--wait', '--no-quick']],
    ['stop', []],
    ['status', ['--json']],
    ['doctor', ['--json']],
    ['labs', ['--json']],
    ['get', ['--json']],
    ['datasheet', ['--output', '--format', '--seed', '--json']],
    ['check', ['--json']],
    ['watch', []],
    ['hint', ['--again', '--json']],
    ['shell', []],
    ['solution', ['--anyway']],
    ['explain', ['--module', '--last', '--json']],
    ['trace', ['--register', '--from', '--to', '--violations', '--vcd', '--json']],
    ['lab new', []],
    ['lab verify', ['--runs', '--json']],
    ['kernel list', ['--json']],
    ['kernel build', ['--rejudge', '--json']],
    ['kernel add', ['--name']],
    ['kernel remove', []],
    ['db backup', ['--json']],
    ['db restore', ['--replace', '--json']],
    ['db export', []],
    ['db status', ['--json']],
    ['kit info', ['--json']],
    ['cache size', ['--json']],
    ['cache prune', ['--templates', '--all']],
    ['test', []],
    ['bench', ['--quick', '--json']],
  ])('of %s names its options and does nothing', (command, options) => {
    const { status, out, err } = bringup([...command.split(' '), '--help']);
    expect(status).toBe(0);
    expect(out).toMatch(new RegExp(`^Usage: bringup ${command}\\b`));
    for (const option of options) expect(out).toContain(option);
    expect(err).toBe('');
  });

  test('knows every command that there is', () => {
    const listed = [...bringup(['--help']).out.matchAll(/^ {2}([a-z]+)/gm)].map((match) => match[1]);
    const known = [
      'start',
      'stop',
      'status',
      'doctor',
      'labs',
      'get',
      'datasheet',
      'check',
      'watch',
      'hint',
      'shell',
      'solution',
      'explain',
      'trace',
    ];
    expect(listed.sort()).toEqual(
      [
        ...known,
        'lab',
        'kernel',
        'web',
        'roadmap',
        'db',
        'plan',
        'kit',
        'cache',
        'test',
        'bench',
        'help',
      ].sort(),
    );
  });
});

describe('a wrong call ends with 64 and a word of advice', () => {
  test.each([
    ['an unknown command', ['frobnicate']],
    ['an unknown option', ['labs', '--frobnicate']],
    ['a missing argument', ['get']],
    ['too many arguments', ['labs', 'a', 'b']],
    ['an option without its value', ['lab', 'verify', '--runs']],
    ['a number that is none', ['lab', 'verify', '--runs', 'many']],
    ['a name that is none', ['lab', 'new', '../../etc']],
  ])('%s', (_, args) => {
    const { status, err } = bringup(args);
    expect(status).toBe(64);
    expect(err).toMatch(/--help|E-[A-Z-]+: /);
    expect(err).not.toMatch(/\n +at /); // no stack trace
  });

  test.each([
    [['get', 'no-such-lab'], 'E-LAB-UNKNOWN'],
    [['solution', 'no-such-lab'], 'E-LAB-UNKNOWN'],
    [['lab', 'verify', 'no-such-lab'], 'E-LAB-UNKNOWN'],
    [['check'], 'E-LAB-FOLDER'],
    [['check', '/nonexistent'], 'E-LAB-FOLDER'],
    [['watch'], 'E-LAB-FOLDER'],
    [['hint'], 'E-LAB-FOLDER'],
    [['shell'], 'E-LAB-FOLDER'],
    [['explain', '--last'], 'E-LAB-FOLDER'],
    [['explain', '/nonexistent.log'], 'E-INPUT'],
    [['kernel', 'build', 'nope'], 'E-KERNEL-UNKNOWN'],
    [['kernel', 'remove', '../../etc'], 'E-KERNEL-UNKNOWN'],
    [['kernel', 'add', '/nonexistent'], 'E-KERNEL-TREE'],
  ])('%j is %s', (args, code) => {
    const { status, out, err } = bringup(args);
    expect(err).toMatch(new RegExp(`^${code}: `));
    expect(status).toBe(64);
    expect(out).toBe('');
  });

  test('with --json the error is JSON on standard output', () => {
    const { status, out } = bringup(['check', '--json']);
    expect(status).toBe(64);
    expect(JSON.parse(out)).toMatchObject({
      error: { code: 'E-LAB-FOLDER', next: expect.any(String) as string },
    });
  });
});

describe('lists', () => {
  test('labs --json has every lab, nothing passed yet', () => {
    const rows = JSON.parse(bringup(['labs', '--json']).out) as { id: string; state: string }[];
    expect(rows.map(({ id }) => id)).toContain('char-echo');
    for (const { state } of rows) expect(state).toBe('new');
  });

  test('status --json and kernel list --json parse', () => {
    type Kernels = { id: string }[];
    const made = expect.arrayContaining(['core', 'quick']) as string[];
    const status = JSON.parse(bringup(['status', '--json']).out) as { kernels: Kernels };
    expect(status.kernels.map(({ id }) => id)).toEqual(made);
    const kernels = JSON.parse(bringup(['kernel', 'list', '--json']).out) as Kernels;
    expect(kernels.map(({ id }) => id)).toEqual(made);
  });

  test.each([[['labs']], [['status']]])(
    '%j for people has no color when piped, and no line over 100',
    (args) => {
      const { status, out } = bringup(args);
      expect(status).toBe(0);
      expect(out).not.toMatch(escape);
      for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    },
  );
});

describe('a lab folder', () => {
  const folder = join(temp, 'char-echo');
  beforeAll(() => {
    expect(bringup(['get', 'char-echo']).status).toBe(0);
  });

  test('is made where one is, with brief and starter', () => {
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['Makefile', 'brief.md', 'echo.c']));
  });

  test('is not made twice, nor over something else', () => {
    const { status, err } = bringup(['get', 'char-echo']);
    expect(status).toBe(64);
    expect(err).toMatch(/^E-LAB-EXISTS: /);
    mkdirSync(join(temp, 'mine'));
    expect(bringup(['get', 'char-echo', 'mine']).status).toBe(64);
    expect(readdirSync(join(temp, 'mine'))).toEqual([]);
  });

  test('get --json says where it is', () => {
    const { out } = bringup(['get', 'first-module', 'deep/er', '--json']);
    expect(JSON.parse(out)).toMatchObject({ lab: 'first-module', path: join(temp, 'deep/er') });
  });

  test('hints come one at a time, up to three, and again when asked', () => {
    const number = (args: string[] = []): number =>
      (JSON.parse(bringup(['hint', '--json', ...args], { cwd: folder }).out) as { hint: number }).hint;
    expect([number(['--again']), number(), number(), number(['--again']), number(), number()]).toEqual([
      1, 1, 2, 2, 3, 3,
    ]);
  });

  test('the solution is kept back before a pass, and shown with --anyway', () => {
    const refused = bringup(['solution', 'char-echo']);
    expect(refused.status).toBe(64);
    expect(refused.err).toMatch(/^E-LAB-UNSOLVED: /);
    expect(refused.out).toBe('');
    const shown = bringup(['solution', 'char-echo', '--anyway']);
    expect(shown.status).toBe(0);
    expect(shown.out).toContain(
      readFileSync(join(repository, 'labs/1-device-model/char-echo/solution/echo.c'), 'utf8'),
    );
  });

  test('has no verdict before the first check', () => {
    const { status, err } = bringup(['explain', '--last'], { cwd: folder });
    expect(status).toBe(64);
    expect(err).toMatch(/has no verdict yet/);
  });
});

describe('explain', () => {
  const log = join(repository, 'src/console/samples/kasan-use-after-free.log');

  test('a file and standard input say the same, without color', () => {
    const fromFile = bringup(['explain', log]);
    expect(fromFile.status).toBe(0);
    expect(fromFile.out).toMatch(/use-after-free/);
    expect(fromFile.out).not.toMatch(escape);
    const input = readFileSync(log, 'utf8');
    expect(bringup(['explain'], { input }).out).toBe(fromFile.out);
    expect(bringup(['explain', '-'], { input }).out).toBe(fromFile.out);
  });

  test('--json has the reports', () => {
    expect(JSON.parse(bringup(['explain', log, '--json']).out)).toMatchObject({
      reports: [{ kind: 'kasan' }],
    });
  });

  test('a log without a report ends with 1 and says so', () => {
    const { status, out } = bringup(['explain'], { input: 'all is well\n' });
    expect(status).toBe(1);
    expect(out).toMatch(/^No report found/);
  });

  test('a folder is no log', () => expect(bringup(['explain', temp]).err).toMatch(/^E-INPUT: /));
});

test('none of this has written a history', () => {
  expect(existsSync(join(temp, 'data', 'attempts.jsonl'))).toBe(false);
});
