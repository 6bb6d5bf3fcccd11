// SPDX-License-Identifier: Apache-2.0
// `bringup check` as a learner runs it, on real machines.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import type { Attempt } from '../../src/lab/history.ts';
import { makeLabFolder } from '../../src/lab/folder.ts';
import { findLab } from '../../src/lab/lab.ts';
import type { Verdict } from '../../src/lab/verdict.ts';
import { repository } from '../../src/shared/paths.ts';

const temp = mkdtempSync(join(tmpdir(), 'bringup-cli-check-'));
afterAll(() => rmSync(temp, { recursive: true, force: true }));
const lab = findLab('char-echo');

let data = '';
let count = 0;
beforeEach(() => (data = join(temp, `data-${++count}`)));

function start(args: string[], env: NodeJS.ProcessEnv = {}): ReturnType<typeof spawn> {
  const PATH = [dirname(process.execPath), process.env['PATH']].join(delimiter);
  return spawn(join(repository, 'bringup'), args, {
    cwd: temp,
    env: { ...process.env, PATH, BRINGUP_DATA: data, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function bringup(
  args: string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ status: number; out: string; err: string }> {
  const child = start(args, env);
  let [out, err] = ['', ''];
  child.stdout!.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr!.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number];
  return { status, out, err };
}

function history(): Attempt[] {
  const file = join(data, 'attempts.jsonl');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  return lines.map((line) => JSON.parse(line) as Attempt);
}

const escape = /\x1b/; // eslint-disable-line no-control-regex

/** A folder as `bringup get` makes it, with the solution in it if wanted. */
async function folderWith(part: 'starter' | 'solution'): Promise<string> {
  const path = join(temp, `${part}-${count}`);
  await makeLabFolder(lab, path);
  if (part === 'solution') cpSync(join(lab.folder, 'solution'), path, { recursive: true });
  return path;
}

test('the solution passes: 0, one short verdict, recorded; then ours is shown', async () => {
  const path = await folderWith('solution');
  const { status, out } = await bringup(['check', path]);
  expect(out).toMatch(/^PASS {2}char-echo /);
  expect(status).toBe(0);
  expect(out).not.toMatch(escape);
  expect(out.trimEnd().split('\n').length).toBeLessThanOrEqual(3);
  expect(history()).toMatchObject([{ lab: 'char-echo', folder: path, outcome: 'pass', provisional: false }]);
  expect((await bringup(['solution', 'char-echo'])).status).toBe(0);
  const rows = JSON.parse((await bringup(['labs', '--json'])).out) as { id: string; state: string }[];
  expect(rows.find(({ id }) => id === 'char-echo')!.state).toBe('passed');
});

test('the starter fails: 1, with what was missed, recorded as a fail', async () => {
  const path = await folderWith('starter');
  const { status, out } = await bringup(['check', path]);
  expect(status).toBe(1);
  expect(out).toMatch(/^FAIL {2}\d+ of \d+ requirements/m);
  expect(out).toContain('✗');
  expect(out).not.toMatch(escape);
  expect(history()).toMatchObject([{ outcome: 'fail' }]);
  expect((await bringup(['solution', 'char-echo'])).status).toBe(64);
});

test('--json has the outcome, every requirement and the times', async () => {
  const { status, out } = await bringup(['check', await folderWith('solution'), '--json']);
  const verdict = JSON.parse(out) as Verdict;
  expect(status).toBe(0);
  expect(verdict).toMatchObject({ lab: 'char-echo', outcome: 'pass', provisional: false, findings: [] });
  expect(verdict.requirements.map(({ id, result }) => [id, result])).toEqual(
    lab.requirements.map(({ id }) => [id, 'pass']),
  );
  const { timings } = verdict;
  for (const time of Object.values(timings)) expect(time).toBeGreaterThanOrEqual(0);
  expect(timings.total).toBeGreaterThanOrEqual(timings.check + timings.epilogue);
  expect(verdict.detectors.length).toBeGreaterThan(0);
});

test('without a kit it is inconclusive: 2, E-KIT-MISSING, nothing recorded', async () => {
  const empty = join(temp, 'empty-cache');
  mkdirSync(empty);
  const path = await folderWith('solution');
  const people = await bringup(['check', path], { BRINGUP_CACHE: empty });
  expect(people.status).toBe(2);
  expect(people.out.replaceAll(/\s+/g, ' ')).toMatch(
    /^INCONCLUSIVE char-echo E-KIT-MISSING: .* Run `bringup start`\./,
  );
  const json = await bringup(['check', path, '--json'], { BRINGUP_CACHE: empty });
  expect(json.status).toBe(2);
  expect(JSON.parse(json.out)).toMatchObject({ outcome: 'inconclusive', error: { code: 'E-KIT-MISSING' } });
  expect(history()).toEqual([]);
});

describe('Ctrl-C', () => {
  /** Processes below one, with their program's name. */
  function below(pid: number): { pid: number; name: string }[] {
    try {
      return readdirSync(`/proc/${pid}/task`).flatMap((task) => {
        const children = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim();
        return (children ? children.split(' ') : []).map(Number).flatMap((child) => {
          const name = readFileSync(`/proc/${child}/comm`, 'utf8').trim();
          return [{ pid: child, name }, ...below(child)];
        });
      });
    } catch {
      return []; // it ended meanwhile
    }
  }

  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s while a machine runs: 130, no QEMU left, nothing recorded',
    async (signal) => {
      const child = start(['check', await folderWith('solution')]);
      let out = '';
      child.stdout!.on('data', (chunk: Buffer) => (out += chunk.toString()));
      child.stderr!.resume();
      const closed = once(child, 'close') as Promise<[number | null, string | null]>;
      let seen: ReturnType<typeof below> = [];
      while (child.exitCode === null && !seen.some(({ name }) => name.startsWith('qemu-system'))) {
        await sleep(5);
        seen = below(child.pid!);
      }
      expect(child.exitCode, 'it ended before a machine was seen').toBeNull();
      child.kill(signal);
      const killedAt = Date.now();
      expect(await closed).toEqual([130, null]);
      expect(Date.now() - killedAt).toBeLessThan(15_000);
      for (let i = 0; i < 40 && seen.some(({ pid }) => existsSync(`/proc/${pid}`)); i++) await sleep(50);
      expect(seen.filter(({ pid }) => existsSync(`/proc/${pid}`))).toEqual([]);
      expect(history()).toEqual([]);
      expect(out).not.toMatch(/PASS|FAIL/);
    },
  );
});
