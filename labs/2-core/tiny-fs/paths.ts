// SPDX-License-Identifier: Apache-2.0
// System calls on paths of a mounted jobfs.
import { expect, type OpenFile, type SyscallName, type Task } from '#bringup/lab';

const oCreateExclusive = 0o1 | 0o100 | 0o200; // and O_WRONLY
export const page = 4096;
export const places = ['/tmp/job', '/tmp/job2'] as const;

interface Stat {
  ino: bigint;
  links: number;
  mode: string;
  size: number;
}

/** What the check does with paths; each is one system call unless it says otherwise. */
export class Paths {
  readonly task: Task;
  constructor(task: Task) {
    this.task = task;
  }

  call(name: SyscallName, paths: string[], ...rest: number[]) {
    const addresses = this.#texts(...paths);
    return this.task.call(name, [...addresses, ...rest], `${name}(${paths.map(short).join(', ')})`);
  }

  mkdir(path: string) {
    return this.call('mkdir', [path], 0o700);
  }

  touch(path: string) {
    return this.call('mknod', [path], 0o100600, 0);
  }

  /** open() of a file that is not there yet; gives its descriptor. */
  make(path: string) {
    const args = [...this.#texts(path), oCreateExclusive, 0o600];
    return this.task.call('open', args, `open(${short(path)}, O_CREAT)`);
  }

  mount(where: string, options = '') {
    const [type, target, data] = this.#texts('jobfs', where, options);
    const what = `mount() of jobfs ${options === '' ? 'without options' : `with ${short(options)}`}`;
    return this.task.call('mount', [type!, target!, type!, 0, data!], what);
  }

  umount(where: string, flags = 0) {
    return this.task.call('umount2', [...this.#texts(where), flags], `umount() of ${where}`);
  }

  /**
   * rmdir() of an empty directory whose link counts are right: libfs takes away what must be there, and
   * the kernel warns when it is not.
   */
  async rmdir(path: string): Promise<void> {
    const parent = path.slice(0, path.lastIndexOf('/'));
    expect((await this.stat(path)).links, 'st_nlink of an empty directory').toBe(2);
    expect((await this.stat(parent)).links, 'st_nlink of a directory with one in it').toBeAtLeast(3);
    await this.call('rmdir', [path]);
  }

  async stat(path: string): Promise<Stat> {
    return this.#stat(await this.#ask('stat', path, 144));
  }

  async fstat(file: OpenFile): Promise<Stat> {
    const [into] = this.task.buffers(Buffer.alloc(144));
    await this.task.call('fstat', [file.fd, into!], `fstat() of a file that was ${file.path}`);
    return this.#stat(this.task.bytes(into!, 144));
  }

  /** How many files the filesystem may hold, and how many can still be made. */
  async room(where: string): Promise<string> {
    const statfs = await this.#ask('statfs', where, 120);
    return `${statfs.readBigUInt64LE(40)} ${statfs.readBigUInt64LE(48)}`;
  }

  async readlink(path: string): Promise<string> {
    const target = await this.#ask('readlink', path, page);
    return target.toString('latin1', 0, target.indexOf(0));
  }

  /** Names in a directory with their inode numbers, sorted; '.' and '..' must be there and are left out. */
  async list(where: string): Promise<[name: string, ino: bigint][]> {
    const folder = await this.task.open(where);
    const names: [string, bigint][] = [];
    for (let turn = 0; turn < 8; turn++) {
      const [into] = this.task.buffers(Buffer.alloc(2048));
      const args = [folder.fd, into!, 2048];
      const entries = this.task.bytes(
        into!,
        Number(await this.task.call('getdents64', args, `getdents() of ${where}`)),
      );
      for (let i = 0, size = 1; i + 19 < entries.length && size > 0; i += size) {
        size = entries.readUInt16LE(i + 16);
        names.push([
          entries.toString('latin1', i + 19, entries.indexOf(0, i + 19)),
          entries.readBigUInt64LE(i),
        ]);
      }
      if (entries.length === 0) break;
    }
    await folder.close();
    const dots = names.filter(([name]) => /^\.\.?$/.test(name)).length;
    expect(dots, `how many of "." and ".." are listed in ${where}`).toBe(2);
    return names.filter(([name]) => !/^\.\.?$/.test(name)).sort(([a], [b]) => (a < b ? -1 : 1));
  }

  async names(where: string): Promise<string> {
    return (await this.list(where)).map(([name]) => name).join(' ');
  }

  #texts(...texts: string[]): bigint[] {
    return this.task.buffers(...texts.map((text) => Buffer.from(`${text}\0`)));
  }

  /** A call that is given a path and a buffer. */
  async #ask(name: SyscallName, path: string, size: number): Promise<Buffer> {
    const [where, into] = this.task.buffers(Buffer.from(`${path}\0`), Buffer.alloc(size));
    await this.task.call(name, [where!, into!, size], `${name}(${short(path)})`);
    return this.task.bytes(into!, size);
  }

  #stat(bytes: Buffer): Stat {
    return {
      ino: bytes.readBigUInt64LE(8),
      links: Number(bytes.readBigUInt64LE(16)),
      mode: bytes.readUInt32LE(24).toString(8),
      size: Number(bytes.readBigInt64LE(48)),
    };
  }
}

/** Whether the call failed for want of memory, in a round where it may; any other failure is thrown. */
export async function lacksMemory(n: number, call: PromiseLike<unknown>): Promise<boolean> {
  try {
    await call;
    return false;
  } catch (error) {
    if (n > 0 && error instanceof Error && 'errno' in error && error.errno === 'ENOMEM') return true;
    throw error;
  }
}

/** A path or a list of options for people. */
export function short(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
