// SPDX-License-Identifier: Apache-2.0
import { closeSync, openSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import { BringupError } from '../shared/errors.ts';

export const pageSize = 4096;

/** Where guest RAM starts in guest-physical addresses, by machine type. */
export const ramBase = { q35: 0, virt: 0x4000_0000 } as const;

/**
 * The RAM of a running machine, read and written from the host through /proc/PID/mem of its QEMU
 * (proc_pid_mem(5)). Addresses are guest-physical. Nothing in the guest takes part or can tell.
 */
export class GuestMemory {
  readonly #mem: number;
  readonly #pagemap: number;
  readonly #file: string;
  /** Host-virtual address of the start of RAM in QEMU. */
  readonly #host: number;
  readonly size: number;

  /**
   * `pid` is QEMU's; `ramFile` the file its RAM was mapped from, by which the mapping is recognised.
   * Throws E-MACHINE-MEMORY when the host does not let us in.
   */
  constructor(pid: number, ramFile: string) {
    this.#file = `/proc/${pid}/mem`;
    try {
      const { host, size } = findMapping(pid, statSync(ramFile).ino);
      this.#host = host;
      this.size = size;
      this.#mem = openSync(this.#file, 'r+');
      this.#pagemap = openSync(`/proc/${pid}/pagemap`, 'r');
    } catch (error) {
      if (error instanceof BringupError) throw error;
      throw new BringupError(
        'E-MACHINE-MEMORY',
        `/proc/${pid}/mem of QEMU could not be opened: ${String(error)}`,
        {
          cause: error,
        },
      );
    }
  }

  /** Fills `into` with the bytes at `address`. Throws E-MACHINE-LOST once QEMU is gone. */
  read(address: number, into: Buffer): Buffer {
    this.#checked(address, into.length, () =>
      readSync(this.#mem, into, 0, into.length, this.#host + address),
    );
    return into;
  }

  /** Where RAM lies in a file that can be read while the machine runs. */
  get place(): { file: string; position: number } {
    return { file: this.#file, position: this.#host };
  }

  bytes(address: number, length: number): Buffer {
    return this.read(address, Buffer.allocUnsafe(length));
  }

  write(address: number, bytes: Buffer): void {
    this.#checked(address, bytes.length, () =>
      writeSync(this.#mem, bytes, 0, bytes.length, this.#host + address),
    );
  }

  /**
   * The pages of [address, address + length) that are this machine's own because it wrote to them; the
   * others are still the template's. Bit 61 of a pagemap entry tells a page of the file from a private
   * copy (Documentation/admin-guide/mm/pagemap.rst). Gives guest-physical page addresses.
   */
  changedPages(address: number, length: number): number[] {
    const first = Math.floor(address / pageSize);
    const count = Math.ceil((address + length) / pageSize) - first;
    const entries = Buffer.allocUnsafe(count * 8);
    readSync(this.#pagemap, entries, 0, entries.length, (this.#host / pageSize + first) * 8);
    const changed: number[] = [];
    for (let i = 0; i < count; i++) {
      const high = entries.readUInt32LE(i * 8 + 4);
      const present = (high & 0xc000_0000) !== 0; // in memory or in swap
      const ofFile = (high & 0x2000_0000) !== 0;
      if (present && !ofFile) changed.push((first + i) * pageSize);
    }
    return changed;
  }

  close(): void {
    closeSync(this.#mem);
    closeSync(this.#pagemap);
  }

  #checked(address: number, length: number, access: () => number): void {
    if (address < 0 || address + length > this.size) {
      throw new RangeError(`guest-physical ${address.toString(16)}+${length} is outside RAM`);
    }
    let done: number;
    try {
      done = access();
    } catch (error) {
      throw new BringupError('E-MACHINE-LOST', 'QEMU ended: its memory is gone', { cause: error });
    }
    if (done !== length) throw new BringupError('E-MACHINE-LOST', 'QEMU ended: its memory is gone');
  }
}

function findMapping(pid: number, inode: number): { host: number; size: number } {
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [range, , , , ino] = line.split(/ +/);
    if (Number(ino) !== inode || !range) continue;
    const [start, end] = range.split('-').map((hex) => parseInt(hex, 16)) as [number, number];
    return { host: start, size: end - start };
  }
  throw new BringupError('E-MACHINE-MEMORY', `QEMU (process ${pid}) has not mapped its RAM file`);
}
