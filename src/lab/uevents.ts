// SPDX-License-Identifier: Apache-2.0
// Uevents as udev gets them: lib/kobject_uevent.c writes them, include/uapi/linux/netlink.h has the numbers.
import { sys } from '../machine/syscalls.ts';
import { OpenFile } from './open-file.ts';
import { SyscallError } from './pending.ts';
import type { Task } from './task.ts';

export type Action = 'add' | 'remove' | 'change' | 'move' | 'online' | 'offline' | 'bind' | 'unbind';
/** Variable → value: ACTION, DEVPATH, SUBSYSTEM, and what the driver added. */
export type Uevent = Record<string, string>;

const netlink = { family: 16, raw: 3, uevents: 15, kernelGroup: 1 };
const longest = 8192;
const dontWait = 0x40;

/** A socket that hears the kernel's uevents. */
export class Uevents {
  /** read() of it waits for the next one. */
  readonly file: OpenFile;

  constructor(file: OpenFile) {
    this.file = file;
  }

  /** Those that have come since the last time. */
  async take(): Promise<Uevent[]> {
    const { task, fd } = this.file;
    const events: Uevent[] = [];
    for (;;) {
      const [address] = task.buffers(Buffer.alloc(longest));
      try {
        const length = await task.call(
          'recvfrom',
          [fd, address!, longest, dontWait, 0, 0],
          'receiving uevents',
        );
        events.push(parse(task.bytes(address!, Number(length))));
      } catch (error) {
        if (error instanceof SyscallError && error.errno === 'EAGAIN') return events;
        throw error;
      }
    }
  }
}

/** Opens a socket in a task; `only` lets nothing but one action through. */
export async function listen(task: Task, only?: Action): Promise<Uevents> {
  const { family, raw, uevents, kernelGroup } = netlink;
  const socket = { nr: sys.socket, args: [BigInt(family), BigInt(raw), BigInt(uevents)] };
  const file = await task.make('socket() for uevents', socket, ({ ret }) => {
    task.openFiles.set(ret, 'the socket for uevents');
    return new OpenFile(task, ret, 'the socket for uevents');
  });
  if (only) await filter(file, only);
  const address = Buffer.alloc(12);
  address.writeUInt16LE(family, 0);
  address.writeUInt32LE(kernelGroup, 8);
  const [where] = task.buffers(address);
  await task.call('bind', [file.fd, where!, address.length], 'bind() for uevents');
  return new Uevents(file);
}

/** A message begins with `add@/devices/…`: a classic BPF program of four instructions looks at its first four bytes. */
async function filter({ task, fd }: OpenFile, only: Action): Promise<void> {
  const first = Buffer.from(`${only}@`).readUInt32BE(0);
  const program = Buffer.alloc(32);
  const instructions = [
    [0x20, 0, 0], // load the word at 0
    [0x15, 1 << 8, first], // go on if it is the wanted one, else skip one
    [0x06, 0, 0xffffffff], // take all of it
    [0x06, 0, 0], // take nothing
  ] as const;
  for (const [i, [code, skip, value]] of instructions.entries()) {
    program.writeUInt16LE(code, i * 8);
    program.writeUInt16LE(skip, i * 8 + 2);
    program.writeUInt32LE(value, i * 8 + 4);
  }
  const head = Buffer.alloc(16);
  head.writeUInt16LE(instructions.length, 0);
  // The arena is filled from its start each time: the second time with the address in it.
  const [, where] = task.buffers(head, program);
  head.writeBigUInt64LE(where!, 8);
  const [start] = task.buffers(head, program);
  const [solSocket, soAttachFilter] = [1, 26];
  await task.call('setsockopt', [fd, solSocket, soAttachFilter, start!, head.length], 'choosing uevents');
}

/** `add@/devices/x\0ACTION=add\0…` */
function parse(message: Buffer): Uevent {
  const variables = message.toString('latin1').split('\0').slice(1);
  return Object.fromEntries(
    variables.filter(Boolean).map((text) => {
      const at = text.indexOf('=');
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
