// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { findReports } from '../console/index.ts';
import { ms } from '../machine/calls.ts';
import { readGuestFile } from '../machine/guest-file.ts';
import { changes, type Change } from '../machine/integrity.ts';
import type { Machine } from '../machine/machine.ts';
import { pageSize } from '../machine/memory.ts';
import { suspects } from '../machine/suspects.ts';
import { sys } from '../machine/syscalls.ts';
import type { Template } from '../machine/template.ts';
import { GuestDown, GuestHangs } from '../machine/vital.ts';
import { BringupError } from '../shared/errors.ts';
import { messagesOf } from './findings.ts';
import type { Observation } from './judge.ts';
import { residue } from './residue.ts';
import type { Rig } from './rig.ts';
import type { CheckRun } from './run.ts';

/** Looks a machine over at the end of a run; what can be seen from outside is seen from outside. */
export async function observe(
  { machine, belongings }: Rig,
  template: Template,
  run: CheckRun,
): Promise<Observation> {
  const alive = run.fatal === undefined;
  const unloaded = alive && run.stuck.length === 0;
  const found = unloaded ? await inGuest([], () => residue(machine, template, freeSlot(machine))) : [];
  const left = found.filter((name) => !belongings.includes(name));
  // A scan takes seconds. It is worth it when something suspicious is there and nothing else has been found:
  // allocation profiling knows only what the module's own code allocated, and a line that only looks like its
  // report is not enough: it must be one that the judge counts.
  const reported = findReports(messagesOf(machine.logSinceStart())).some(
    ({ kind, allocated }) => kind === 'leak' && allocated,
  );
  const original = originals(template);
  const look = (): Change[] => changes(machine, template, original.page);
  try {
    const some = (): boolean => (suspects(machine.space, template, run.since) ?? 0) > 0;
    let suspicious = unloaded && !reported && left.length === 0 && some() && look().length === 0;
    if (suspicious) {
      await inGuest(undefined, () => dropCaches(machine));
      suspicious = some();
    }
    const leaks = suspicious ? await inGuest('', () => scan(machine)) : '';
    // The last look at the log and the code comes after the last thing done in the guest.
    return {
      records: machine.logSinceStart(),
      lost: machine.logLost,
      changes: look(),
      taint: machine.space.word(machine.space.symbol('tainted_mask') ?? 0n),
      leaks,
      residue: left,
    };
  } finally {
    original.close();
  }
}

/** The learner's code may have left a guest that does not answer; then this look tells nothing. */
async function inGuest<T>(otherwise: T, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof GuestDown || error instanceof GuestHangs) return otherwise;
    if (error instanceof BringupError && error.code === 'E-MACHINE-AGENT') return otherwise;
    throw error;
  }
}

function freeSlot(machine: Machine): number {
  const busy = new Set(machine.caller.busy);
  const free = [...machine.taskPids().keys()].find((slot) => !busy.has(slot));
  if (free === undefined) throw new BringupError('E-MACHINE-AGENT', 'no task is free');
  return free;
}

type Invoke = (nr: number, ...args: bigint[]) => Promise<bigint>;

/** Calls in a task that is free, and the start of its part of the arena. */
function free(machine: Machine): { call: Invoke; start: bigint } {
  const slot = freeSlot(machine);
  const call: Invoke = async (nr, ...args) => {
    const outcome = await machine.caller.settle(await machine.caller.ask(slot, { nr, args }), ms(120_000));
    return outcome?.ret ?? -1n;
  };
  return { call, start: machine.arenaOf(slot).start };
}

/** Names that somebody looked up keep what they named (of sysfs, say) in memory after it is gone; this lets go of them. */
async function dropCaches(machine: Machine): Promise<void> {
  const { call, start } = free(machine);
  machine.mailbox.put(start, Buffer.from('/proc/sys/vm/drop_caches\0'));
  const fd = await call(sys.open, start, 1n);
  machine.mailbox.put(start, Buffer.from('2'));
  // A name that was used since the last time is spared once.
  for (let i = 0; i < 2; i++) await call(sys.write, fd, start, 1n);
  await call(sys.close, fd);
  await machine.caller.pass(ms(50)); // freed after a grace period
}

const scanSeconds = 60; // of processor time, of which a scan takes about three

/**
 * Asks kmemleak, which reports an object that two scans found no pointer to and that is older than five
 * seconds (Documentation/dev-tools/kmemleak.rst).
 */
async function scan(machine: Machine): Promise<string> {
  const { call, start } = free(machine);
  machine.mailbox.put(start, Buffer.from('/sys/kernel/debug/kmemleak\0'));
  const fd = await call(sys.open, start, 1n);
  machine.vital.patience = scanSeconds;
  for (let i = 0; i < 2; i++) {
    await machine.caller.pass(ms(6000));
    machine.mailbox.put(start, Buffer.from('scan'));
    await call(sys.write, fd, start, 4n);
  }
  await call(sys.close, fd);
  return (await readGuestFile(machine, '/sys/kernel/debug/kmemleak')).toString('latin1');
}

/** Pages of the template's memory. */
function originals(template: Template): { page: (ram: number) => Buffer; close: () => void } {
  const fd = openSync(join(template.folder, 'ram'), 'r');
  return {
    page: (ram) => {
      const bytes = Buffer.alloc(pageSize);
      readSync(fd, bytes, 0, pageSize, ram);
      return bytes;
    },
    close: () => closeSync(fd),
  };
}
