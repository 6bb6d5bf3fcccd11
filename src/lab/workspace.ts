// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, opendirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../shared/errors.ts';
import { Failure } from './failure.ts';

/** Sources as they are to be built: path inside the lab's folder → contents. */
export type Sources = ReadonlyMap<string, Buffer>;

const limits = { files: 200, entries: 2000, fileBytes: 1 << 20, allBytes: 8 << 20, depth: 4 };

// What kbuild and editors leave, and what is not part of a solution.
const ignored =
  /^\.|\.(ko|o|mod|a|cmd|order|symvers|md|html|pdf|swp|orig|rej)$|\.mod\.c$|~$|^(modules\.order|Module\.symvers)$/;

/**
 * Reads the sources of a folder into memory. The folder is not trusted: links are not followed, only
 * regular files are opened (without blocking on anything else), and number and size are limited.
 * Throws Failure, naming the file, when the limits are passed.
 */
export function readSources(folder: string): Sources {
  const sources = new Map<string, Buffer>();
  let bytes = 0;
  let entries = 0;
  const visit = (path: string, depth: number): void => {
    const handle = opened(path || 'the folder', () => opendirSync(join(folder, path)));
    if (!handle) return;
    try {
      for (let entry = handle.readSync(); entry; entry = handle.readSync()) {
        if (++entries > limits.entries)
          throw new Failure(`the folder has more than ${limits.entries} entries`);
        const name = join(path, entry.name);
        if (ignored.test(entry.name)) continue;
        if (entry.name.includes('\uFFFD')) throw new Failure(`the name of ${name} is not UTF-8`);
        if (entry.isDirectory() && depth < limits.depth) visit(name, depth + 1);
        if (!entry.isFile()) continue;
        if (sources.size >= limits.files)
          throw new Failure(`the folder has more than ${limits.files} source files`);
        const content = readRegularFile(join(folder, name), name);
        if (!content) continue;
        bytes += content.length;
        if (bytes > limits.allBytes)
          throw new Failure(`the sources are larger than ${limits.allBytes >> 20} MiB together`);
        sources.set(name, content);
      }
    } finally {
      handle.closeSync();
    }
  };
  visit('', 0);
  return sources;
}

/** Undefined for what an editor took away, or made a link, since the folder was listed. */
function opened<T>(name: string, open: () => T): T | undefined {
  try {
    return open();
  } catch (error) {
    if (name !== 'the folder' && (isErrno(error, 'ENOENT') || isErrno(error, 'ELOOP'))) return undefined;
    throw new Failure(`${name} can not be read: ${isErrno(error) ? error.code : String(error)}`);
  }
}

function readRegularFile(path: string, name: string): Buffer | undefined {
  const fd = opened(name, () =>
    openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK),
  );
  if (fd === undefined) return undefined;
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new Failure(`${name} is not a regular file`);
    if (stat.size > limits.fileBytes) {
      throw new Failure(`${name} has ${stat.size} bytes; a source file may have ${limits.fileBytes}`);
    }
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Digest of names and contents; `only` restricts it to some of the files. */
export function digestOf(sources: Sources, only: (name: string) => boolean = () => true): string {
  const hash = createHash('sha256');
  for (const name of [...sources.keys()].sort()) {
    const content = sources.get(name)!;
    if (only(name)) hash.update(`${name}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}
