// SPDX-License-Identifier: Apache-2.0
import { inflateSync } from 'node:zlib';

const headerSize = 44;
const entrySize = 20;

/** A WOFF 1.0 font as the TrueType file it was made from (www.w3.org/TR/WOFF, sections 4 and 5). */
export function unpackWoff(woff: Buffer): Buffer {
  if (woff.toString('latin1', 0, 4) !== 'wOFF') throw new Error('not a WOFF 1.0 font');
  const count = woff.readUInt16BE(12);
  const power = 2 ** Math.floor(Math.log2(count));
  const head = Buffer.alloc(12 + 16 * count);
  woff.copy(head, 0, 4, 8); // which kind of font
  head.writeUInt16BE(count, 4);
  // For a binary search in what follows.
  head.writeUInt16BE(16 * power, 6);
  head.writeUInt16BE(Math.log2(power), 8);
  head.writeUInt16BE(16 * (count - power), 10);
  const parts: Buffer[] = [head];
  let offset = head.length;
  for (let table = 0; table < count; table++) {
    const from = headerSize + entrySize * table;
    const to = 12 + 16 * table;
    const start = woff.readUInt32BE(from + 4);
    const packed = woff.readUInt32BE(from + 8);
    const size = woff.readUInt32BE(from + 12);
    const stored = woff.subarray(start, start + packed);
    const data = packed < size ? inflateSync(stored) : stored;
    woff.copy(head, to, from, from + 4); // name
    woff.copy(head, to + 4, from + 16, from + 20); // checksum
    head.writeUInt32BE(offset, to + 8);
    head.writeUInt32BE(size, to + 12);
    const padding = Buffer.alloc(-size & 3);
    parts.push(data, padding);
    offset += size + padding.length;
  }
  return Buffer.concat(parts);
}
