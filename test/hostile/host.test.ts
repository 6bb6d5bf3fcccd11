// SPDX-License-Identifier: Apache-2.0
// What can happen to the host in the middle of it all: never the learner's fault, and nothing is lost.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attempt } from '../../src/lab/attempt.ts';
import { prepareBench } from '../../src/lab/bench.ts';
import { readyRig } from '../../src/lab/rig.ts';
import { isRoot, sandboxed } from '../../src/kit/sandbox.ts';
import { Machine } from '../../src/machine/machine.ts';
import { getTemplate, type Template } from '../../src/machine/template.ts';
import { withLock } from '../../src/shared/lock.ts';
import { cacheFolder } from '../../src/shared/paths.ts';
import {
  harmful,
  judged,
  lab,
  machinePids,
  onBusyHost,
  privateCache,
  said,
  scratch,
  solution,
  theBench,
  timed,
} from './helpers.ts';

beforeAll(theBench);

/** Kills QEMU once it runs, `after` milliseconds later. */
async function killMachine(after: number): Promise<void> {
  for (let i = 0; i < 400 && machinePids().length === 0; i++) await sleep(5);
  await sleep(after);
  for (const pid of machinePids()) process.kill(pid, 'SIGKILL');
}

describe('QEMU ends in the middle', () => {
  test.for([0, 50, 150])('killed %d ms after its start', async (after) => {
    const [verdict] = await Promise.all([
      judged(harmful({ init: 'for (;;) cpu_relax();' })),
      killMachine(after),
    ]);
    timed(`QEMU killed after ${after} ms`, verdict);
    expect(verdict.outcome, said(verdict)).toBe('inconclusive');
    expect(['E-MACHINE-LOST', 'E-MACHINE-START']).toContain(verdict.error?.code);
    expect(verdict.error?.next).not.toBe('');
    expect((await judged(solution)).outcome).toBe('pass');
  });

  test('killed while a module hangs', async () => {
    const rig = readyRig(await theBench(), 1);
    await rig;
    const [verdict] = await Promise.all([
      judged(harmful({ init: 'local_irq_disable(); for (;;) cpu_relax();' }), { ready: rig }),
      killMachine(4000),
    ]);
    timed('QEMU killed during a hang', verdict);
    expect(verdict.outcome, said(verdict)).toBe('inconclusive');
    expect(verdict.error?.code).toBe('E-MACHINE-LOST');
  });
});

test('two attempts at once are both judged right', async () => {
  const wrong = harmful({ init: 'return -EPERM;' });
  const verdicts = await Promise.all([
    judged(solution, { key: 'one' }),
    judged(wrong, { key: 'two' }),
    judged(solution, { key: 'one' }),
    judged(wrong, { key: 'one' }),
  ]);
  expect(verdicts.map(({ outcome, error }) => error?.message ?? outcome)).toEqual([
    'pass',
    'fail',
    'pass',
    'fail',
  ]);
});

describe('a template that is not whole', () => {
  const outside = cacheFolder();
  let template: Template;

  beforeAll(async () => {
    ({ template } = await theBench());
    process.env['BRINGUP_CACHE'] = privateCache('templates-of-its-own', [
      'kits',
      'kernels',
      'agents',
      'sources',
    ]);
  });
  afterAll(() => {
    rmSync(cacheFolder('templates'), { recursive: true, force: true });
    process.env['BRINGUP_CACHE'] = outside;
  });

  const own = (): string => cacheFolder('templates', template.id);
  const damaged = (damage: () => void): void => {
    rmSync(cacheFolder('templates'), { recursive: true, force: true });
    mkdirSync(cacheFolder('templates'), { recursive: true });
    execFileSync('cp', ['-a', template.folder, own()]); // with its owner
    damage();
  };
  const used = async (signal?: AbortSignal): Promise<{ remade: boolean }> => {
    let remade = false;
    const { kit, judge } = await theBench();
    const found = await getTemplate(kit, judge, 'steady', {
      onProgress: () => (remade = true),
      ...(signal && { signal }),
    });
    const machine = await Machine.restore(found);
    await machine.stop();
    expect(readdirSync(cacheFolder('templates'))).toEqual([template.id]);
    return { remade };
  };

  test('a whole one is used as it is', async () => {
    damaged(() => {});
    expect(await used()).toEqual({ remade: false });
  });

  test.for([
    ['without template.json', () => rmSync(join(own(), 'template.json'))],
    ['with half a template.json', () => truncateSync(join(own(), 'template.json'), 1000)],
    ['with half its memory', () => truncateSync(join(own(), 'ram'), 100 << 20)],
    ['with half its state', () => truncateSync(join(own(), 'state'), 100_000)],
    ['with a changed state', () => writeFileSync(join(own(), 'state'), Buffer.alloc(1), { flag: 'r+' })],
    ['without its memory', () => rmSync(join(own(), 'ram'))],
  ] as const)('one %s is not used', async ([, damage]) => {
    damaged(damage);
    await expect(used(AbortSignal.abort()), 'it begins to make another, and is stopped').rejects.toThrow();
    expect(readdirSync(cacheFolder('templates'))).toEqual([template.id]);
  });

  test('one that is not whole is made anew', async () => {
    damaged(() => truncateSync(join(own(), 'state'), 100_000));
    expect(await used()).toEqual({ remade: true });
    expect(await used()).toEqual({ remade: false });
  });

  test('making one is given up half-way', async () => {
    const { kit, judge } = await theBench();
    for (const after of [100, 1500, 4000]) {
      rmSync(own(), { recursive: true, force: true });
      const making = getTemplate(kit, judge, 'steady', { signal: AbortSignal.timeout(after) });
      await expect(making).rejects.toThrow();
      expect(readdirSync(cacheFolder('templates'))).toEqual([]);
      expect(existsSync(cacheFolder('locks', `template-${template.id}`))).toBe(false);
    }
  });
});

