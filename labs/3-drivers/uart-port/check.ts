// SPDX-License-Identifier: Apache-2.0
import { check, expect, SyscallError, type OpenFile, type Task } from '#bringup/lab';

const nodes = ['/dev/ttyBU0', '/dev/ttyBU1'] as const;
const parameters = '/sys/module/buoy/parameters';
// include/uapi/asm-generic/ioctls.h
const ioctls = {
  get: 0x802c542a,
  set: 0x402c542b,
  drain: 0x5409,
  flow: 0x540a,
  count: 0x545d,
  hangup: 0x5437,
  flush: 0x540b,
  clearLines: 0x5417,
  setLines: 0x5416,
};
const RTS = 4; // TIOCM_RTS
const off = 0; // TCOOFF
const on = 1; // TCOON
// include/uapi/asm-generic/termbits.h: c_iflag, c_cflag
const PARMRK = 0x8;
const INPCK = 0x10;
const IXON = 0x400;
const IXOFF = 0x1000;
const CS7 = 0x20;
const CS8 = 0x30;
const CSTOPB = 0x40;
const PARENB = 0x100;
const CREAD = 0x80;
const CLOCAL = 0x800;
const BOTHER = 0x1000;
const CRTSCTS = 0x8000_0000;
const frameBits = 10;
const pause = '20ms';

interface Mode {
  rate?: number;
  input?: number;
  control?: number;
}

