// SPDX-License-Identifier: Apache-2.0
import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { run } from './run.ts';

const sh = (script: string): string[] => ['sh', '-c', script];

describe('a program that ends by itself', () => {
  test('gives both outputs apart and its status', async () => {
    const result = await run(sh('echo out; echo err >&2; exit 7'));
    expect(result.stdout.toString()).toBe('out\n');
    expect(result.stderr.toString()).toBe('err\n');
    expect(result.status).toBe(7);
    expect(result.ended).toBeUndefined();
  });

  test('reads its input and runs where and with what it was told', async () => {
    const result = await run(sh('cat; pwd; echo "$WORD"'), {
      cwd: tmpdir(),
      env: { PATH: process.env['PATH'], WORD: 'hello' },
      input: 'in\n',
    });
    expect(result.stdout.toString()).toBe(`in\n${tmpdir()}\nhello\n`);
  });

  test('that never reads a large input is no error', async () => {
    const result = await run(sh('exit 3'), { input: Buffer.alloc(1 << 20) });
    expect(result.status).toBe(3);
  });

  test('tells of its process and of each piece of output', async () => {
    let pid = 0;
    const pieces: string[] = [];
    const result = await run(sh('echo $$; echo more >&2'), {
      onStart: (id) => (pid = id),
      onOutput: (chunk) => pieces.push(chunk.toString()),
    });
    expect(Number(result.stdout.toString())).toBe(pid);
    expect(pieces.join('')).toContain('more\n');
  });

  test.each([
    ['KILL', 137],
    ['TERM', 143],
    ['SEGV', 139],
  ])('by signal %s has status %i, as in a shell', async (signal, status) => {
    expect((await run(sh(`kill -${signal} $$`))).status).toBe(status);
  });
});

describe('a program that is ended', () => {
  test('by its deadline says so and keeps what it printed', async () => {
    const result = await run(sh('echo first; exec sleep 60'), { deadline: 300 });
    expect(result).toMatchObject({ ended: 'deadline', status: 137 });
    expect(result.stdout.toString()).toBe('first\n');
  });

  test('is not waited for when a child of it holds its output open', async () => {
    const start = Date.now();
    const result = await run(sh('sleep 8; true'), { deadline: 200 });
    expect(result.ended).toBe('deadline');
    expect(Date.now() - start).toBeLessThan(5000);
  });

  test('by its output keeps no more than the limit', async () => {
    const result = await run(['yes'], { maxOutput: 100_000, deadline: 20_000 });
    expect(result.ended).toBe('output');
    expect(result.stdout.length).toBeLessThanOrEqual(100_000);
  });

  test('counts both outputs for the limit', async () => {
    const half = 'head -c 6000 /dev/zero';
    const result = await run(sh(`${half}; ${half} >&2`), { maxOutput: 10_000 });
    expect(result.ended).toBe('output');
  });

  test('by its caller says so', async () => {
    const abort = new AbortController();
    const result = await run(['sleep', '60'], { signal: abort.signal, onStart: () => abort.abort() });
    expect(result.ended).toBe('aborted');
  });

  test('by a caller who gave up before it started ends too', async () => {
    const result = await run(['sleep', '4'], { signal: AbortSignal.abort() });
    expect(result.ended).toBe('aborted');
  });
});

test('a program that is not there is E-HOST-PACKAGES and named', async () => {
  await expect(run(['bringup-no-such-program'])).rejects.toMatchObject({
    code: 'E-HOST-PACKAGES',
    message: expect.stringContaining('bringup-no-such-program') as string,
  });
});

test('a working folder that is not there is not taken for a missing program', async () => {
  const attempt = run(['true'], { cwd: '/nonexistent-folder' });
  await expect(attempt).rejects.toThrow();
  await expect(attempt).rejects.not.toMatchObject({ code: 'E-HOST-PACKAGES' });
});
