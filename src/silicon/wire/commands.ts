// SPDX-License-Identifier: Apache-2.0
// Commands of vfio-user and their payloads (docs/interop/vfio-user.rst of QEMU; numbers of interrupts, regions and
// flags as in include/uapi/linux/vfio.h).

export const command = {
  version: 1,
  dmaMap: 2,
  dmaUnmap: 3,
  deviceInfo: 4,
  regionInfo: 5,
  irqInfo: 7,
  setIrqs: 8,
  regionRead: 9,
  regionWrite: 10,
  dmaRead: 11,
  dmaWrite: 12,
  reset: 13,
} as const;

/** Errno that an answer may carry. */
export const errno = { EINVAL: 22, ENOTSUP: 95, EIO: 5 } as const;

/** Thrown by whoever can not do what was asked; becomes the answer's errno. */
export class Refused extends Error {
  readonly errno: number;

  constructor(why: string, code: number = errno.EINVAL) {
    super(why);
    this.name = 'Refused';
    this.errno = code;
  }
}

/** Regions of a PCI device: BARs 0 to 5, the expansion ROM, configuration space, VGA. */
export const regionCount = 9;
export const configRegion = 7;
export const barCount = 6;

/** Ways in which a PCI device interrupts, by index. */
export const interruptKinds = ['intx', 'msi', 'msix', 'error', 'request'] as const;
export type InterruptKind = (typeof interruptKinds)[number];

/** What is asked of the vectors of one kind, from `start` on, `count` of them. */
export interface SetIrqs {
  kind: InterruptKind;
  start: number;
  count: number;
  action: 'mask' | 'unmask' | 'trigger';
  /** Eventfds to signal, undefined for a vector to be left alone; none with `data` of another kind. */
  fds?: (number | undefined)[];
  /** For each vector whether it is meant. Without it and without fds, all are. */
  which?: boolean[];
}

const fits = (payload: Buffer, bytes: number): void => {
  if (payload.length < bytes) throw new Refused(`${payload.length} bytes where ${bytes} are needed`);
};

/** The version that is asked for. Throws Refused for one with another major number than ours, 0. */
export function parseVersion(payload: Buffer): { minor: number } {
  fits(payload, 4);
  const major = payload.readUInt16LE(0);
  if (major !== 0) throw new Refused(`version ${major} of the protocol`, errno.ENOTSUP);
  return { minor: payload.readUInt16LE(2) };
}

export function versionReply(minor: number, capabilities: Record<string, number>): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(Math.min(minor, 1), 2);
  return Buffer.concat([head, Buffer.from(`${JSON.stringify({ capabilities })}\0`)]);
}

/** Guest memory that the device may use from now on, or no longer. Addresses and sizes in bytes. */
export function parseDmaMap(payload: Buffer): { address: bigint; size: bigint; writable: boolean } {
  fits(payload, 32);
  return {
    address: payload.readBigUInt64LE(16),
    size: payload.readBigUInt64LE(24),
    writable: (payload.readUInt32LE(4) & 2) !== 0,
  };
}

export function parseDmaUnmap(payload: Buffer): { address: bigint; size: bigint; all: boolean } {
  fits(payload, 24);
  return {
    address: payload.readBigUInt64LE(8),
    size: payload.readBigUInt64LE(16),
    all: (payload.readUInt32LE(4) & 2) !== 0,
  };
}

const pciAndReset = 3; // VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET

export function deviceInfoReply(): Buffer {
  return words(16, pciAndReset, regionCount, interruptKinds.length);
}

/** Index of the region or kind of interrupt that is asked about. */
export function parseIndex(payload: Buffer): number {
  fits(payload, 12);
  return payload.readUInt32LE(8);
}

export function regionInfoReply(index: number, size: number): Buffer {
  const reply = Buffer.alloc(32);
  words(32, size > 0 ? 3 : 0, index).copy(reply); // read and write
  reply.writeBigUInt64LE(BigInt(size), 16);
  return reply;
}

export function irqInfoReply(index: number, count: number): Buffer {
  return words(16, count > 0 ? 1 : 0, index, count); // by eventfd
}

export function parseSetIrqs(payload: Buffer, fds: readonly number[]): SetIrqs {
  fits(payload, 20);
  const flags = payload.readUInt32LE(4);
  const kind = interruptKinds[payload.readUInt32LE(8)];
  const start = payload.readUInt32LE(12);
  const count = payload.readUInt32LE(16);
  const action = flags & 8 ? 'mask' : flags & 16 ? 'unmask' : 'trigger';
  if (!kind || start > 4096 || count > 4096) throw new Refused('no such interrupts');
  if (fds.length > (flags & 4 ? count : 0)) throw new Refused('more descriptors than interrupts');
  if (flags & 4) return { kind, start, count, action, fds: Array.from({ length: count }, (_, i) => fds[i]) };
  if (!(flags & 2)) return { kind, start, count, action };
  fits(payload, 20 + count);
  return {
    kind,
    start,
    count,
    action,
    which: Array.from({ length: count }, (_, i) => payload[20 + i] !== 0),
  };
}

/** Where a region is read or written: `data` is what to write. */
export interface Access {
  offset: number;
  region: number;
  count: number;
  data: Buffer;
}

export function parseAccess(payload: Buffer): Access {
  fits(payload, 16);
  const offset = payload.readBigUInt64LE(0);
  if (offset > Number.MAX_SAFE_INTEGER) throw new Refused('an offset beyond all regions');
  return {
    offset: Number(offset),
    region: payload.readUInt32LE(8),
    count: payload.readUInt32LE(12),
    data: payload.subarray(16),
  };
}

export function accessReply({ offset, region, count }: Access, data: Buffer = Buffer.alloc(0)): Buffer {
  const reply = Buffer.alloc(16 + data.length);
  reply.writeBigUInt64LE(BigInt(offset), 0);
  reply.writeUInt32LE(region, 8);
  reply.writeUInt32LE(count, 12);
  data.copy(reply, 16);
  return reply;
}

/** A transfer of the device's own to or from guest memory; `data` is empty when it reads. */
export function dmaRequest(address: bigint, length: number, data: Buffer = Buffer.alloc(0)): Buffer {
  const request = Buffer.alloc(16 + data.length);
  request.writeBigUInt64LE(address, 0);
  request.writeBigUInt64LE(BigInt(length), 8);
  data.copy(request, 16);
  return request;
}

function words(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => bytes.writeUInt32LE(value, 4 * i));
  return bytes;
}
