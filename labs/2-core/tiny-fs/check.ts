// SPDX-License-Identifier: Apache-2.0
import { check, expect } from '#bringup/lab';
import { lacksMemory, page, Paths, places, short } from './paths.ts';

// and O_WRONLY
const detach = 2; // MNT_DETACH

const [at, other] = places;

export default check(async ({ step, guest, faults, module, draw, word }) => {
  const limit = 9 + draw(12);

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
    const name = word(9);
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
    const path = `${at}/${word(6)}`;
    await task.call('close', [await fs.make(path)]);
    expect((await fs.stat(path)).mode, 'the mode of a new file').toBe('100600');
    const file = await task.open(path, 'rw');
    const text = word(200);
    await expect(file.write(text)).toReturn(200);
    await file.seek(2 * page - 50);
    await expect(file.write(text), 'write() over the border of two pages').toReturn(200);
    await expect(file.readAt(0, 300), 'the first 300 bytes').toReturn(text + '\0'.repeat(100));
    await expect(file.readAt(2 * page - 60, 300), 'the end of the file').toReturn('\0'.repeat(10) + text);

    // Cut off in the middle of a page, then made longer: the old bytes must not come back.
    await task.call('ftruncate', [file.fd, 40], 'ftruncate() to 40');
    await task.call('ftruncate', [file.fd, 3 * page], 'ftruncate() to three pages');
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
    const dir = `${at}/${word(6)}`;
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
    const names = ['d', 'f', 'l'].map((first) => first + word(5)); // in the order of the alphabet
    const [dir, file, link] = names.map((name) => `${at}/${name}`) as [string, string, string];
    const long = word(255);
    await fs.mkdir(dir);
    await fs.touch(file);
    const target = word(200 + draw(1000));
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
    await expect(fs.make(`${dir}/${word(256)}`), 'open() of a name of 256 bytes').toFail('ENAMETOOLONG');
    await expect(fs.call('rmdir', [dir]), 'rmdir() of a directory that is not empty').toFail('ENOTEMPTY');
    await fs.call('unlink', [`${dir}/${long}`]);
    await fs.rmdir(dir);
    await fs.call('unlink', [link]);
    await expect(fs.call('unlink', [link]), 'unlink() of a name that is gone').toFail('ENOENT');
    expect(await fs.names(at), 'what is in the root after all but one was removed').toBe(names[1]);
    expect(await guest.exists(dir), 'the removed directory').toBe(false);
  });

  await requirement('renames', async (fs) => {
    const names = [word(5), word(6), word(7)] as const;
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
    const path = `${at}/${word(8)}`;
    const text = word(30);
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
    const names = [word(255), word(1) + word(3), word(11)].sort();
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
    const [a, b] = [word(4), word(5)];
    const wrong = ['files=0', 'files=1000001', 'files=12x', 'size=4', `dirs=${a}:`, `dirs=${a}:${b}:${a}`];
    for (const options of [...wrong, `dirs=${a}:..`, `dirs=${a}/${b}`, `dirs=${a}:${word(256)}`]) {
      await expect(fs.mount(at, options), `mount() with ${short(options)}`).toFail('EINVAL');
    }
    const third = fs.mount(at, `files=2,dirs=${a}:${b}:c`);
    await expect(third, 'mount() with two files and three directories').toFail('ENOSPC');
    await fs.mount(at, `files=2,dirs=${a}:${b}`);
    await fs.umount(at);
    await expect(guest.unload(module), 'unloading after mounts that failed').toReturn(undefined);
  });

  await bare('survives-enomem', async (fs) => {
    const directory = word(4);
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
    const path = `${at}/${word(4)}`;
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
