// SPDX-License-Identifier: Apache-2.0
import { check, expect, SyscallError, type OpenFile } from '#bringup/lab';
import { does, fails, says, type Shop } from './shop.ts';

const device = '/dev/spool';

const folder = '/sys/kernel/spool';

export default check(async ({ step, guest, faults, module, draw, word }) => {
  let sent = 0;
  const newName = (): string =>
    `${String.fromCharCode(0x61 + (sent++ % 26))}${draw(100)}-${word(1 + draw(9))}`;

  const requirement = (id: string, work: (shop: Shop) => Promise<void>): Promise<void> =>
    step(id, async () => {
      if (!guest.loaded.includes(module)) await guest.load(module);
      const task = await guest.task();
      const opened = new Set<OpenFile>();
      const queued = new Set<string>();
      const open: Shop['open'] = async (by = task) => {
        const file = await by.open(device, 'rw');
        opened.add(file);
        return file;
      };
      const close: Shop['close'] = async (file) => {
        opened.delete(file);
        await (file.task.busy ? file.in(guest.main) : file).close();
      };
      const desk = await open();
      const send: Shop['send'] = async (pages, name = newName()) => {
        await does(desk, `new ${name} ${pages}`);
        queued.add(name);
        return name;
      };
      const cancel: Shop['cancel'] = async (name) => {
        queued.delete(name);
        const text = `cancel ${name}`;
        const write = desk.write(text);
        await expect(write, text).toFinishWithin('1s');
        await expect(write, text).toReturn(text.length);
      };
      try {
        await work({ desk, open, close, send, cancel });
      } finally {
        for (const name of queued) await cancel(name).catch(() => {}); // what was found says more
        for (const file of opened) await close(file).catch(() => {});
      }
    });

  await requirement('queues-jobs', async ({ desk, send, cancel }) => {
    const pages = 1 + draw(1_000_000);
    const name = await send(pages);
    const other = await send(1, 'a-15-letter-one');
    expect(await guest.readFile(`${folder}/${name}/pages`), 'pages').toBe(`${pages}\n`);
    expect(await guest.readFile(`${folder}/${name}/printed`), 'printed').toBe('0\n');
    await fails(desk, `new ${name} 5`, 'EEXIST');
    await fails(desk, `cancel ${newName()}`, 'ENOENT');
    for (const text of ['new x 0', 'new x 1000001', 'new X 1', 'new sixteen-letters- 1', 'burn x']) {
      await fails(desk, text, 'EINVAL');
    }
    await cancel(name);
    expect(await guest.exists(`${folder}/${name}`), `${folder}/${name} after it was cancelled`).toBe(false);
    await fails(desk, `cancel ${name}`, 'ENOENT');
    await fails(desk, `take ${name}`, 'ENOENT');
    await does(desk, `new ${name} 7\n`);
    expect(await guest.readFile(`${folder}/${name}/pages`), 'pages of the next job').toBe('7\n');
    await cancel(name);
    expect(await guest.readFile(`${folder}/${other}/pages`), 'pages of another job').toBe('1\n');
  });

  await requirement('takes-and-prints', async ({ open, send }) => {
    const [one, other] = [await open(), await open()];
    const [name, second] = [await send(20), await send(3)];
    for (const text of ['drop', 'print 1']) await fails(one, text, 'ENODATA');
    await expect(one.read(64), 'read() of a file that has no job').toFail('ENODATA');
    await does(one, `take ${name}`);
    await fails(one, `take ${second}`, 'EBUSY');
    await does(other, `take ${name}\n`);
    await says(one, `${name} 0/20 queued`);
    await does(one, 'print 13');
    await does(other, 'print 2');
    await says(one, `${name} 15/20 queued`);
    await expect(other.read(4), 'read() of 4 bytes').toReturn(`${name} 15`.slice(0, 4));
    await says(other, `${name} 15/20 queued`);
    expect(await guest.readFile(`${folder}/${name}/printed`), 'printed').toBe('15\n');
    for (const text of ['print 6', 'print 0', 'print 4294967291']) await fails(one, text, 'EINVAL');
    await does(one, 'drop');
    await fails(one, 'drop', 'ENODATA');
    await does(one, `take ${second}`);
    await says(one, `${second} 0/3 queued`);
    await does(other, 'print 5');
    await says(other, `${name} 20/20 done`);
  });

  await requirement('announces', async ({ open, send, cancel }) => {
    const [machine, watcher] = [await open(), await guest.task()];
    const heard = await guest.uevents(watcher);
    try {
      const name = newName();
      const actions = async (): Promise<string> => {
        const events = (await heard.take()).filter(({ DEVPATH }) => DEVPATH?.startsWith('/kernel/spool/'));
        for (const event of events) {
          const what = `of the event "${event['ACTION']}"`;
          expect(event['DEVPATH'], `DEVPATH ${what}`).toBe(`/kernel/spool/${name}`);
          expect(event['JOB'], `JOB ${what}`).toBe(name);
          expect(event['JOB_PAGES'], `JOB_PAGES ${what}`).toBe('9');
          if (event['ACTION'] === 'change') expect(event['JOB_STATE'], `JOB_STATE ${what}`).toBe('done');
        }
        return events.map(({ ACTION }) => ACTION).join();
      };
      await send(9, name);
      expect(await actions(), 'the events after new').toBe('add');
      await does(machine, `take ${name}`);
      await does(machine, 'print 8');
      expect(await actions(), 'the events after the last but one page').toBe('');
      await does(machine, 'print 1');
      expect(await actions(), 'the events after the last page').toBe('change');
      await cancel(name);
      expect(await actions(), 'the events after cancel, while a file has the job').toBe('remove');
      await does(machine, 'drop');
      await guest.sleep('100ms');
      expect(await actions(), 'the events after the last user has left').toBe('');
    } finally {
      await heard.file.close();
    }
  });

  await requirement('cancels-at-once', async ({ open, send, cancel }) => {
    const [one, other] = [await open(), await open()];
    const name = await send(40);
    const reader = await guest.task();
    const attribute = await reader.open(`${folder}/${name}/printed`);
    await does(one, `take ${name}`);
    await does(other, `take ${name}`);
    await does(one, 'print 11');
    await cancel(name);
    expect(await guest.exists(`${folder}/${name}`), `${folder}/${name} after it was cancelled`).toBe(false);
    await expect(attribute.read(64), 'read() of "printed", open since before').toFail('ENODEV');
    for (const file of [one, other]) {
      await fails(file, 'print 1', 'ECANCELED');
      await says(file, `${name} 11/40 cancelled`);
    }
    await does(one, 'drop');
    await says(other, `${name} 11/40 cancelled`);
  });

  await requirement('outlives-its-name', async ({ open, send, cancel }) => {
    const files: OpenFile[] = [];
    const name = newName();
    for (const turn of [1, 2, 3]) {
      await send(10 * turn, name);
      const file = await open();
      await does(file, `take ${name}`);
      await does(file, `print ${turn}`);
      files.push(file);
      expect(await guest.readFile(`${folder}/${name}/printed`), 'printed').toBe(`${turn}\n`);
      if (turn < 3) await cancel(name);
    }
    await says(files[0]!, `${name} 1/10 cancelled`);
    await says(files[1]!, `${name} 2/20 cancelled`);
    await fails(files[0]!, 'print 1', 'ECANCELED');
    await does(files[2]!, 'print 27');
    await says(files[2]!, `${name} 30/30 done`);
    await does(files[0]!, 'drop');
    await does(files[0]!, `take ${name}`);
    await says(files[0]!, `${name} 30/30 done`);
    await cancel(name);
    for (const file of [files[2]!, files[0]!]) await says(file, `${name} 30/30 cancelled`);
  });

  await requirement('lets-go-once', async ({ desk, open, close, send, cancel }) => {
    const victim = await guest.task({ separate: true });
    let alive = true;
    try {
      const name = await send(5);
      const [one, other] = [await open(), await open()];
      for (let turn = 0; turn < 3; turn++) {
        await does(one, `take ${name}`);
        await does(one, 'drop');
        await fails(one, 'drop', 'ENODATA');
      }
      await does(one, `take ${name}`);
      await fails(one, `take ${name}`, 'EBUSY');
      await fails(other, 'take nobody', 'ENOENT');
      await does(other, `take ${name}`);
      await does(other, 'drop');
      await close(other);
      // Two descriptors of one open file: the first close is not the last.
      const twin = await one.task.call('dup', [one.fd]);
      await close(one);
      const dying = await victim.open(device, 'rw');
      await does(dying, `take ${name}`);
      await guest.signal(victim, 'kill');
      alive = false;
      await guest.sleep('50ms');
      const word = 'print 2';
      const [at] = desk.task.buffers(Buffer.from(word));
      await expect(desk.task.call('write', [twin, at!, word.length]), word).toReturn(word.length);
      await desk.task.call('close', [twin]);
      // One put too many in all of that, and this is somebody else's memory.
      const last = await open();
      await does(last, `take ${name}`);
      await says(last, `${name} 2/5 queued`);
      await cancel(name);
      await says(last, `${name} 2/5 cancelled`);
      await does(last, 'drop');
      await expect(last.read(64), 'read() after drop').toFail('ENODATA');
    } finally {
      if (alive) await guest.signal(victim, 'kill');
    }
  });

  await requirement('frees-with-the-last-user', async ({ desk, open, close, send, cancel }) => {
    const [one, other] = [await open(), await open()];
    const before = await guest.allocated(module);
    const orders: Record<string, (name: string) => Promise<void>> = {
      'nobody has taken it': async (name) => cancel(name),
      'taken and dropped, then cancelled': async (name) => {
        await does(one, `take ${name}`);
        await does(one, 'drop');
        await cancel(name);
      },
      'cancelled, then dropped by two': async (name) => {
        await does(one, `take ${name}`);
        await does(other, `take ${name}`);
        await cancel(name);
        await does(one, 'drop');
        await does(other, 'drop');
      },
      'cancelled, then closed': async (name) => {
        const file = await open();
        await does(file, `take ${name}`);
        await cancel(name);
        await close(file);
      },
      'looked up in vain': async (name) => {
        await does(one, `take ${name}`);
        await fails(one, `take ${name}`, 'EBUSY');
        await fails(desk, `new ${name} 1`, 'EEXIST');
        await does(one, 'print 3');
        await does(one, 'drop');
        await cancel(name);
      },
    };
    const all = Object.entries(orders);
    for (const [, work] of all) await work(await send(3));
    await guest.sleep('1s');
    let held = await guest.allocated(module);
    if (held === before) return;
    for (const [order, work] of all) {
      await work(await send(3)); // once more, to tell which of them it was
      await guest.sleep('1s');
      const now = await guest.allocated(module);
      expect(now - held, `bytes that stay after a job was ${order}`).toBe(0);
      held = now;
    }
    expect(held, 'bytes the module holds when there are no jobs').toBe(before);
  });

  await requirement('survives-lack-of-memory', async ({ desk, send, cancel }) => {
    const name = newName();
    let refused = 0;
    await faults.everyAllocation(async (task, n) => {
      try {
        await desk.in(task).write(`new ${name} 4`);
      } catch (error) {
        if (n === 0 || !(error instanceof SyscallError) || error.errno !== 'ENOMEM') throw error;
        refused++;
        expect(await guest.exists(`${folder}/${name}`), `${name} after a new that failed`).toBe(false);
        return;
      }
      expect(await guest.readFile(`${folder}/${name}/pages`), 'pages').toBe('4\n');
      await cancel(name);
    });
    expect(refused, 'how many new commands were refused with ENOMEM').toBeAtLeast(1);
    await send(2, name);
  });

  await step('unloads-with-jobs', async () => {
    if (!guest.loaded.includes(module)) await guest.load(module);
    const task = await guest.task();
    const file = await task.open(device, 'rw');
    const names = [newName(), newName()];
    for (const name of names) await does(file, `new ${name} 2`);
    await does(file, `take ${names[0]!}`);
    await expect(guest.unload(module), 'unloading while a file is open').toFail('EAGAIN', 'EBUSY');
    await does(file, 'print 1');
    await file.close();
    const attribute = await task.open(`${folder}/${names[1]!}/pages`);
    await guest.unload(module);
    expect(await guest.exists(folder), `${folder} after unloading`).toBe(false);
    await expect(attribute.read(64), 'read() of "pages", open since before').toFail('ENODEV');
  });
});
