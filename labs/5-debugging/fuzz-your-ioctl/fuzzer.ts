// SPDX-License-Identifier: Apache-2.0
// Makes transfers, right ones and wrong ones, and knows what the memory holds after them.
export const size = 4096;
const mostBytes = 8192;

export const [READ, WRITE, VERIFY] = [0, 1, 2];

export interface Window {
  start: number;
  length: number;
}

export interface Segment {
  op: number;
  offset: number;
  length: number;
  /** Where its bytes lie in the image, or somewhere else. */
  at: number;
  address?: bigint;
  flags?: number;
  reserved?: number;
}

export interface Head {
  segments?: bigint;
  count?: number;
  flags?: number;
  reserved?: number;
}

// How a transfer lies in the memory of a program: header, segments, bytes, each with something around it.
export const headAt = 16;
export const segmentsAt = headAt + 24 + 8;
export const bytesAt = (count: number): number => segmentsAt + count * 24 + 16;

/** Makes transfers that are right, and knows what the memory holds after them. */
export class Fuzzer {
  memory = Buffer.alloc(size);
  readonly random: (below: number) => number;

  constructor(draw: (below: number) => number) {
    this.random = draw;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.random(choices.length)]!;
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.random(256)));
  }

  window(): Window {
    const start = 1 + this.random(1500);
    return { start, length: 200 + this.random(size - start - 400) };
  }

  /** Segments in the window, mostly at its edges; their bytes lie one after the other, with gaps. */
  segments(window: Window, count = this.pick([1, 2, 3, 5, 8])): Segment[] {
    let [left, at] = [mostBytes - count, bytesAt(count)];
    return Array.from({ length: count }, () => {
      const most = Math.min(left + 1, window.length, 900);
      const length = Math.min(most, this.pick([1, 2, 3, 1 + this.random(40), 64, 1 + this.random(900)]));
      left -= length - 1;
      const offset = this.pick([0, window.length - length, this.random(window.length - length + 1)]);
      const place = at + this.random(9);
      at = place + length + 8;
      return { op: this.pick([READ, READ, WRITE, WRITE, VERIFY]), offset, length, at: place };
    });
  }

  /** The image of a transfer for that address. What is verified is what is there. */
  image(base: bigint, window: Window, segments: Segment[], head: Head = {}): Buffer {
    const end = Math.max(
      bytesAt(segments.length),
      ...segments.map(({ at, length }) => at + Math.min(length, size)),
    );
    const image = this.bytes(end + 16);
    image.writeBigUInt64LE(head.segments ?? base + BigInt(segmentsAt), headAt);
    image.writeUInt32LE(head.count ?? segments.length, headAt + 8);
    image.writeUInt32LE(head.flags ?? 0, headAt + 12);
    image.writeUInt32LE(head.reserved ?? 0, headAt + 20);
    for (const [i, segment] of segments.entries()) {
      const { op, offset, length, at, address = base + BigInt(at), flags = 0, reserved = 0 } = segment;
      const place = segmentsAt + i * 24;
      image.writeBigUInt64LE(address, place);
      image.writeUInt32LE(offset, place + 8);
      image.writeUInt32LE(length, place + 12);
      image.writeUInt16LE(op, place + 16);
      image.writeUInt16LE(flags, place + 18);
      image.writeUInt32LE(reserved, place + 20);
      const from = window.start + offset;
      if (op === VERIFY && from + length <= size && at >= bytesAt(segments.length))
        this.memory.copy(image, at, from, from + length);
    }
    return image;
  }

  /** Carries a transfer out: in the memory, and in a copy of the image, which is given back. */
  apply(image: Buffer, window: Window, segments: Segment[]): Buffer {
    const after = Buffer.from(image);
    for (const { op, offset, length, at } of segments) {
      const from = window.start + offset;
      if (op === WRITE) image.copy(this.memory, from, at, at + length);
      if (op === READ) this.memory.copy(after, at, from, from + length);
    }
    after.writeUInt32LE(
      segments.reduce((sum, { length }) => sum + length, 0),
      headAt + 16,
    );
    return after;
  }
}

/** Which part of the image that byte belongs to. */
export function place(byte: number, segments: Segment[]): string {
  if (byte >= headAt && byte < headAt + 24) return `differs in byte ${byte - headAt} of the header`;
  const index = segments.findIndex(({ at, length }) => byte >= at && byte < at + length);
  if (index >= 0) return `differs in byte ${byte - segments[index]!.at} of the bytes of segment ${index + 1}`;
  return 'differs where no transfer has anything to write';
}

export function errnoOf(error: unknown): string {
  if (error instanceof Error && 'errno' in error) return String(error.errno);
  throw error;
}
