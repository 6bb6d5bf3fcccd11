// SPDX-License-Identifier: Apache-2.0
// Messages of the vfio-user protocol, as docs/interop/vfio-user.rst of QEMU describes them; numbers are
// little-endian, as on every host bringup runs on.

/** What every message begins with. */
export interface Header {
  /** Chosen by who asks; the answer has the same. */
  id: number;
  command: number;
  kind: 'request' | 'reply';
  /** A request that wants no answer. */
  silent: boolean;
  /** Of a reply: errno of Linux, or 0. */
  error: number;
  /** Bytes that follow the header. */
  length: number;
}

export const headerBytes = 16;
/** Payload of the largest message that is taken or sent: a transfer of `largestTransfer` with its head. */
export const largestTransfer = 1 << 20;
const largestPayload = largestTransfer + 64;

const kindBits = 0xf;
const silentBit = 1 << 4;
const errorBit = 1 << 5;

/** Thrown for bytes that are no message: nothing after them can be understood. */
export class NotVfioUser extends Error {
  constructor(why: string) {
    super(`this is not vfio-user: ${why}`);
    this.name = 'NotVfioUser';
  }
}

/** Reads a header. Throws NotVfioUser for one that no message has. */
export function parseHeader(bytes: Buffer): Header {
  const size = bytes.readUInt32LE(4);
  const flags = bytes.readUInt32LE(8);
  const kind = flags & kindBits;
  if (kind > 1) throw new NotVfioUser(`a message of the kind ${kind}`);
  if (size < headerBytes || size - headerBytes > largestPayload)
    throw new NotVfioUser(`a message of ${size} bytes`);
  return {
    id: bytes.readUInt16LE(0),
    command: bytes.readUInt16LE(2),
    kind: kind === 0 ? 'request' : 'reply',
    silent: (flags & silentBit) !== 0,
    error: flags & errorBit ? bytes.readUInt32LE(12) : 0,
    length: size - headerBytes,
  };
}

/** A whole message; `error` is an errno. */
export function message(
  head: Pick<Header, 'id' | 'command' | 'kind'> & { error?: number },
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const { id, command, kind, error = 0 } = head;
  const bytes = Buffer.alloc(headerBytes + payload.length);
  bytes.writeUInt16LE(id, 0);
  bytes.writeUInt16LE(command, 2);
  bytes.writeUInt32LE(bytes.length, 4);
  bytes.writeUInt32LE((kind === 'reply' ? 1 : 0) | (error ? errorBit : 0), 8);
  bytes.writeUInt32LE(error, 12);
  payload.copy(bytes, headerBytes);
  return bytes;
}
