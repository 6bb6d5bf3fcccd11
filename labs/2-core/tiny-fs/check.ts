// SPDX-License-Identifier: Apache-2.0
import { check, expect, type OpenFile, type Task } from '#bringup/lab';

// Numbers of system calls that have no name in the lab interface (arch/x86/entry/syscalls/syscall_64.tbl).
const nr = { fstat: 5, ftruncate: 77, rename: 82, link: 86, symlink: 88, readlink: 89, statfs: 137 } as const;
const oCreateExclusive = 0o1 | 0o100 | 0o200; // and O_WRONLY
const detach = 2; // MNT_DETACH
const page = 4096;
const places = ['/tmp/job', '/tmp/job2'] as const;
const [at, other] = places;

interface Stat {
  ino: bigint;
  links: number;
  mode: string;
  size: number;
}

/** What the check does with paths; each is one system call unless it says otherwise. */
class Paths {
  readonly task: Task;
  constructor(task: Task) {
    this.task = task;
  }

  call(name: 'mkdir' | 'rmdir' | 'unlink' | 'mknod' | keyof typeof nr, paths: string[], ...rest: number[]) {
    const addresses = this.#texts(...paths);
    const number = name in nr ? nr[name as keyof typeof nr] : (name as 'mkdir');
    return this.task.call(number, [...addresses, ...rest], `${name}(${paths.map(short).join(', ')})`);
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
    await this.task.call(nr.fstat, [file.fd, into!], `fstat() of a file that was ${file.path}`);
    return this.#stat(this.task.bytes(into!, 144));
  }

  /** How many files the filesystem may hold, and how many can still be made. */
  async room(where: string): Promise<string> {
    const statfs = await this.#ask(nr.statfs, where, 120);
    return `${statfs.readBigUInt64LE(40)} ${statfs.readBigUInt64LE(48)}`;
  }

