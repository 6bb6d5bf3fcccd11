// SPDX-License-Identifier: Apache-2.0
// A font comes out of its WOFF whole: every table has the checksum that its directory names.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository } from './paths.ts';
import { unpackWoff } from './woff.ts';

/** Sum of big-endian 32-bit words (OpenType, "Calculating checksums"). */
function checksum(data: Buffer): number {
  const padded = Buffer.concat([data, Buffer.alloc(-data.length & 3)]);
  let sum = 0;
  for (let at = 0; at < padded.length; at += 4) sum = (sum + padded.readUInt32BE(at)) >>> 0;
  return sum;
}

describe('unpackWoff', () => {
  it.for(['sans', 'mono'])('IBM Plex %s', (family) => {
    const name = `ibm-plex-${family}`;
    const file = join(
      repository,
      'node_modules',
      '@fontsource',
      name,
      'files',
      `${name}-latin-400-normal.woff`,
    );
    const font = unpackWoff(readFileSync(file));
    const count = font.readUInt16BE(4);
    expect(count).toBeGreaterThan(8);
    for (let table = 0; table < count; table++) {
      const at = 12 + 16 * table;
      const tag = font.toString('latin1', at, at + 4);
      const [sum, offset, length] = [4, 8, 12].map((field) => font.readUInt32BE(at + field)) as [
        number,
        number,
        number,
      ];
      expect(offset % 4, tag).toBe(0);
      const data = Buffer.from(font.subarray(offset, offset + length));
      // The head's own field about the whole file counts as zero.
      if (tag === 'head') data.writeUInt32BE(0, 8);
      expect(checksum(data), tag).toBe(sum);
    }
  });

  it('refuses what is no WOFF', () => {
    expect(() => unpackWoff(Buffer.from('OTTO0000000000000000'))).toThrow('not a WOFF');
  });
});
