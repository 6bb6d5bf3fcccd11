// SPDX-License-Identifier: Apache-2.0
import type { AddressSpace } from './address-space.ts';
import { pageSize } from './memory.ts';
import type { Machine } from './machine.ts';
import type { Template } from './template.ts';

/** Something that must not change in a run and did. `detector` for switches of the detectors. */
export interface Change {
  kind: 'code' | 'agent' | 'detector';
  what: string;
}

const endbr = 4;
const nopBytes = [0x0f, 0x1f, 0x44, 0x00, 0x00]; // what ftrace leaves where a function could be traced

/**
 * Compares a machine at the end of a run with its template, from outside: the kernel's code and
 * read-only data, the agent's code, and the switches of the detectors. The kernel rewrites its own code
 * at known sites (static keys, static calls, ftrace); those may differ.
 */
export function changes(machine: Machine, template: Template, original: (ram: number) => Buffer): Change[] {
  const { survey } = template;
  const found: Change[] = [];
  const patched = new Set<number>();
  for (const [address, length] of survey.patchSites) {
    const ram = machine.space.ram(BigInt(address));
    for (let i = 0; ram !== undefined && i < length; i++) patched.add(ram + i);
  }
  for (const { start, end } of survey.fixed) {
    const ram = machine.space.ram(BigInt(start));
    if (ram === undefined) continue;
    for (const page of machine.memory.changedPages(ram, Number(BigInt(end) - BigInt(start)))) {
      const at = firstDifference(machine.memory.bytes(page, pageSize), original(page), page, patched);
      if (at === undefined) continue;
      const address = BigInt(start) + BigInt(at - ram);
      found.push({
        kind: 'code',
        what: `the kernel's own code or read-only data at 0x${address.toString(16)} was changed`,
      });
    }
  }
  for (const page of survey.agentText) {
    if (machine.memory.changedPages(page, pageSize).length === 0) continue;
    if (machine.memory.bytes(page, pageSize).equals(original(page))) continue;
    found.push({ kind: 'agent', what: 'the code of the agent that makes the system calls was changed' });
    break;
  }
  machine.mailbox.refresh();
  if (!machine.mailbox.intact)
    found.push({ kind: 'agent', what: 'the mailbox of the agent was overwritten' });
  return [...found.slice(0, 5), ...detectorChanges(machine.space, template)];
}

function firstDifference(now: Buffer, before: Buffer, ram: number, patched: Set<number>): number | undefined {
  for (let i = 0; i < pageSize; i++) {
    if (now[i] === before[i] || patched.has(ram + i)) continue;
    if (!tracedSite(now, before, i)) return ram + i;
  }
  return undefined;
}

/** ftrace turns its 5-byte no-operation into a call and back. */
function tracedSite(now: Buffer, before: Buffer, at: number): boolean {
  for (let start = at; start > at - nopBytes.length - endbr && start >= 0; start--) {
    if (nopBytes.every((byte, i) => before[start + i] === byte)) return now[start] === 0xe8;
  }
  return false;
}

function detectorChanges(space: AddressSpace, template: Template): Change[] {
  const changed: Change[] = [];
  for (const { name, address, bytes, value } of template.survey.sentinels) {
    const now = space.bytes(BigInt(address), bytes)?.toString('hex');
    if (now !== value) changed.push({ kind: 'detector', what: name });
  }
  for (const comm of tasksWithKasanOff(space, template)) {
    changed.push({ kind: 'detector', what: `KASAN is switched off for the task ${comm}` });
  }
  return changed;
}

/** Tasks for which KASAN reports nothing (task_struct.kasan_depth, see kasan_disable_current()). */
function tasksWithKasanOff(space: AddressSpace, template: Template): string[] {
  const offsets = template.structs?.['task_struct'];
  const init = space.symbol('init_task');
  if (!offsets || init === undefined) return [];
  const names: string[] = [];
  let task = init;
  for (let count = 0; count < 1000; count++) {
    if (space.int(task + BigInt(offsets['kasan_depth']!)) !== 0) {
      const comm = space.bytes(task + BigInt(offsets['comm']!), 16)?.toString('latin1') ?? '?';
      names.push(comm.slice(0, comm.indexOf('\0')));
    }
    task = space.word(task + BigInt(offsets['tasks']!)) - BigInt(offsets['tasks']!);
    if (task === init || space.ram(task) === undefined) break;
  }
  return names;
}
