// SPDX-License-Identifier: Apache-2.0
import { badAddress, check, expect, type Guest, type OpenFile, type Task } from '#bringup/lab';

const device = '/dev/ticker';
const nameBytes = 16;
const longest = 200;
const queueLength = 8;

interface Hall {
  /** Opens the device; the file is closed when the requirement ends. */
  open: (task: Task) => Promise<OpenFile>;
  close: (file: OpenFile) => Promise<void>;
}

export default check(async ({ step, guest, module, draw, word }) => {
  /** A symbol that no requirement has used before. */
  let symbols = 0;
  const newSymbol = (): string => `${word(2 + draw(8))}${symbols++}`;
  /** A quote of that many bytes. */
  const quote = (symbol: string, length = 30 + draw(60)): string =>
    `${symbol} ${word(length - symbol.length - 1)}`;

  /** A requirement that begins with no file open, and closes what it opened. */
  const requirement = (id: string, work: (hall: Hall) => Promise<void>): Promise<void> =>
    step(id, async () => {
      if (!guest.loaded.includes(module)) await guest.load(module);
      const opened = new Set<OpenFile>();
      const close = async (file: OpenFile): Promise<void> => {
        opened.delete(file);
        await file.close();
      };
      const open = async (task: Task): Promise<OpenFile> => {
        const file = await task.open(device, 'rw');
        opened.add(file);
        return file;
      };
      try {
        await work({ open, close });
      } finally {
        for (const file of opened) {
          try {
            await close(file);
          } catch {
            // What the requirement found, or the kernel reported, says more.
          }
        }
      }
    });

  await requirement('delivers-quotes', async ({ open }) => {
    const [desk, other] = await guest.tasks(2);
    const [a, b] = [newSymbol(), newSymbol()];
    const publisher = await open(desk);
    const files = [await open(desk), await open(other), await open(other)] as const;
    await follows(files[0], a);
    await follows(files[1], a);
    await follows(files[2], b);
    const sent = [quote(a), quote(b), quote(a, longest), `${a} ${word(1)}`];
    for (const words of sent) await publishes(publisher, words);
    await publishes(publisher, quote(newSymbol()));
    await publishes(publisher, quote(`${a}x`));
    for (const file of files.slice(0, 2)) await reads(file, [sent[0]!, sent[2]!, sent[3]!]);
    await reads(files[2], [sent[1]!]);
    await reads(publisher, []);

    // One who reads late has the newest eight.
    const late = Array.from({ length: queueLength + 3 }, () => quote(a));
    for (const words of late) {
      await publishes(publisher, words);
      await reads(files[0], [words]);
    }
    await reads(files[1], late.slice(-queueLength));
  });

  await requirement('keeps-its-limits', async ({ open }) => {
    const file = await open(await guest.task());
    const symbol = word(nameBytes - 1);
    await follows(file, symbol);
    await expect(file.write(quote(symbol, longest + 1)), 'write() of 201 bytes').toFail('EMSGSIZE');
    for (const words of ['', ' ', symbol, `${symbol} `, ` ${word(9)}`, `${symbol}x ${word(4)}`])
      await expect(file.write(words), `write("${words}")`).toFail('EINVAL');
    for (const name of ['x'.repeat(nameBytes), 'a b', `${symbol} `, 'a\0b'])
      await expect(file.write(`=${name}`), `write("=${name}")`).toFail('EINVAL');
    await expect(file.writeFrom(badAddress.unmapped, 40), 'write() from a bad address').toFail('EFAULT');
    await reads(file, []);
    const words = quote(symbol, 50);
    await publishes(file, words);
    await expect(file.read(49), 'read() of 49 bytes of a quote of 50').toFail('EMSGSIZE');
    await expect(file.read(50), 'read() of 50 bytes of it').toReturn(words);
  });

  await requirement('changes-what-it-follows', async ({ open }) => {
    const task = await guest.task();
    const [a, b] = [newSymbol(), newSymbol()];
    const [first, second, third] = [await open(task), await open(task), await open(task)];
    await follows(first, a);
    await follows(second, b);
    const [old, newest, next] = [quote(a), quote(a), quote(b)];
    await publishes(third, old);
    await publishes(third, newest);
    await publishes(third, next);
    // What was queued stays, and the newest quote of the other symbol comes at once.
    await follows(second, a);
    await reads(second, [next, newest]);
    await follows(third, a);
    await reads(third, [newest]);
    // Again the same: nothing changes, in either file.
    await follows(second, a);
    await follows(second, a);
    await reads(second, []);
    await reads(first, [old, newest]);
    // The one that stays still has its symbol, and the newest quote with it.
    await follows(second, '');
    await follows(second, '');
    await follows(third, b);
    await follows(third, a);
    await reads(third, [newest]);
    const last = quote(a);
    await publishes(second, last);
    await reads(first, [last]);
    await reads(second, []);
    await reads(third, [last]);
    // Alone with its symbol, and asking for it once more.
    await follows(third, '');
    await follows(first, a);
    await follows(third, a);
    await reads(third, [last]);
  });

  await requirement('forgets-symbols', async ({ open, close }) => {
    const task = await guest.task();
    const publisher = await open(task);
    const ways: [string, (file: OpenFile, symbol: string) => Promise<void>][] = [
      ['its only follower closed its file', close],
      ['its follower went to another one', (file) => follows(file, newSymbol())],
      ['its follower follows nothing any more', (file) => follows(file, '')],
      [
        'its follower asked for it again, and closed its file',
        async (file, symbol): Promise<void> => {
          await follows(file, symbol);
          await close(file);
        },
      ],
    ];
    for (const [what, leave] of ways) {
      const symbol = newSymbol();
      const file = await open(task);
      await follows(file, symbol);
      await publishes(publisher, quote(symbol));
      await leave(file, symbol);
      const fresh = await open(task);
      await follows(fresh, symbol);
      await expect(fresh.read(longest), `read() of a symbol newly followed, after ${what}`).toFail('EAGAIN');
    }
  });

  await requirement('pays-once-for-the-slow', async ({ open }) => {
    const [task, writer] = await guest.tasks(2);
    const symbol = newSymbol();
    const publisher = await open(writer);
    const slow = [await open(task), await open(task)];
    for (const file of slow) await follows(file, symbol);
    const publish = (times: number): Promise<unknown> =>
      guest.storm({ task: writer, times, row: (row) => row.write(publisher, quote(symbol, 120)) });
    await publish(queueLength + 1);
    const full = await held(guest, module);
    await publish(64);
    expect(
      await held(guest, module),
      'bytes held for two files that do not read, after 73 quotes instead of 9,',
    ).toBeAtMost(full);
    expect((await slow[0]!.read(longest)).length, 'the length of what the slow one reads').toBe(120);
  });

  await requirement('pays-nothing-for-errors', async ({ open }) => {
    const task = await guest.task();
    const file = await open(task);
    const symbol = newSymbol();
    await follows(file, symbol);
    const round = async (): Promise<void> => {
      await publishes(file, quote(symbol, 90));
      await expect(file.read(89), 'read() with too little room').toFail('EMSGSIZE');
      const where = draw(2) ? badAddress.unmapped : badAddress.kernel;
      await expect(file.readTo(where, longest), 'read() into a bad address').toFail('EFAULT');
      await drain(file);
      await expect(file.writeFrom(where, 90), 'write() from a bad address').toFail('EFAULT');
      await expect(file.write(symbol), 'write() without a text').toFail('EINVAL');
      await expect(file.write('=a b'), 'a symbol with a space').toFail('EINVAL');
    };
    await round();
    const before = await held(guest, module);
    for (let i = 0; i < 3; i++) await round();
    expect(await held(guest, module), 'bytes held after calls that failed').toBeAtMost(before);
    const words = quote(symbol);
    await publishes(file, words);
    await reads(file, [words]);
  });

  await requirement('ends-as-it-began', async ({ open, close }) => {
    const before = await held(guest, module);
    const task = await guest.task();
    const victim = await guest.task({ separate: true });
    const [a, b] = [newSymbol(), newSymbol()];
    const files = [await open(task), await open(task), await open(task)] as const;
    const killed = await victim.open(device, 'rw');
    for (const file of files) await follows(file, a);
    await follows(killed, b);
    await publishes(files[0], quote(a));
    await publishes(files[0], quote(b));
    await follows(files[1], b);
    await follows(files[1], a);
    await follows(files[2], b);
    await follows(killed, b);
    await drain(files[1]);
    for (let i = 0; i < 3; i++) await publishes(files[1], quote(a));
    await close(files[0]); // with quotes that it has not read
    await follows(files[1], a);
    await close(files[2]);
    await guest.signal(victim, 'kill');
    await close(files[1]);
    expect(await held(guest, module), 'bytes held when all files are closed').toBeAtMost(before);
  });
});

