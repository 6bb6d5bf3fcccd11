// SPDX-License-Identifier: Apache-2.0
import { BringupError } from '../shared/errors.ts';
import type { Machine } from './machine.ts';
import { ms } from './calls.ts';
import { sys } from './syscalls.ts';

/** No file or folder the engine reads is longer; the learner's code may have forged what it sees. */
const longest = 32 << 20;

type Invoke = (nr: number, ...args: bigint[]) => Promise<bigint>;

function callerFor(machine: Machine, path: string, slot: number): Invoke {
  return async (nr, ...args) => {
    const outcome = await machine.caller.settle(await machine.caller.ask(slot, { nr, args }), ms(60_000));
    if (!outcome || outcome.ret < 0n) {
      throw new BringupError(
        'E-MACHINE-AGENT',
        `${path} could not be read in the machine (${outcome?.ret ?? 'no answer'})`,
      );
    }
    return outcome.ret;
  };
}

function forged(path: string): BringupError {
  return new BringupError('E-MACHINE-AGENT', `reading ${path} in the machine gave what no kernel gives`);
}

/** Names in a folder of the guest, but for process ids; [] when there is no such folder. */
export async function listGuestFolder(machine: Machine, path: string, slot = 1): Promise<string[]> {
  const { start, end } = machine.arenaOf(slot);
  const call = callerFor(machine, path, slot);
  machine.mailbox.put(start, Buffer.from(`${path}\0`));
  const fd = await call(sys.open, start, 0o200000n, 0n).catch(() => undefined); // O_DIRECTORY
  if (fd === undefined) return [];
  const names: string[] = [];
  for (;;) {
    const got = await call(sys.getdents64, fd, start, end - start);
    if (got === 0n) break;
    if (got > end - start || names.length > longest / 24) throw forged(path);
    const count = Number(got);
    const entries = machine.mailbox.get(start, count);
    // struct linux_dirent64: inode, offset, length of the entry (16 bits), type, name
    for (let at = 0; at < count; at += entries.readUInt16LE(at + 16)) {
      if (at + 24 > count || entries.readUInt16LE(at + 16) < 24) throw forged(path);
      const name = entries.toString('latin1', at + 19, entries.indexOf(0, at + 19));
      if (name !== '.' && name !== '..' && !/^\d+$/.test(name)) names.push(name);
    }
  }
  await call(sys.close, fd);
  return names;
}

/**
 * Reads a file of the guest through its first task, for the engine's own use. Throws E-MACHINE-AGENT
 * when the file can't be read: these are files every kernel has.
 */
export async function readGuestFile(
  machine: Machine,
  path: string,
  part: { offset?: number; length?: number } = {},
): Promise<Buffer> {
  const { start, size } = machine.mailbox.arena;
  const call = callerFor(machine, path, 1);
  machine.mailbox.put(start, Buffer.from(`${path}\0`));
  const fd = await call(sys.open, start, 0n, 0n);
  if (part.offset) await call(sys.lseek, fd, BigInt(part.offset), 0n);
  const parts: Buffer[] = [];
  for (let left = part.length ?? Infinity; left > 0;) {
    const count = await call(sys.read, fd, start, BigInt(Math.min(left, size)));
    if (count === 0n) break;
    if (count > size || parts.length * 64 > longest) throw forged(path);
    parts.push(machine.mailbox.get(start, Number(count)));
    left -= Number(count);
  }
  await call(sys.close, fd);
  return Buffer.concat(parts);
}
