// SPDX-License-Identifier: Apache-2.0
// Programs of the kiln, and the calls that give and show them, as a program with any header makes them.
import { expect, SyscallError, type OpenFile, type Task } from '#bringup/lab';

export const kiln = {
  status: 0x8018b901,
  status32: 0x8010b901,
  program: 0xb902,
  show: 0xb903,
  limit: 0xb904,
};

export const v2 = 48;
export const replace = 1;
export const page = 4096;

/** What lies in the caller's memory behind a structure or an array, and must stay there. */
const behind = Buffer.alloc(32, 0xee);

export interface Program {
  name: string;
  slot: number;
  segments: { celsius: number; seconds: number }[];
  delay: number;
}

/** Who calls: the size that its header knows, its flags, the entry it takes, bytes it sets to something else. */
interface Caller {
  size?: number;
  flags?: number;
  compat?: boolean;
  change?: Record<number, number>;
}

export function programOf(
  { name, slot, segments, delay }: Program,
  { size = v2, flags = 0 }: Caller,
): Buffer {
  const data = Buffer.alloc(Math.max(size, v2));
  data.writeUInt32LE(size, 0);
  data.writeUInt32LE(flags, 4);
  data.writeUInt32LE(segments.length, 16);
  data.writeUInt32LE(slot, 20);
  data.fill(0xb7, 24, 40); // what the caller's memory held behind the NUL
  data.write(`${name}\0`, 24);
  data.writeUInt32LE(delay, 40);
  return data.subarray(0, size);
}

export function segmentsOf({ segments }: Program): Buffer {
  const data = Buffer.alloc(segments.length * 8);
  segments.forEach(({ celsius, seconds }, i) => {
    data.writeInt32LE(celsius, i * 8);
    data.writeUInt32LE(seconds, i * 8 + 4);
  });
  return data;
}

export function showOf(slot: number, room: number, { size = v2 }: Caller = {}): Buffer {
  const data = Buffer.alloc(size);
  data.writeUInt32LE(size, 0);
  data.writeUInt32LE(slot, 4);
  data.writeUInt32LE(room, 16);
  return data.fill(0xb7, 24, Math.min(size, v2));
}

interface Exchange {
  call: ReturnType<Task['call']> | ReturnType<OpenFile['ioctl']>;
  /** What the structure and the array are after the call, with what is behind them. */
  structure: () => Buffer;
  array: () => Buffer;
}

/** The call with a structure in the caller's memory, and the array that it points to from its offset 8. */
export function exchange(
  file: OpenFile,
  number: number,
  structure: Buffer,
  { array, pointer, compat = false, change = {} }: Caller & { array?: Buffer; pointer?: bigint } = {},
): Exchange {
  const { task } = file;
  const data = Buffer.concat([structure, behind]);
  const other = Buffer.concat([array ?? Buffer.alloc(0), behind]);
  const [start, at] = task.buffers(data, other);
  const to = array ? at : pointer;
  if (to !== undefined) data.writeBigUInt64LE(to, 8);
  for (const [offset, value] of Object.entries(change)) data[Number(offset)] = value;
  task.buffers(data, other);
  return {
    call: compat ? file.ioctl(number, start, { compat }) : task.call('ioctl', [file.fd, number, start!]),
    structure: () => task.bytes(start!, data.length),
    array: () => task.bytes(at!, other.length),
  };
}

/** What a call gives that has worked. */
export function good({ compat }: Caller): unknown {
  return compat ? { ret: 0, data: Buffer.alloc(0) } : 0;
}

export function loading(file: OpenFile, program: Program, caller: Caller = {}): Exchange['call'] {
  return exchange(file, kiln.program, programOf(program, caller), { ...caller, array: segmentsOf(program) })
    .call;
}

export async function load(file: OpenFile, program: Program, caller: Caller = {}): Promise<void> {
  await expect(loading(file, program, caller), `KILN_PROGRAM${of(caller)}`).toReturn(good(caller));
}

export function show(file: OpenFile, slot: number, room: number, caller: Caller = {}): Exchange {
  return exchange(file, kiln.show, showOf(slot, room, caller), {
    ...caller,
    array: Buffer.alloc(room * 16, 0xee),
  });
}

