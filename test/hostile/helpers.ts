// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, expect } from 'vitest';
import { attempt, type AttemptOptions } from '../../src/lab/attempt.ts';
import { prepareBench, type Bench } from '../../src/lab/bench.ts';
import { findLab } from '../../src/lab/lab.ts';
import type { Finding, Verdict } from '../../src/lab/verdict.ts';
import { readSources, type Sources } from '../../src/lab/workspace.ts';
import { cacheFolder } from '../../src/shared/paths.ts';

/** A folder that is gone when the test file is over. */
export const scratch = mkdtempSync(join(tmpdir(), 'bringup-hostile-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** A cache whose builds are its own; `shared` folders are those of the real one. */
export function privateCache(name: string, shared: readonly string[]): string {
  const folder = join(scratch, name);
  mkdirSync(folder);
  for (const part of shared) {
    mkdirSync(join(realCache, part), { recursive: true });
    symlinkSync(join(realCache, part), join(folder, part));
  }
  return folder;
}

const realCache = cacheFolder();
const made = ['kits', 'kernels', 'agents', 'sources'];
process.env['BRINGUP_CACHE'] = privateCache('cache', [...made, 'templates', 'locks']);

export const lab = findLab('char-echo');
export const solution = readSources(join(lab.folder, 'solution'));

let bench: Promise<Bench> | undefined;
export const theBench = (): Promise<Bench> => (bench ??= prepareBench(lab));

/** The judgement of sources, with a seed that does not change. */
export async function judged(
  sources: Sources | (() => Sources),
  options: Partial<AttemptOptions> = {},
): Promise<Verdict> {
  const read = typeof sources === 'function' ? sources : (): Sources => sources;
  return attempt(lab, read, await theBench(), { seed: 7, key: 'hostile', ...options });
}

export const files = (contents: Record<string, string>): Sources =>
  new Map(Object.entries(contents).map(([name, text]) => [name, Buffer.from(text)]));

/** C that does harm in a module that is otherwise right: `top` before init, `init` and `exit` inside. */
export interface Harm {
  top?: string;
  init?: string;
  exit?: string;
  /** In place of misc_deregister(). */
  deregister?: string;
  license?: string;
}

const lookup = `// What follows is GPL-2.0-only like the solution it is put into.
#include <linux/kprobes.h>

static unsigned long probed(const char *name)
{
	struct kprobe probe = { .symbol_name = name };
	unsigned long address;

	if (register_kprobe(&probe))
		return 0;
	address = (unsigned long)probe.addr;
	unregister_kprobe(&probe);
	return address;
}

static __maybe_unused void *symbol(const char *name)
{
	unsigned long (*find)(const char *) = (void *)probed("kallsyms_lookup_name");

	return find ? (void *)find(name) : NULL;
}
`;

/** The lab's solution with harm in it; `symbol()` finds what the kernel does not export. */
export function harmful(harm: Harm): Sources {
  const right = solution.get('echo.c')!.toString();
  const registration = `${lookup}${harm.top ?? ''}
static int __init harm_init(void)
{
	int ret = misc_register(&echo_device);

	if (ret)
		return ret;
	${harm.init ?? ''}
	return 0;
}
module_init(harm_init);

static void __exit harm_exit(void)
{
	${harm.exit ?? ''}
	${harm.deregister ?? 'misc_deregister(&echo_device);'}
}
module_exit(harm_exit);
`;
  const text = right
    .replace('module_misc_device(echo_device);', () => registration)
    .replace('MODULE_LICENSE("GPL")', `MODULE_LICENSE("${harm.license ?? 'GPL'}")`);
  if (!text.includes(registration)) throw new Error('the solution of the lab is not as expected');
  return new Map([...solution, ['echo.c', Buffer.from(text)]]);
}

export const kinds = (verdict: Verdict): Finding['kind'][] => verdict.findings.map(({ kind }) => kind);

/** Everything a verdict says to the learner. */
export function said(verdict: Verdict): string {
  const findings = verdict.findings.map(({ kind, title, detail }) => `${kind}: ${title}; ${detail}`);
  const evidence = verdict.requirements.map(({ evidence = '' }) => evidence);
  return [...findings, ...evidence, verdict.error?.message ?? ''].filter(Boolean).join('\n');
}

/** Milliseconds on an idle host, as they may be on one that is busy. */
export const onBusyHost = (ms: number): number => ms * Math.max(1, loadavg()[0]! / availableParallelism());

const times: string[] = [];

/** Notes how long a verdict took; printed at the end of the file. */
export function timed(name: string, verdict: Verdict): void {
  const first = said(verdict).split('\n')[0]!.slice(0, 140);
  times.push(`${name} → ${verdict.outcome} → ${(verdict.timings.total / 1000).toFixed(1)} s → ${first}`);
}
afterAll(() => {
  if (times.length > 0) console.log(times.join('\n'));
});

/** Processes below this one: program names. */
export function descendants(): string[] {
  const names: string[] = [];
  const visit = (pid: string): void => {
    try {
      for (const task of readdirSync(`/proc/${pid}/task`)) {
        const children = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim();
        for (const child of children ? children.split(' ') : []) {
          const comm = readFileSync(`/proc/${child}/comm`, 'utf8').trim();
          if (comm !== 'esbuild') names.push(`${comm} ${child}`);
          visit(child);
        }
      }
    } catch {
      // it ended meanwhile
    }
  };
  visit('self');
  return names;
}

/** The process ids of the machines that run now. */
export const machinePids = (): number[] =>
  descendants()
    .filter((name) => name.startsWith('qemu-system'))
    .map((name) => Number(name.split(' ')[1]));

/** Fails when a process, or a half-made template, is left after two seconds. */
export async function expectNothingLeft(): Promise<void> {
  for (let i = 0; i < 40 && descendants().length > 0; i++) await sleep(50);
  expect(descendants(), 'processes left behind').toEqual([]);
  const locks = cacheFolder('locks');
  const held = existsSync(locks) ? readdirSync(locks).filter((name) => holds(join(locks, name))) : [];
  expect(held, 'locks still held').toEqual([]);
}

function holds(lock: string): boolean {
  try {
    return readFileSync(lock, 'utf8').split(' ')[0] === String(process.pid);
  } catch {
    return false;
  }
}

afterEach(expectNothingLeft);
