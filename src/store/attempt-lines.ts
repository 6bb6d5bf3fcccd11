// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { z } from 'zod';
import { isErrno } from '../shared/errors.ts';

/** One line of attempts.jsonl, as src/lab/history.ts writes it. The verdict is kept as it is. */
const line = z.object({
  lab: z.string().min(1),
  folder: z.string(),
  at: z.iso.datetime({ offset: true }).transform((text) => new Date(text)),
  outcome: z.enum(['pass', 'fail']),
  provisional: z.boolean(),
  kernel: z.string(),
  verdict: z.record(z.string(), z.unknown()),
});

/** A recorded attempt; `id` is a digest of its line. */
export type RecordedAttempt = z.infer<typeof line> & { id: string };

/** A piece of the file: from where it was read to the end of its last whole line. */
export interface Piece {
  attempts: RecordedAttempt[];
  /** Lines that are no attempt: cut short by a crash, or written by somebody else. */
  skipped: number;
  /** Where to go on. */
  bytes: number;
  /** Digest of the bytes just before that; see `tailDigest`. */
  tail: string;
}

/** Small enough that a piece's attempts fit into one statement (65 534 parameters). */
const pieceBytes = 1 << 18;
const tailBytes = 4096;

/**
 * Reads the file in pieces, from `from.bytes` on if `from.tail` shows that the file is still the one it was, else
 * from its beginning. A last line without an end may be under way: when it is an attempt already it is given,
 * but what is read next begins with it again. A file that is not there is empty.
 */
export async function* readPieces(
  path: string,
  from: { bytes: number; tail: string },
): AsyncGenerator<Piece> {
  const file = await open(path, 'r').catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (!file) return;
  try {
    let bytes = (await tailDigest(file, from.bytes)) === from.tail ? from.bytes : 0;
    let rest = Buffer.alloc(0);
    for (;;) {
      const read = await readAt(file, bytes + rest.length, pieceBytes);
      const text = Buffer.concat([rest, read]);
      const end = text.lastIndexOf(10) + 1;
      const ended = read.length < pieceBytes;
      rest = text.subarray(end);
      if (end > 0 || ended) {
        bytes += end;
        const lines = split(text.subarray(0, end));
        const found = lines.map(parse);
        const unfinished = ended && rest.length > 0 ? parse(rest) : undefined;
        yield {
          attempts: [...found, unfinished].filter((one) => one !== undefined),
          skipped: found.filter((one) => one === undefined).length,
          bytes,
          tail: await tailDigest(file, bytes),
        };
      }
      if (ended) return;
    }
  } finally {
    await file.close();
  }
}

function split(text: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let at = 0; at < text.length;) {
    const end = text.indexOf(10, at);
    if (end > at) lines.push(text.subarray(at, end));
    at = end + 1;
  }
  return lines;
}

function parse(bytes: Buffer): RecordedAttempt | undefined {
  try {
    const parsed = line.safeParse(JSON.parse(bytes.toString()));
    const id = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
    return parsed.success ? { ...parsed.data, id } : undefined;
  } catch {
    return undefined;
  }
}

/** Digest of the last bytes before an offset; empty at the beginning. It tells a file from another in its place. */
async function tailDigest(file: FileHandle, offset: number): Promise<string> {
  if (offset === 0) return '';
  const start = Math.max(0, offset - tailBytes);
  const bytes = await readAt(file, start, offset - start);
  return createHash('sha256').update(bytes).digest('hex');
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