/** KILN_SHOW gives what was loaded, and leaves alone what the caller's structure does not have. */
export async function shows(file: OpenFile, program: Program, caller: Caller = {}): Promise<void> {
  const { size = v2 } = caller;
  const what = `KILN_SHOW${of(caller)}`;
  const { segments } = program;
  const shown = show(file, program.slot, segments.length + 1, caller);
  await expect(shown.call, what).toReturn(good(caller));
  const [structure, array] = [shown.structure(), shown.array()];
  const head = [structure.readUInt32LE(0), structure.readUInt32LE(4), structure.readUInt32LE(16)];
  expect(head, `size, slot and count after ${what}`).toEqual([size, program.slot, segments.length]);
  const name = structure.toString('latin1', 24, 40).replace(/\0.*$/s, '');
  expect(name, `the name after ${what}`).toBe(program.name);
  let at = BigInt(program.delay);
  let before = 20;
  segments.forEach(({ celsius, seconds }, i) => {
    at += BigInt(seconds);
    const point = array.subarray(i * 16);
    const got = [point.readBigUInt64LE(0), point.readInt32LE(8), point.readUInt8(12)];
    const kind = celsius === before ? 0 : celsius > before ? 1 : 2;
    expect(got.join(), `at, celsius and kind of point ${i} after ${what}`).toBe([at, celsius, kind].join());
    before = celsius;
  });
  untouched(array.subarray(segments.length * 16), `${what}, in the array`);
  if (size >= v2) expect(structure.readBigUInt64LE(40), `the seconds after ${what}`).toBe(at);
  const rest = structure.subarray(Math.min(size, v2), size).filter((byte) => byte !== 0);
  expect(rest.length, `bytes that are not 0 in the part of a later version after ${what}`).toBe(0);
  untouched(structure.subarray(size), what);
}

export function limiting(file: OpenFile, celsius: number, { size = 16, ...caller }: Caller = {}): Exchange {
  const data = Buffer.alloc(size);
  data.writeUInt32LE(size, 0);
  data.writeInt32LE(celsius, 8);
  return exchange(file, kiln.limit, data, caller);
}

export async function setLimit(file: OpenFile, celsius: number, caller: Caller = {}): Promise<void> {
  const { call, structure } = limiting(file, celsius, caller);
  await expect(call, `KILN_LIMIT${of(caller)}`).toReturn(good(caller));
  untouched(structure().subarray(caller.size ?? 16), 'KILN_LIMIT');
}

/** What a 64-bit program reads from KILN_STATUS: programs, seconds, limit. */
export async function statusOf(file: OpenFile): Promise<[number, bigint, number]> {
  const { data } = await file.ioctl(kiln.status, Buffer.alloc(24));
  return [data.readUInt32LE(0), data.readBigUInt64LE(8), data.readInt32LE(16)];
}

function of({ size, compat }: Caller): string {
  return `${size === undefined ? '' : ` with size ${size}`}${compat ? ' of a 32-bit program' : ''}`;
}

export function total({ segments, delay }: Program): bigint {
  return segments.reduce((sum, { seconds }) => sum + BigInt(seconds), BigInt(delay));
}

/** `bytes` begin behind what the call had to do with. */
export function untouched(bytes: Buffer, what: string): void {
  expect(bytes.toString('hex'), `the memory behind the end, after ${what}`).toBe('ee'.repeat(bytes.length));
}

/** Copies bytes to where the last of them is the last that is mapped; gives their address. */
export async function atEndOfMapping(task: Task, bytes: Buffer): Promise<bigint> {
  const path = '/tmp/structure';
  await task.writeFile(path, bytes, { create: true });
  // PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS
  const start = await task.call('mmap', [0, 2 * page, 3, 0x22, -1, 0]);
  await task.call('munmap', [start + BigInt(page), page]);
  const at = start + BigInt(page - bytes.length);
  const file = await task.open(path);
  await file.readTo(at, bytes.length);
  await file.close();
  return at;
}

/**
 * Fills the pages that the kernel will hand out next with a pattern: the value of an extended attribute is
 * copied into memory of its size before the kernel looks whether the file can have one.
 */
export async function dirtyFreePages(task: Task): Promise<void> {
  for (const size of [8 * page, 4 * page]) {
    const [path, name, value] = task.buffers(
      Buffer.from('/tmp\0'),
      Buffer.from('user.kiln\0'),
      Buffer.alloc(size, 0xb5),
    );
    try {
      await task.call('setxattr', [path!, name!, value!, size, 0], 'setxattr()');
    } catch (error) {
      if (!(error instanceof SyscallError)) throw error;
    }
  }
}
