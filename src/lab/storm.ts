// SPDX-License-Identifier: Apache-2.0
// The host's end of struct storm in guest/mailbox.h.
import { errnoName, sys } from '../machine/syscalls.ts';
import { nanoseconds, type Duration } from './duration.ts';
import { openArguments, type Mode, type OpenFile, type OpenOptions } from './open-file.ts';
import type { SyscallName } from './task.ts';

const headBytes = 16;
const callBytes = 72;

/** A file that a row opened, by the number of the call that did. */
export interface RowFile {
  readonly call: number;
}

interface RowCall {
  nr: number;
  /** 0, or 1 + the number of the call whose result is the first argument. */
  uses: number;
  /** A buffer stands for its address. */
  args: (bigint | Buffer)[];
}

/** How often each call of a row succeeded, and the errno of its last failure ('' without one). */
export type RowResult = { good: number; error: string }[];

/** A row of calls that a task makes over and over by itself, as fast as it can. */
export class Row {
  readonly #calls: RowCall[] = [];

  open(path: string, mode: Mode = 'r', options: OpenOptions = {}): RowFile {
    const args = [Buffer.from(`${path}\0`), ...openArguments(mode, options)];
    this.#calls.push({ nr: sys.open, uses: 0, args });
    return { call: this.#calls.length - 1 };
  }

  read(file: RowFile | OpenFile, length: number): void {
    this.#on(file, sys.read, [Buffer.alloc(length), BigInt(length)]);
  }

  write(file: RowFile | OpenFile, data: string | Buffer): void {
    const bytes = Buffer.from(data);
    this.#on(file, sys.write, [bytes, BigInt(bytes.length)]);
  }

  close(file: RowFile): void {
    this.#on(file, sys.close, []);
  }

  /** ioctl() with a value or a buffer, which is not looked at afterwards. */
  ioctl(file: RowFile | OpenFile, request: number, argument: bigint | number | Buffer = 0n): void {
    this.#on(file, sys.ioctl, [BigInt(request), Buffer.isBuffer(argument) ? argument : BigInt(argument)]);
  }

  sleep(duration: Duration): void {
    const time = Buffer.alloc(16);
    time.writeBigInt64LE(nanoseconds(duration) % 1_000_000_000n, 8);
    time.writeBigInt64LE(nanoseconds(duration) / 1_000_000_000n, 0);
    this.call('nanosleep', [time, 0]);
  }

  /** Any system call with plain arguments. */
  call(name: SyscallName, args: readonly (bigint | number | Buffer)[]): void {
    this.#calls.push({
      nr: sys[name],
      uses: 0,
      args: args.map((arg) => (Buffer.isBuffer(arg) ? arg : BigInt(arg))),
    });
  }

  #on(file: RowFile | OpenFile, nr: number, args: (bigint | Buffer)[]): void {
    if ('call' in file) this.#calls.push({ nr, uses: file.call + 1, args: [0n, ...args] });
    else this.#calls.push({ nr, uses: 0, args: [file.fd, ...args] });
  }

  /** Bytes of the row's description, and the buffers its calls use. */
  get parts(): { bytes: number; buffers: Buffer[] } {
    const buffers = this.#calls.flatMap(({ args }) => args.filter((arg) => Buffer.isBuffer(arg)));
    return { bytes: headBytes + this.#calls.length * callBytes, buffers };
  }

  /**
   * The description as the agent reads it; `addresses` are those of the buffers, in their order, and
   * `together` is how many rows begin at one moment.
   */
  encode(times: number, together: number, addresses: readonly bigint[]): Buffer {
    const { bytes } = this.parts;
    const image = Buffer.alloc(bytes);
    image.writeUInt32LE(this.#calls.length, 0);
    image.writeUInt32LE(times, 4);
    image.writeUInt32LE(together, 8);
    const left = [...addresses];
    this.#calls.forEach(({ nr, uses, args }, i) => {
      const at = headBytes + i * callBytes;
      image.writeUInt32LE(nr, at);
      image.writeUInt32LE(uses, at + 4);
      args.forEach((arg, n) =>
        image.writeBigUInt64LE(
          Buffer.isBuffer(arg) ? left.shift()! : BigInt.asUintN(64, arg),
          at + 8 + n * 8,
        ),
      );
    });
    return image;
  }

  /** How many turns are over. */
  turns(image: Buffer): number {
    return image.readUInt32LE(12);
  }

  /** What the agent wrote into the description. */
  decode(image: Buffer): RowResult {
    return this.#calls.map((_, i) => {
      const at = headBytes + i * callBytes;
      const error = image.readUInt32LE(at + 68);
      return { good: image.readUInt32LE(at + 64), error: error === 0 ? '' : errnoName(BigInt(-error)) };
    });
  }
}