async function follows(file: OpenFile, symbol: string): Promise<void> {
  await expect(file.write(`=${symbol}`), `write("=${symbol}")`).toReturn(symbol.length + 1);
}

async function publishes(file: OpenFile, words: string): Promise<void> {
  await expect(file.write(words), 'write() of a quote').toReturn(words.length);
}

/** These quotes are in the queue of the file, and no other. */
async function reads(file: OpenFile, quotes: string[]): Promise<void> {
  for (const words of quotes) await expect(file.read(longest), 'read() of a quote').toReturn(words);
  await expect(file.read(longest), 'read() after the last quote').toFail('EAGAIN');
}

/** Whether a quote that met a bad address is still there is up to the driver. */
async function drain(file: OpenFile): Promise<void> {
  for (let i = 0; i < queueLength; i++) {
    try {
      await file.read(longest);
    } catch (error) {
      if (error instanceof Error && 'errno' in error && error.errno === 'EAGAIN') return;
      throw error;
    }
  }
  await expect(file.read(longest), `read() after ${queueLength} quotes`).toFail('EAGAIN');
}

/** Bytes that the allocation profile counts for the module, and for what duplicates strings and buffers for others. */
async function held(guest: Guest, module: string): Promise<number> {
  await guest.sleep('10s'); // kfree_rcu() collects for five seconds
  return guest.allocated(module, / (?:mm\/util|lib\/kasprintf)\.c:/);
}
