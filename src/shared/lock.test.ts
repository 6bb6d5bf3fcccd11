// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { lockHolder, processStart, withLock } from './lock.ts';

const temp = mkdtempSync(join(tmpdir(), 'bringup-lock-'));
afterAll(() => rmSync(temp, { recursive: true, force: true }));

let count = 0;
let file = '';
beforeEach(() => (file = join(temp, `${++count}`, 'the-lock')));

/** A real process that runs a script with withLock() and the lock's file at hand. */
function child(script: string): ReturnType<typeof spawn> {
  const source = `
    import { readFileSync, writeFileSync } from 'node:fs';
    import { setTimeout as sleep } from 'node:timers/promises';
    const { withLock } = await import(${JSON.stringify(new URL('./lock.ts', import.meta.url).href)});
    const file = ${JSON.stringify(file)};
    ${script}`;
  return spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', source],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
}

/** The id of a process that has ended. */
async function deadProcess(): Promise<number> {
  const process = spawn('true');
  await once(process, 'close');
  return process.pid!;
}

const dead = async (): Promise<string> => `${await deadProcess()} 12345`;

describe('withLock', () => {
  test('gives the result and leaves no lock', async () => {
    expect(await withLock(file, async () => lockHolder(file))).toBe(process.pid);
    expect(existsSync(file)).toBe(false);
  });

  test('is let go of when the work throws', async () => {
    await expect(withLock(file, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(existsSync(file)).toBe(false);
  });

  test('two of this process do not overlap', async () => {
    const events: string[] = [];
    const one = async (name: string): Promise<void> => {
      events.push(`${name} in`);
      await new Promise((resolve) => setTimeout(resolve, 30));
      events.push(`${name} out`);
    };
    await Promise.all([withLock(file, () => one('a')), withLock(file, () => one('b'))]);
    expect(events).toEqual(['a in', 'a out', 'b in', 'b out']);
  });

  test('two processes never hold it at once', { timeout: 60_000 }, async () => {
    const counter = join(temp, `counter-${count}`);
    writeFileSync(counter, '0');
    // Not atomic: an overlap loses an addition. Each asks again at once, so that one always
    // looks at the lock while the other lets go of it.
    const script = `
      for (let i = 0; i < 6; i++) {
        await withLock(file, async () => {
          const value = Number(readFileSync(${JSON.stringify(counter)}, 'utf8'));
          await sleep(15);
          writeFileSync(${JSON.stringify(counter)}, String(value + 1));
        });
        await sleep(1);
      }`;
    const children = [child(script), child(script)];
    const results = await Promise.all(children.map((one) => once(one, 'close')));
    expect(results.map(([status]) => status as number)).toEqual([0, 0]);
    expect(readFileSync(counter, 'utf8')).toBe('12');
    expect(existsSync(file)).toBe(false);
  });

  test('a lock of a process that died is taken over', async () => {
    await withLock(file, async () => {}); // makes the folder
    writeFileSync(file, await dead());
    expect(lockHolder(file)).toBeUndefined();
    const start = Date.now();
    expect(await withLock(file, async () => lockHolder(file))).toBe(process.pid);
    expect(Date.now() - start).toBeLessThan(2000);
  });

  test(
    'a lock of a process that was killed while it held it is taken over',
    { timeout: 30_000 },
    async () => {
      const holder = child(
        `await withLock(file, async () => { console.log('held'); await sleep(60_000); });`,
      );
      await once(holder.stdout!, 'data');
      expect(lockHolder(file)).toBe(holder.pid);
      holder.kill('SIGKILL');
      await once(holder, 'close');
      expect(await withLock(file, async () => 'mine', { patience: 5000 })).toBe('mine');
    },
  );

  test('a process with the number of the dead holder is not taken for it', async () => {
    await withLock(file, async () => {});
    writeFileSync(file, `${process.pid} 1`); // this process began later
    expect(await withLock(file, async () => 'mine', { patience: 2000 })).toBe('mine');
  });

  test('a file that a crash left empty does not lock for ever', async () => {
    await withLock(file, async () => {});
    writeFileSync(file, '');
    expect(await withLock(file, async () => 'mine', { patience: 2000 })).toBe('mine');
  });

  test('patience ends in E-BUSY, naming the holder, and the lock stays his', async () => {
    await withLock(file, async () => {
      const told: number[] = [];
      const second = withLock(file, async () => 'never', { patience: 150, onWait: (pid) => told.push(pid) });
      await expect(second).rejects.toMatchObject({
        code: 'E-BUSY',
        message: expect.stringContaining(String(process.pid)) as string,
      });
      expect(told).toEqual([process.pid]);
      expect(lockHolder(file)).toBe(process.pid);
    });
  });
});

test('processStart tells processes apart and knows when one is gone', async () => {
  expect(processStart(process.pid)).toMatch(/^\d+$/);
  expect(processStart(process.pid)).toBe(processStart(process.pid));
  expect(processStart(1)).not.toBe(processStart(process.pid));
  expect(processStart(await deadProcess())).toBeUndefined();
});
