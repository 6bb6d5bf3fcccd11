// SPDX-License-Identifier: Apache-2.0
import { BringupError } from '../shared/errors.ts';
import type { Machine } from './machine.ts';
import { ms } from './calls.ts';
import { sys } from './syscalls.ts';

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
  const call = async (nr: number, ...args: bigint[]): Promise<bigint> => {
    const outcome = await machine.caller.settle(await machine.caller.ask(1, { nr, args }), ms(60_000));
    if (!outcome || outcome.ret < 0n) {
      throw new BringupError('E-MACHINE-AGENT', `${path} could not be read in the machine (${outcome?.ret ?? 'no answer'})`);
    }
    return outcome.ret;
  };
  machine.mailbox.put(start, Buffer.from(`${path}\0`));
  const fd = await call(sys.open, start, 0n, 0n);
  if (part.offset) await call(sys.lseek, fd, BigInt(part.offset), 0n);
  const parts: Buffer[] = [];
  for (let left = part.length ?? Infinity; left > 0; ) {
    const count = await call(sys.read, fd, start, BigInt(Math.min(left, size)));
    if (count === 0n) break;
    parts.push(machine.mailbox.get(start, Number(count)));
    left -= Number(count);
  }
  await call(sys.close, fd);
  return Buffer.concat(parts);
}