export default check(async ({ step, guest, module, draw }) => {
  const fifo = 16 + draw(17);
  const clock = 1_843_200 * (2 + draw(5)) + 16 * draw(1000);
  /** Bytes that no driver knows; without those of flow control and errors. */
  const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => 0x20 + draw(0xd0)));
  const set = (name: string, value: number): Promise<void> =>
    guest.writeFile(`${parameters}/${name}`, String(value));
  const told = async (name: string): Promise<number> => Number(await guest.readFile(`${parameters}/${name}`));
  const rates = async (): Promise<number[]> =>
    (await guest.readFile(`${parameters}/rates`)).trim().split(' ').map(Number);

  /** Sets a port up for bytes as they are: struct termios2. */
  const configure = async (
    file: OpenFile,
    { rate = 115_200, input = 0, control = 0 }: Mode = {},
  ): Promise<void> => {
    const termios = Buffer.alloc(44);
    termios.writeUInt32LE(input, 0);
    termios.writeUInt32LE((CS8 | CREAD | CLOCAL | BOTHER | control) >>> 0, 8);
    termios[17 + 6] = 1; // VMIN
    termios[17 + 8] = 0x11; // VSTART
    termios[17 + 9] = 0x13; // VSTOP
    termios.writeUInt32LE(rate, 36);
    termios.writeUInt32LE(rate, 40);
    await file.ioctl(ioctls.set, termios);
  };
  const settings = async (file: OpenFile): Promise<{ control: number; rate: number }> => {
    const { data } = await file.ioctl(ioctls.get, Buffer.alloc(44));
    return { control: data.readUInt32LE(8), rate: data.readUInt32LE(40) };
  };
  const counts = async (
    file: OpenFile,
  ): Promise<{ rx: number; tx: number; frame: number; overrun: number }> => {
    const { data } = await file.ioctl(ioctls.count, Buffer.alloc(80));
    const [rx, tx, frame, overrun] = [16, 20, 24, 28].map((at) => data.readInt32LE(at));
    return { rx: rx!, tx: tx!, frame: frame!, overrun: overrun! };
  };

  const normal = { latency_us: 20, noise: 0, deaf: 0, overruns: 0, spilled: 0 };
  /** A requirement with both ports open, in a task each, and never sleeping. */
  const requirement = (id: string, work: (ports: [OpenFile, OpenFile]) => Promise<void>): Promise<void> =>
    step(id, async () => {
      if (!guest.loaded.includes(module)) await guest.load(module, { fifo, clock });
      const tasks = await guest.tasks(2);
      const ports: OpenFile[] = [];
      for (const [i, task] of tasks.entries()) {
        const port = await task.open(nodes[i]!, 'rw', { nonblock: true });
        await configure(port);
        ports.push(port);
      }
      try {
        await work(ports as [OpenFile, OpenFile]);
      } catch (error) {
        // What went wrong here is not to go wrong once more in the next one.
        for (const [name, value] of Object.entries(normal)) await set(name, value);
        // Closing waits half a minute for bytes that are not sent.
        for (const port of ports)
          await port
            .in(guest.main)
            .ioctl(ioctls.flush, 2)
            .then(undefined, () => {});
        throw error;
      }
    });

  /** What there is to be read, until nothing comes for some time. */
  const collect = async (port: OpenFile, most: number): Promise<Buffer> => {
    const parts: Buffer[] = [];
    let length = 0;
    for (let idle = 0; idle < 5 && length < most;) {
      const part = await port.read(4096).then((some) => some, nothing);
      parts.push(part);
      length += part.length;
      idle = part.length > 0 ? 0 : idle + 1;
      if (length < most) await guest.sleep(pause);
    }
    return Buffer.concat(parts);
  };
  /** Writes what a port takes at once, until it takes nothing or all is written; gives how much. */
  const send = async (port: OpenFile, data: Buffer): Promise<number> => {
    let sent = 0;
    while (sent < data.length) {
      const some = await port.write(data.subarray(sent, sent + 2048)).then((count) => count, none);
      if (some === 0) break;
      sent += some;
    }
    return sent;
  };
  const arrives = (got: Buffer, sent: Buffer, when: string): void => {
    expect(got.length, `how many bytes arrived of ${sent.length}, ${when}`).toBe(sent.length);
    const at = got.findIndex((byte, i) => byte !== sent[i]);
    expect(at, `the first byte that is not as it was sent, ${when} (-1: none)`).toBe(-1);
  };
  const transfers = async (from: OpenFile, to: OpenFile, length: number, when: string): Promise<void> => {
    const data = bytes(length);
    await expect(from.write(data), `write() of ${length} bytes ${when}`).toReturn(length);
    arrives(await collect(to, length), data, when);
  };
  const nothingLost = async (when: string): Promise<void> => {
    expect(await told('overruns'), `bytes lost in a receiving FIFO ${when}`).toBe(0);
    expect(await told('spilled'), `bytes lost in a sending FIFO ${when}`).toBe(0);
  };

  await requirement('makes-ports', async ([port]) => {
    await configure(port, { control: PARENB | CSTOPB });
    expect((await settings(port)).control & (CS8 | PARENB | CSTOPB), 'CSIZE, PARENB and CSTOPB').toBe(CS8);
    const termios = (await port.ioctl(ioctls.get, Buffer.alloc(44))).data;
    termios.writeUInt32LE((termios.readUInt32LE(8) & ~CS8) | CS7, 8);
    await port.ioctl(ioctls.set, termios);
    expect((await settings(port)).control & CS8, 'CSIZE after CS7 was asked for').toBe(CS8);
  });

  await requirement('carries', async ([one, other]) => {
    await transfers(one, other, 5, 'from the first port');
    await transfers(other, one, 5, 'from the second port');
    await transfers(one, other, 3 * fifo + 1, 'more than a FIFO has');
    const reader = await guest.task();
    const read = (await reader.open(nodes[1], 'r')).read(64);
    await expect(read, 'read() of a silent line').toBlockFor('200ms');
    const data = bytes(4);
    await one.write(data);
    await expect(read, 'the sleeping read() after bytes came').toFinishWithin('200ms');
    const first = await read;
    expect(Buffer.concat([first, await collect(other, 4 - first.length)]), 'what was read').toEqual(data);
    await nothingLost('in small transfers');
  });

  await requirement('keeps-every-byte', async ([one, other]) => {
    // As late as a quarter of a FIFO takes.
    await set('latency_us', Math.floor(((fifo / 4) * frameBits * 1e6) / 115_200));
    // More than the core has room for, so that the writer has to sleep and be woken.
    const writer = await (await guest.task()).open(nodes[0], 'w');
    const data = bytes(5000);
    const write = writer.write(data);
    arrives(await collect(other, data.length), data, 'in one direction');
    await expect(write, 'write() of 5000 bytes after all had arrived').toFinishWithin('1s');
    await expect(write, 'write() of 5000 bytes').toReturn(data.length);
    const [there, back] = [bytes(1200), bytes(1200)];
    await one.write(there);
    await other.write(back);
    arrives(await collect(other, there.length), there, 'in both directions at once, from the first port');
    arrives(await collect(one, back.length), back, 'in both directions at once, from the second port');
    await nothingLost('while interrupts are late');
    await set('latency_us', normal.latency_us);
  });

  await requirement('sets-the-rate', async ([one, other]) => {
    for (const rate of [9600, 57_600, 20_000 + draw(9999)]) {
      await configure(one, { rate });
      await configure(other, { rate });
      const possible = [Math.floor, Math.ceil].map((round) =>
        Math.floor(clock / 16 / round(clock / 16 / rate)),
      );
      const wrong = (made: number): number => Math.abs(made - rate);
      const nearest = Math.min(...possible.map(wrong));
      const [real] = await rates();
      expect(wrong(real!), `how far the bit rate of the line is from ${rate}`).toBeAtMost(
        nearest + rate / 200,
      );
      expect((await settings(one)).rate, `c_ospeed after ${rate} was asked for`).toBe(real);
      await transfers(one, other, 40, `at ${rate} bits per second`);
    }
    await configure(other, { rate: 9600 });
    const before = await counts(other);
    await one.write(bytes(20));
    await guest.sleep('100ms');
    expect((await counts(other)).frame - before.frame, 'framing errors when the rates are not the same').toBe(
      20,
    );
    await other.ioctl(ioctls.flush, 2);
    await configure(one, { rate: 9600 });
    await transfers(one, other, 20, 'when the rates are the same again');
  });

  await requirement('tells-errors', async ([one, other]) => {
    await configure(other, { input: PARMRK | INPCK });
    const [before, sentBefore] = [await counts(other), (await counts(one)).tx];
    const data = bytes(4);
    await set('noise', 1);
    await one.write(data);
    const marked = Buffer.concat([Buffer.from([0xff, 0]), data]);
    arrives(
      await collect(other, marked.length),
      marked,
      'the first of 4 with a framing error, marked by PARMRK',
    );
    await set('deaf', 3);
    const more = bytes(8);
    await one.write(more);
    arrives(await collect(other, 5), more.subarray(3), 'the first 3 of 8 lost by the chip');
    const after = await counts(other);
    expect(after.rx - before.rx, 'how many were counted as received').toBe(data.length + 5);
    expect(after.frame - before.frame, 'how many framing errors were counted').toBe(1);
    expect(after.overrun - before.overrun, 'how many overruns were counted').toBe(1);
    expect((await counts(one)).tx - sentBefore, 'how many were counted as sent by the other port').toBe(12);
  });

  await requirement('holds-back', async ([one, other]) => {
    for (const [name, mode] of [
      ['CRTSCTS', { control: CRTSCTS }],
      ['IXON and IXOFF', { input: IXON | IXOFF }],
    ] as const) {
      await configure(one, mode);
      await configure(other, mode);
      const data = bytes(11_000);
      let sent = 0;
      for (let turn = 0; turn < 4; turn++) {
        sent += await send(one, data.subarray(sent));
        await guest.sleep('500ms');
      }
      expect(sent, `how many bytes can be written with ${name} while nobody reads`).toBeAtMost(10_000);
      const parts: Buffer[] = [];
      for (let turn = 0; turn < 60 && sent < data.length; turn++) {
        parts.push(await other.read(4096).then((some) => some, nothing));
        sent += await send(one, data.subarray(sent));
        await guest.sleep('100ms');
      }
      const got = parts.reduce((sum, part) => sum + part.length, 0);
      parts.push(await collect(other, data.length - got));
      arrives(Buffer.concat(parts), data, `with ${name} and a reader that had stopped`);
      await nothingLost(`with ${name} and a reader that had stopped`);
    }
  });

  await requirement('drains', async ([one, other]) => {
    const rate = 600;
    await configure(one, { rate });
    await configure(other, { rate });
    const note = await guest.main.open(`${parameters}/note`, 'w');
    const data = bytes(60);
    // In one row, so that no time passes between the calls but what they take.
    const [row] = await guest.storm({
      task: one.task,
      times: 1,
      row: (calls) => {
        calls.write(one, data);
        calls.call('ioctl', [one.fd, ioctls.drain, 1]);
        calls.write(note, '1');
      },
    });
    expect(
      row!.map(({ good }) => good),
      'how often write(), tcdrain() and a third call succeeded',
    ).toEqual([1, 1, 1]);
    expect(await told('unsent'), 'how many of 60 bytes were not sent yet when tcdrain() returned').toBe(0);
    arrives(await collect(other, 60), data, 'before tcdrain() returned');
    const more = bytes(60);
    await one.write(more);
    const drain = one.ioctl(ioctls.drain, 1);
    await expect(drain, `tcdrain() after 60 bytes at ${rate} bits per second`).toFinishWithin('1500ms');
    await drain;
    arrives(await collect(other, 60), more, 'before tcdrain() returned');
    const last = bytes(60);
    const closer = await guest.task({ separate: true });
    const second = await closer.open(nodes[0], 'rw');
    await one.close();
    const [closing] = await guest.storm({
      task: closer,
      times: 1,
      row: (calls) => {
        calls.write(second, last);
        calls.call('close', [second.fd]);
      },
    });
    expect(
      closing!.map(({ good }) => good),
      'how often write() and close() succeeded',
    ).toEqual([1, 1]);
    arrives(await collect(other, 60), last, 'just before close()');
    expect(await told('spilled'), 'bytes lost in a sending FIFO at close()').toBe(0);
  });

  await requirement('is-quiet', async ([one, other]) => {
    const quiet = async (when: string): Promise<void> => {
      await set('interrupts', 0);
      await guest.sleep('1s');
      expect(await told('interrupts'), `interrupts in a second ${when}`).toBeAtMost(4);
    };
    await quiet('with both ports open');
    const lines = Buffer.alloc(4);
    lines.writeUInt32LE(RTS);
    for (const what of ['CTS', 'TCOOFF'] as const) {
      const hold = (held: boolean): Promise<unknown> =>
        Promise.resolve(
          what === 'CTS'
            ? other.ioctl(held ? ioctls.clearLines : ioctls.setLines, lines)
            : one.ioctl(ioctls.flow, held ? off : on),
        );
      await hold(true);
      if (what === 'CTS') await configure(one, { control: CRTSCTS });
      const data = bytes(50);
      await expect(one.write(data), `write() while held back by ${what}`).toReturn(50);
      await guest.sleep(pause);
      await quiet(`with bytes that ${what} holds back`);
      expect((await collect(other, 1)).length, `how many bytes came while held back by ${what}`).toBe(0);
      await hold(false);
      arrives(await collect(other, 50), data, `held back by ${what} for a while`);
    }
    await one.close();
    await quiet('with one port closed');
  });

  /** Hangs a port up just after bytes were written to it. */
  const cutOff = async (port: OpenFile): Promise<void> => {
    const data = bytes(1500);
    const [row] = await guest.storm({
      task: port.task,
      times: 1,
      row: (calls) => {
        calls.write(port, data);
        calls.call('ioctl', [port.fd, ioctls.hangup, 0]);
      },
    });
    expect(
      row!.map(({ good }) => good),
      'how often write() and a hangup succeeded',
    ).toEqual([1, 1]);
  };
  const openAgain = async (task: Task, which: 0 | 1): Promise<OpenFile> => {
    const port = await task.open(nodes[which], 'rw', { nonblock: true });
    await configure(port);
    return port;
  };

  await requirement('survives-hangup', async ([one, other]) => {
    const [reader, opener] = await guest.tasks(2);
    let [from, to] = [one, other];
    for (let turn = 0; turn < 3; turn++) {
      const asleep = await reader.open(nodes[0], 'r');
      await send(from, bytes(1500));
      await send(to, bytes(300));
      await guest.sleep('5ms');
      await from.ioctl(ioctls.flush, 0);
      await guest.sleep('100ms');
      while ((await from.read(4096).then((some) => some, nothing)).length > 0);
      const read = asleep.read(4000);
      await expect(read, 'read() of a silent line').toBlockFor('20ms');
      await cutOff(from);
      await expect(read, 'read() of a port that was hung up').toFinishWithin('1s');
      await read.then(
        () => {},
        () => {},
      );
      await cutOff(to);
      await set('interrupts', 0);
      await guest.sleep('200ms');
      expect(await told('interrupts'), 'interrupts in 200 ms after both ports were hung up').toBeAtMost(4);
      from = await openAgain(opener, 0);
      to = await openAgain(opener, 1);
      await guest.sleep('50ms');
      await from.ioctl(ioctls.flush, 2);
      await to.ioctl(ioctls.flush, 2);
      await transfers(from, to, 200, 'after both ports were hung up and opened again');
      await transfers(to, from, 200, 'after both ports were hung up and opened again');
    }
    // Opened and closed while bytes come in.
    for (let turn = 0; turn < 4; turn++) {
      await send(from, bytes(600));
      await to.close();
      to = await openAgain(opener, 1);
    }
    await guest.sleep('300ms');
    await to.ioctl(ioctls.flush, 2);
    await transfers(from, to, 200, 'after a port was closed and opened while bytes came in');
  });

  await requirement('lets-go', async ([one, other]) => {
    await one.write(bytes(100));
    for (const port of [one, other]) await port.close();
    await guest.unload(module);
    for (const node of nodes) expect(await guest.exists(node), `${node} after unloading`).toBe(false);
    await guest.load(module, { fifo, clock });
    const task = await guest.task();
    await transfers(await openAgain(task, 0), await openAgain(task, 1), 40, 'after loading again');
  });
});

/** For a read() that finds nothing, and a write() that finds no room. */
function nothing(error: unknown): Buffer {
  none(error);
  return Buffer.alloc(0);
}
function none(error: unknown): number {
  if (!(error instanceof SyscallError) || error.errno !== 'EAGAIN') throw error;
  return 0;
}
