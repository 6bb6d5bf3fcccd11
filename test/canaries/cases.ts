// SPDX-License-Identifier: Apache-2.0
// Which canaries there are, and what some of them need beside being loaded.
import { join } from 'node:path';
import type { Guest } from '../../src/lab/guest.ts';
import type { Task } from '../../src/lab/task.ts';
import { readSources } from '../../src/lab/workspace.ts';
import { repository } from '../../src/shared/paths.ts';

export interface Case {
  /** Name of its sample; that of the canary, unless another kernel reports it in its own way. */
  name: string;
  canary: string;
  flavor: 'core' | 'quick' | 'kcsan' | 'rt';
  /** Files written before, to see a slow report soon. */
  settings?: Record<string, string>;
  /** Seconds of guest time after which the load is not waited for any longer. */
  patience?: number;
  /** What brings the report about when loading does not; gives the text to read if it is not the log. */
  after?: (guest: Guest, loader: Task) => Promise<string | void>;
  /** Loads by a task of its own, that can be killed. */
  apart?: true;
}

export const sources = readSources(join(repository, 'test/canaries/module'));

const needs: Record<string, Partial<Case>> = {
  'rcu-stall': { settings: { '/sys/module/rcupdate/parameters/rcu_cpu_stall_timeout': '3' } },
  'soft-lockup': { settings: { '/proc/sys/kernel/watchdog_thresh': '1' } },
  'workqueue-lockup': { settings: { '/sys/module/workqueue/parameters/watchdog_thresh': '3' } },
  'hung-task': { settings: { '/proc/sys/kernel/hung_task_timeout_secs': '5' }, patience: 12 },
  'teardown-netdev': { patience: 15 },
  'leak-at-unload': { after: async (guest) => void (await guest.unload('canaries')) },
  'bad-rss-counter': { apart: true, after: kill },
  'bad-page-map': { after: mapAndUnmap },
  kmemleak: { after: scan },
};

/** Canaries that another kernel than core catches, or reports in another way: sample → canary, and kernel. */
const elsewhere: Record<string, Pick<Case, 'canary' | 'flavor'>> = {
  'list-del-bug': { canary: 'list-del', flavor: 'quick' },
  'oops-jump-lost': { canary: 'oops-jump-to-nowhere', flavor: 'quick' },
  'slab-double-free': { canary: 'slab-double-free', flavor: 'quick' },
  'slab-poison': { canary: 'slab-poison', flavor: 'quick' },
  'bad-page-state': { canary: 'bad-page-state', flavor: 'quick' },
  'kcsan-race': { canary: 'kcsan-race', flavor: 'kcsan' },
  'rt-irqs-off': { canary: 'rt-irqs-off', flavor: 'rt' },
};

async function kill(guest: Guest, loader: Task): Promise<void> {
  await guest.signal(loader, 'kill');
  await guest.sleep('100ms');
}

async function mapAndUnmap(guest: Guest): Promise<void> {
  const file = await guest.main.open('/dev/canary');
  const at = await guest.main.call('mmap', [0, 4096, 1, 1, file.fd, 0]);
  await guest.main.call('munmap', [at, 4096]);
}

/** As the engine asks kmemleak: two scans, of objects older than five seconds. */
async function scan(guest: Guest): Promise<string> {
  const path = '/sys/kernel/debug/kmemleak';
  const file = await guest.main.open(path, 'w');
  for (let i = 0; i < 2; i++) {
    await guest.sleep('6s');
    await file.write('scan').finishes(120_000_000_000n);
  }
  await file.close();
  return guest.readFile(path);
}

const text = [...sources].map(([, content]) => content.toString()).join('\n');
const onCore = [...text.matchAll(/^\t\{ "([\w-]+)", \w+ \},$/gm)].map((match) => match[1]!);

export const cases: Case[] = [
  ...onCore
    .filter((name) => !(name in elsewhere))
    .map((name) => ({ name, canary: name, flavor: 'core' as const, ...needs[name] })),
  ...Object.entries(elsewhere).map(([name, where]) => ({ name, ...where, ...needs[name] })),
];

/** What comments in the module say about lines: 'HERE', 'ALLOCATED', … → lines as 'file:line'. */
export function marked(canary: string): Map<string, string[]> {
  const marks = new Map<string, string[]>();
  for (const [file, content] of sources) {
    content
      .toString()
      .split('\n')
      .forEach((line, i) => {
        const match = /\/\* ([A-Z]+) ([\w-]+) \*\//.exec(line);
        if (match?.[2] !== canary) return;
        marks.set(match[1]!, [...(marks.get(match[1]!) ?? []), `${file}:${i + 1}`]);
      });
  }
  return marks;
}
