// SPDX-License-Identifier: Apache-2.0
import { createHash, type Hash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { z } from 'zod';
import { BringupError, isErrno } from '../shared/errors.ts';

/**
 * A backup is gzip over lines of JSON: a header; for each table a line ["table", name] and a line for each row,
 * as to_jsonb() gives it; last ["end", {rows, sha256}], the digest being that of all bytes before this line.
 */
const header = z.object({
  format: z.literal('bringup-backup'),
  version: z.literal(1),
  at: z.iso.datetime(),
  /** Ids of the migrations that made the schema of the rows. */
  migrations: z.array(z.string()),
  tables: z.array(z.string()),
});
const end = z.tuple([z.literal('end'), z.object({ rows: z.number(), sha256: z.string() })]);
const start = z.tuple([z.literal('table'), z.string()]);

export type BackupHeader = z.infer<typeof header>;

/** What a reader of a backup is told, in the order of the file. `row` is JSON text. */
export interface BackupReader {
  onHeader?: (header: BackupHeader) => Promise<void> | void;
  onRow?: (table: string, row: string) => Promise<void> | void;
}

/**
 * Reads a backup to its end, holding one line at a time, and gives its header and the number of rows. Throws
 * E-BACKUP-DAMAGED when anything is missing or was changed, E-DB-NEWER when a newer bringup wrote it, E-INPUT when
 * it can not be read. What the reader was told before that may be wrong: read it once without one first.
 */
export async function readBackup(
  path: string,
  reader: BackupReader = {},
): Promise<{ header: BackupHeader; rows: number }> {
  const damaged = (why: string): BringupError => new BringupError('E-BACKUP-DAMAGED', `${path}: ${why}`);
  const hash = createHash('sha256');
  let found: BackupHeader | undefined;
  let table: string | undefined;
  let rows = 0;
  let ended = false;
  const take = async (line: Buffer): Promise<void> => {
    if (ended) throw damaged('something follows its end');
    const text = line.toString();
    if (found && text.startsWith('["end",')) {
      const [, sum] = parse(end, text, damaged);
      if (sum.rows !== rows || sum.sha256 !== hash.copy().digest('hex'))
        throw damaged('its contents are not what was written');
      ended = true;
      return;
    }
    count(hash, line);
    if (!found) {
      found = parse(header, text, damaged);
      await reader.onHeader?.(found);
    } else if (text.startsWith('["table",')) {
      [, table] = parse(start, text, damaged);
      if (!found.tables.includes(table))
        throw damaged(`it has a table ${table} that its header does not name`);
    } else {
      if (table === undefined) throw damaged('a row stands before the first table');
      rows++;
      await reader.onRow?.(table, text);
    }
  };
  const file = await open(path, 'r').catch((error: unknown) => {
    throw new BringupError('E-INPUT', `${path} can not be read`, { cause: error });
  });
  try {
    if (!(await file.stat()).isFile()) throw damaged('it is no file');
    await pipeline(
      file.createReadStream({ autoClose: false }),
      createGunzip(),
      async (source: AsyncIterable<Buffer>) => {
        for await (const line of linesOf(source)) await take(line);
      },
    );
  } catch (error) {
    if (error instanceof BringupError) throw error;
    if (isErrno(error) && /^Z_/.test(error.code ?? ''))
      throw damaged(`it can not be unpacked (${error.message})`);
    throw error;
  } finally {
    await file.close();
  }
  if (!found || !ended) throw damaged('it ends too early');
  return { header: found, rows };
}

function count(hash: Hash, line: Buffer): void {
  hash.update(line);
  hash.update('\n');
}

function parse<T>(form: z.ZodType<T>, text: string, damaged: (why: string) => BringupError): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged('a line of it is not JSON');
  }
  const version = z
    .object({ format: z.literal('bringup-backup'), version: z.number().gt(1) })
    .safeParse(value);
  if (version.success)
    throw new BringupError(
      'E-DB-NEWER',
      `the backup has format ${version.data.version}, and this bringup reads format 1`,
    );
  const parsed = form.safeParse(value);
  if (!parsed.success) throw damaged('it is not what bringup writes');
  return parsed.data;
}

/** Lines without their ends. (readline would also end lines at other characters, which JSON may have.) */
async function* linesOf(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let parts: Buffer[] = [];
  for await (const chunk of source) {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      yield Buffer.concat([...parts, chunk.subarray(from, at)]);
      parts = [];
      from = at + 1;
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
  }
  if (parts.length > 0) yield Buffer.concat(parts);
}