  async readlink(path: string): Promise<string> {
    const target = await this.#ask(nr.readlink, path, page);
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
  async #ask(number: number | 'stat', path: string, size: number): Promise<Buffer> {
    const [name, into] = this.task.buffers(Buffer.from(`${path}\0`), Buffer.alloc(size));
    const what = `${number === 'stat' ? 'stat' : number === nr.statfs ? 'statfs' : 'readlink'}(${short(path)})`;
    await this.task.call(number, [name!, into!, size], what);
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

export default check(async ({ step, guest, faults, module, seed }) => {
  let drawn = seed;
  const draw = (length: number): string =>
    Array.from({ length }, () => {
      drawn = (Math.imul(drawn, 1664525) + 1013904223) >>> 0;
      return String.fromCharCode(0x61 + ((drawn >>> 16) % 26));
    }).join('');
  const limit = 9 + (seed % 12);

  const closeAll = async (): Promise<void> => {
    for (const fd of [...guest.main.openFiles.keys()]) {
      guest.main.openFiles.delete(fd);
      await guest.main.call('close', [fd]).then(undefined, () => {});
    }
  };

  /** A requirement with both places unmounted before and after, and files closed. */
  const bare = (id: string, work: (fs: Paths) => Promise<void>): Promise<void> =>
    step(id, async () => {
      const fs = new Paths(await guest.task());
      if (!guest.loaded.includes(module)) await guest.load(module);
      for (const place of places) if (!(await guest.exists(place))) await fs.mkdir(place);
      try {
        await work(fs);
      } finally {
        // The main task steps in only here: a filesystem may break down when it ends.
        const main = new Paths(guest.main);
        await closeAll();
        for (const place of places) await main.umount(place, detach).then(undefined, () => {});
      }
    });

  /** A requirement on a filesystem that is mounted at `at`. */
  const requirement = (id: string, work: (fs: Paths) => Promise<void>): Promise<void> =>
    bare(id, async (fs) => {
      await fs.mount(at, `files=${limit}`);
      await work(fs);
      await closeAll();
      await fs.umount(at);
    });

  const freeIs = async (fs: Paths, free: number, when: string): Promise<void> => {
    await guest.sleep('1s');
    expect(await fs.room(at), `f_files and f_ffree ${when}`).toBe(`${limit} ${free}`);
  };

  await bare('mounts', async (fs) => {
    const name = draw(9);
    await fs.mount(at);
    expect((await fs.stat(at)).mode, 'the mode of the root').toBe('40755');
    expect(await fs.names(at), 'what is in the root').toBe('');
    expect(await fs.room(at), 'f_files and f_ffree without options').toBe('64 64');
    await fs.mount(other, `files=${limit}`);
    await fs.touch(`${at}/${name}`);
    expect(await fs.names(other), 'what is in the root of the second mount').toBe('');
    expect(await fs.room(other), 'f_files and f_ffree of the second mount').toBe(`${limit} ${limit}`);
    expect(await fs.room(at), 'f_files and f_ffree of the first mount').toBe('64 63');
    await fs.umount(at);
    await fs.touch(`${other}/${name}2`);
    await fs.mount(at);
    expect(await fs.names(at), 'what is in the root of a new mount').toBe('');
    await fs.umount(other);
    await fs.umount(at);
  });

  await requirement('keeps-data', async (fs) => {
    const { task } = fs;
    const path = `${at}/${draw(6)}`;
    await task.call('close', [await fs.make(path)]);
    expect((await fs.stat(path)).mode, 'the mode of a new file').toBe('100600');
    const file = await task.open(path, 'rw');
    const text = draw(200);
    await expect(file.write(text)).toReturn(200);
    await file.seek(2 * page - 50);
    await expect(file.write(text), 'write() over the border of two pages').toReturn(200);
    await expect(file.readAt(0, 300), 'the first 300 bytes').toReturn(text + '\0'.repeat(100));
    await expect(file.readAt(2 * page - 60, 300), 'the end of the file').toReturn('\0'.repeat(10) + text);

    // Cut off in the middle of a page, then made longer: the old bytes must not come back.
    await task.call(nr.ftruncate, [file.fd, 40], 'ftruncate() to 40');
    await task.call(nr.ftruncate, [file.fd, 3 * page], 'ftruncate() to three pages');
    expect((await fs.fstat(file)).size, 'the size after ftruncate()').toBe(3 * page);
    await expect(file.readAt(0, 300), 'what was cut off and is inside again').toReturn(
      text.slice(0, 40) + '\0'.repeat(260),
    );
    await expect(file.readAt(2 * page - 60, 100), 'pages that were cut off').toReturn('\0'.repeat(100));

    // Through a mapping: PROT_READ | PROT_WRITE, MAP_SHARED.
    const start = await task.call('mmap', [0, 3 * page, 3, 1, file.fd, 0], 'mmap() of a file');
    await fs.touch(`${path}2`);
    const source = await task.open(`${path}2`, 'rw');
    await source.write(text);
    await source.seek(0);
    await source.readTo(start + BigInt(page + 5), 60);
    await expect(file.readAt(page, 70), 'read() of what was stored through a shared mapping').toReturn(
      '\0'.repeat(5) + text.slice(0, 60) + '\0'.repeat(5),
    );
    await task.call('munmap', [start, 3 * page]);
  });

  await requirement('counts-names', async (fs) => {
    const links = async (path: string): Promise<number> => (await fs.stat(path)).links;
    const dir = `${at}/${draw(6)}`;
    expect(await links(at), 'st_nlink of the empty root').toBe(2);
    await fs.mkdir(dir);
    expect(await links(dir), 'st_nlink of an empty directory').toBe(2);
    for (const name of ['a', 'b']) await fs.mkdir(`${dir}/${name}`);
    await fs.touch(`${dir}/c`);
    expect(await links(dir), 'st_nlink of a directory with two directories and a file').toBe(4);
    expect(await links(at), 'st_nlink of the root with one directory').toBe(3);
    for (const name of ['a', 'b']) await fs.rmdir(`${dir}/${name}`);
    expect(await links(dir), 'st_nlink of a directory that lost both directories').toBe(2);

    await fs.call('link', [`${dir}/c`, `${at}/c`]);
    await fs.call('link', [`${at}/c`, `${at}/e`]);
    expect(await links(`${dir}/c`), 'st_nlink of a file with three names').toBe(3);
    const { ino } = await fs.stat(`${dir}/c`);
    expect((await fs.stat(`${at}/e`)).ino, 'the inode number by another name').toBe(ino);
    await freeIs(fs, limit - 2, 'with a directory and a file of three names');
    const file = await fs.task.open(`${at}/e`, 'rw');
    await file.write('same');
    await fs.call('unlink', [`${at}/c`]);
    expect((await fs.fstat(file)).links, 'st_nlink of a file that lost one of three names').toBe(2);
    await fs.call('unlink', [`${at}/e`]);
    expect(await fs.task.readFile(`${dir}/c`), 'the file by the name that is left').toBe('same');
    await fs.call('unlink', [`${dir}/c`]);
    expect((await fs.fstat(file)).links, 'st_nlink of an open file without a name').toBe(0);
    await fs.rmdir(dir);
    expect(await links(at), 'st_nlink of the root that is empty again').toBe(2);
    await file.close();
  });

  await requirement('keeps-names', async (fs) => {
    const names = ['d', 'f', 'l'].map((first) => first + draw(5)); // in the order of the alphabet
    const [dir, file, link] = names.map((name) => `${at}/${name}`) as [string, string, string];
    const long = draw(255);
    await fs.mkdir(dir);
    await fs.touch(file);
    const target = draw(200 + (seed % 1000));
    await fs.call('symlink', [target, link]);
    await fs.touch(`${dir}/${long}`);
    await guest.writeFile('/proc/sys/vm/drop_caches', '3');
    expect(await fs.readlink(link), 'the target of a symbolic link').toBe(target);
    expect((await fs.stat(dir)).mode, 'the mode of a new directory').toBe('40700');
    expect(await fs.names(at), 'what is in the root').toBe(names.join(' '));
    const listed = (await fs.list(at)).map(([, ino]) => ino);
    const numbers = [(await fs.stat(dir)).ino, (await fs.stat(file)).ino];
    expect(listed.slice(0, 2), 'inode numbers in the root, listed').toEqual(numbers);
    const all = new Set([...listed, (await fs.stat(at)).ino]);
    expect(all.size, 'different inode numbers of 4 files').toBe(4);
    expect(all.has(0n), 'a file has the inode number 0').toBe(false);

    await expect(fs.mkdir(file), 'mkdir() over a file').toFail('EEXIST');
    await expect(fs.make(link), 'open() with O_EXCL of a name that is there').toFail('EEXIST');
    await expect(fs.make(`${dir}/${draw(256)}`), 'open() of a name of 256 bytes').toFail('ENAMETOOLONG');
    await expect(fs.call('rmdir', [dir]), 'rmdir() of a directory that is not empty').toFail('ENOTEMPTY');
    await fs.call('unlink', [`${dir}/${long}`]);
    await fs.rmdir(dir);
    await fs.call('unlink', [link]);
    await expect(fs.call('unlink', [link]), 'unlink() of a name that is gone').toFail('ENOENT');
    expect(await fs.names(at), 'what is in the root after all but one was removed').toBe(names[1]);
    expect(await guest.exists(dir), 'the removed directory').toBe(false);
  });

  await requirement('renames', async (fs) => {
    const names = [draw(5), draw(6), draw(7)] as const;
    const [a, b, c] = names.map((name) => `${at}/${name}`) as [string, string, string];
    const links = async (...paths: string[]): Promise<string> => {
      const counts = [];
      for (const path of paths) counts.push((await fs.stat(path)).links);
      return counts.join(' ');
    };
    for (const dir of [a, b, `${a}/sub`]) await fs.mkdir(dir);
    await fs.touch(`${a}/sub/deep`);
    await fs.call('rename', [`${a}/sub`, `${b}/sub`]);
    expect(await links(at, a, b), 'st_nlink of root, old and new parent of a directory').toBe('4 2 3');
    expect(await fs.names(`${b}/sub`), 'what is in a renamed directory').toBe('deep');
    await fs.mkdir(`${a}/sub`);
    const onFull = fs.call('rename', [`${a}/sub`, `${b}/sub`]);
    await expect(onFull, 'rename() over a full directory').toFail('ENOTEMPTY');
    await fs.call('rename', [`${b}/sub`, `${a}/sub`]);
    expect(await links(at, a, b, `${a}/sub`), 'st_nlink after rename() over an empty one').toBe('4 3 2 2');

    await fs.task.writeFile(`${a}/sub/deep`, 'kept');
    await fs.touch(c);
    await freeIs(fs, limit - 5, 'with five files');
    await fs.call('rename', [`${a}/sub/deep`, c]);
    expect(await fs.task.readFile(c), 'a file that was renamed over another').toBe('kept');
    expect(await fs.names(at), 'what is in the root').toBe([...names].sort().join(' '));
    expect(await fs.names(`${a}/sub`), 'what is in a directory whose file was renamed').toBe('');
    await freeIs(fs, limit - 4, 'when one of five files was replaced');
  });

  await requirement('outlives-its-names', async (fs) => {
    const path = `${at}/${draw(8)}`;
    const text = draw(30);
    await fs.touch(path);
    const file = await fs.task.open(path, 'rw');
    await file.write(text);
    await fs.call('unlink', [path]);
    await fs.touch(path); // another file by the same name
    await expect(file.readAt(0, 99), 'read() of an open file without a name').toReturn(text);
    await freeIs(fs, limit - 2, 'with an open file without a name and one that has its old name');
    await file.close();
    await freeIs(fs, limit - 1, 'after the file without a name was closed');
    expect(await fs.task.readFile(path), 'the file that has the old name').toBe('');
  });

  await requirement('keeps-the-limit', async (fs) => {
    await fs.mkdir(`${at}/dir`);
    for (let i = 1; i < limit; i++) await fs.touch(`${at}/${i % 2 ? 'dir/' : ''}${i}`);
    const tooMany = async (when: string): Promise<void> => {
      await expect(fs.make(`${at}/new`), `open() of a new file ${when}`).toFail('ENOSPC');
      await expect(fs.mkdir(`${at}/dir/new`), `mkdir() ${when}`).toFail('ENOSPC');
      await expect(fs.call('symlink', ['to', `${at}/new`]), `symlink() ${when}`).toFail('ENOSPC');
    };
    await tooMany(`with all ${limit} files there`);
    await fs.call('link', [`${at}/dir/1`, `${at}/one`]);
    await fs.call('unlink', [`${at}/dir/1`]);
    await tooMany('when one of two names of a file was removed');
    expect((await fs.stat(`${at}/dir`)).links, 'st_nlink of a directory after mkdir() in it failed').toBe(2);
    await freeIs(fs, 0, 'with all files there');
    for (const name of ['one', '2', '4', '6']) await fs.call('unlink', [`${at}/${name}`]);
    await freeIs(fs, 4, 'after four files were removed');
    for (let i = 0; i < 4; i++) await fs.call('symlink', ['to', `${at}/new${i}`]);
    await tooMany('when places were used again');
  });

  await bare('starts-with-directories', async (fs) => {
    const names = [draw(255), draw(1) + draw(3), draw(11)].sort();
    await fs.mount(at, `dirs=${names.join(':')},files=${limit}`);
    expect(await fs.names(at), 'what is in the root').toBe(names.join(' '));
    expect((await fs.stat(at)).links, 'st_nlink of the root').toBe(5);
    const { mode, links } = await fs.stat(`${at}/${names[1]}`);
    expect(`${mode} ${links}`, 'mode and st_nlink of a directory').toBe('40755 2');
    await fs.touch(`${at}/${names[1]}/x`);
    await freeIs(fs, limit - 4, 'with three directories and a file');
    await fs.rmdir(`${at}/${names[0]}`);
    await fs.call('unlink', [`${at}/${names[1]}/x`]);
    await fs.rmdir(`${at}/${names[1]}`);
    expect((await fs.stat(at)).links, 'st_nlink of the root after two were removed').toBe(3);
    await freeIs(fs, limit - 1, 'with one directory left');
    await fs.umount(at);
  });

  await bare('refuses-options', async (fs) => {
    const [a, b] = [draw(4), draw(5)];
    const wrong = ['files=0', 'files=1000001', 'files=12x', 'size=4', `dirs=${a}:`, `dirs=${a}:${b}:${a}`];
    for (const options of [...wrong, `dirs=${a}:..`, `dirs=${a}/${b}`, `dirs=${a}:${draw(256)}`]) {
      await expect(fs.mount(at, options), `mount() with ${short(options)}`).toFail('EINVAL');
    }
    const third = fs.mount(at, `files=2,dirs=${a}:${b}:c`);
    await expect(third, 'mount() with two files and three directories').toFail('ENOSPC');
    await fs.mount(at, `files=2,dirs=${a}:${b}`);
    await fs.umount(at);
    await expect(guest.unload(module), 'unloading after mounts that failed').toReturn(undefined);
  });

  await bare('survives-enomem', async (fs) => {
    const directory = draw(4);
    await faults.everyAllocation(async (task, n) => {
      const mount = new Paths(task).mount(at, `files=${limit},dirs=${directory}`);
      if (await lacksMemory(n, mount)) return;
      expect(await fs.room(at), 'f_files and f_ffree').toBe(`${limit} ${limit - 1}`);
      await fs.umount(at);
    });
    await fs.mount(at, `files=${limit}`);
    await faults.everyAllocation(async (task, n) => {
      const victim = new Paths(task);
      const [file, link] = [`${at}/file`, `${at}/link`];
      const calls = [() => victim.touch(file), () => victim.call('symlink', ['to', link])];
      for (const call of calls) if (await lacksMemory(n, call())) await call();
      for (const name of [file, link]) await fs.call('unlink', [name]);
    });
    await freeIs(fs, limit, 'after calls that lacked memory, and all files removed');
    await fs.umount(at);
    await expect(guest.unload(module), 'unloading after mounts that failed').toReturn(undefined);
  });

  await bare('stays-while-mounted', async (fs) => {
    const path = `${at}/${draw(4)}`;
    await fs.mount(at);
    await expect(guest.unload(module), 'unloading while a jobfs is mounted').toFail('EAGAIN', 'EBUSY');
    await fs.touch(path);
    // Taken off the tree while a file is open: the filesystem lives until that is closed.
    const file = await fs.task.open(path, 'rw');
    await fs.umount(at, detach);
    await expect(guest.unload(module), 'unloading while a file of a jobfs is open').toFail('EAGAIN', 'EBUSY');
    await expect(file.write('late'), 'write() to a file whose filesystem was unmounted').toReturn(4);
    await file.close();
    await guest.sleep('100ms');
    await expect(guest.unload(module), 'unloading after the last file was closed').toReturn(undefined);
  });
});

/** Whether the call failed for want of memory, in a round where it may; any other failure is thrown. */
async function lacksMemory(n: number, call: PromiseLike<unknown>): Promise<boolean> {
  try {
    await call;
    return false;
  } catch (error) {
    if (n > 0 && error instanceof Error && 'errno' in error && error.errno === 'ENOMEM') return true;
    throw error;
  }
}

/** A path or a list of options for people. */
function short(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