describe('the learner gives up', () => {
  // Through the build, the restoring, and the check, which hangs.
  test.for([0, 30, 120, 300, 700, 1500, 3000])('after %d ms', async (after) => {
    const start = performance.now();
    const verdict = await judged(harmful({ init: 'local_irq_disable(); for (;;) cpu_relax();' }), {
      key: 'given-up',
      signal: AbortSignal.timeout(after),
    });
    timed(`given up after ${after} ms`, verdict);
    expect(verdict.outcome, said(verdict)).toBe('inconclusive');
    expect(performance.now() - start).toBeLessThan(onBusyHost(after + 5000));
    expect((await judged(solution, { key: 'given-up' })).outcome).toBe('pass');
  });
});

describe('locks', () => {
  const lock = join(scratch, 'lock');

  test('one left by a process that is gone is taken over', async () => {
    const { pid } = spawnSync('true');
    writeFileSync(lock, `${pid} 1`);
    expect(await withLock(lock, async () => 'done', { patience: 2000 })).toBe('done');
    expect(existsSync(lock)).toBe(false);
  });

  test('one left by a process whose id another has now is taken over', async () => {
    writeFileSync(lock, `${process.pid} 1`);
    expect(await withLock(lock, async () => 'done', { patience: 2000 })).toBe('done');
  });

  test('one that a process died writing is taken over', async () => {
    writeFileSync(lock, '');
    try {
      expect(await withLock(lock, async () => 'done', { patience: 2000 })).toBe('done');
    } finally {
      rmSync(lock, { force: true });
    }
  });

  test('one that is held is waited for, and only one has it at a time', async () => {
    let inside = 0;
    const work = async (): Promise<void> => {
      expect(++inside).toBe(1);
      await sleep(20);
      inside--;
    };
    await Promise.all(Array.from({ length: 5 }, () => withLock(lock, work)));
    await withLock(lock, async () => {
      await expect(withLock(lock, work, { patience: 200 })).rejects.toMatchObject({ code: 'E-BUSY' });
    });
  });
});

test('a full disk is ours, and over when there is room again', async (context) => {
  const place = join(scratch, 'small');
  mkdirSync(place);
  if (
    !isRoot ||
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=755', 'tmpfs', place]).status !== 0
  ) {
    return context.skip('only root may mount a small disk');
  }
  const outside = process.env['BRINGUP_CACHE']!;
  try {
    for (const name of ['kits', 'kernels', 'agents', 'sources', 'templates'])
      symlinkSync(readLinkOf(outside, name), join(place, name));
    process.env['BRINGUP_CACHE'] = place;
    const bench = await prepareBench(lab);
    const fill = join(place, 'fill');
    for (const room of [0, 100 << 10, 1 << 20]) {
      writeFileSync(fill, '');
      spawnSync('dd', ['if=/dev/zero', `of=${fill}`, 'bs=64k'], { stdio: 'ignore' });
      truncateSync(fill, statSync(fill).size - room);
      const verdict = await attempt(lab, () => solution, bench, { seed: 7, key: `full-${room}` });
      timed(`${room >> 10} KiB of disk left`, verdict);
      // A megabyte may be enough; nothing may be blamed on the learner.
      const allowed = room < 1 << 20 ? ['E-HOST-DISK'] : ['E-HOST-DISK', 'pass'];
      expect(allowed, said(verdict)).toContain(verdict.error?.code ?? verdict.outcome);
      rmSync(fill);
    }
    expect((await attempt(lab, () => solution, bench, { seed: 7, key: 'full-0' })).outcome).toBe('pass');
  } finally {
    process.env['BRINGUP_CACHE'] = outside;
    execFileSync('umount', ['-l', place]);
  }
});

test('root needs no user namespaces', async (context) => {
  if (!isRoot) return context.skip('only root does without them');
  const { kit } = await theBench();
  const argv = sandboxed({ kit: kit.root }, ['sh', '-c', 'readlink /proc/self/ns/user; id -u']);
  expect(argv.join(' ')).not.toMatch(/--unshare-(user|all)/);
  const [namespace, uid] = execFileSync(argv[0]!, argv.slice(1), { encoding: 'utf8' }).trim().split('\n');
  expect(namespace).toBe(execFileSync('readlink', ['/proc/self/ns/user'], { encoding: 'utf8' }).trim());
  expect(uid).toBe('65534');
});

function readLinkOf(folder: string, name: string): string {
  return execFileSync('readlink', ['-f', join(folder, name)], { encoding: 'utf8' }).trim();
}

test('a machine that waited long for a slow build is not taken for one that hangs', async () => {
  const rig = await readyRig(await theBench(), 1);
  await sleep(onBusyHost(6_000)); // more than a hang is allowed, if it ran meanwhile
  const verdict = await judged(solution, { ready: Promise.resolve(rig) });
  timed('a machine that waited', verdict);
  expect(verdict.outcome, said(verdict)).toBe('pass');
});
