// SPDX-License-Identifier: Apache-2.0
import { check, expect, SyscallError, type Guest, type OpenFile, type Silicon } from '#bringup/lab';

const node = '/dev/tremor';
const causes = ['data', 'overrun', 'shock'] as const;
/** What the world outside of the chip does: events at once, one and then another at a bad moment, or a shower of them. */
const kinds = { now: 0, followed: 1, shower: 2 } as const;
/** What a driver may need beside what the chip does, in milliseconds. */
const slack = 100;
const soon = '50ms';

const sampleLine = (value: number): string => `sample ${value % 4} ${value}\n`;
const interruptLines = async (guest: Guest): Promise<number> =>
  (await guest.readFile('/proc/interrupts')).split('\n').filter((line) => line.includes('tremor')).length;

export default check(async ({ step, guest, module, draw, silicon }) => {
  if (!silicon) throw new Error('the machine has no chip');
  const { chip } = silicon;
  const most = (time: 'convert' | 'watch'): number => chip.times[time]!.max! / 1e6;
  const depth = chip.parameters['depth']!;
  const threshold = 30_000 + draw(20_000);
  const inTime = `${most('convert') + slack}ms` as const;
  const afterLoss = `${most('watch') + most('convert') + slack}ms` as const;

  const afterLate = `${most('watch') + 2 * most('convert') + slack}ms` as const;

  /** An amplitude that no driver knows, and no shock, nor are so many after it. */
  const calm = (): number => 100 + draw(29_000);
  const strong = (): number => threshold + 1 + draw(10_000);
  const happen = (value: number, count = 1, kind: keyof typeof kinds = 'now'): Promise<void> =>
    silicon.set('TEST', ((kinds[kind] << 24) | (count << 16) | value) >>> 0);

  const loaded = async (): Promise<void> => {
    if (!guest.loaded.includes(module)) await guest.load(module, { threshold });
  };
  /** A file whose reader may sleep, in a task of this step, behind whatever earlier steps left. */
  const reader = async (): Promise<OpenFile> => {
    await loaded();
    await silicon.heal();
    const old = await guest.main.open(node, 'r', { nonblock: true });
    while ((await given(old)) !== undefined);
    await old.close();
    return (await guest.task()).open(node, 'r');
  };
  /** The next line; a reader that still sleeps is woken by a signal. */
  const line = async (
    file: OpenFile,
    within: `${number}ms`,
    when: string,
  ): Promise<{ read: ReturnType<OpenFile['read']> }> => {
    const read = file.read(64);
    try {
      await expect(read, `read() ${when}`).toFinishWithin(within);
    } catch (error) {
      await guest.signal(file.task, 'interrupt');
      throw error;
    }
    return { read };
  };
  /** Reads one line, or more, in this order. */
  const reads = async (
    file: OpenFile,
    lines: string[],
    within: `${number}ms`,
    when: string,
  ): Promise<void> => {
    for (const expected of lines)
      await expect((await line(file, within, when)).read, `read() ${when}`).toReturn(expected);
  };
  /** Reads until that many samples and as many of those dropped were told; shocks are told beside. */
  const readsAll = async (
    file: OpenFile,
    samples: number[],
    dropped: number,
    within: `${number}ms`,
    when: string,
  ): Promise<void> => {
    const got: string[] = [];
    let lost = 0;
    while (got.length < samples.length || lost < dropped) {
      const progress = `${when}, after ${got.length} samples and ${lost} dropped ones`;
      const text = (await (await line(file, within, progress)).read).toString();
      const count = /^lost ([1-9]\d*)\n$/.exec(text)?.[1];
      if (count !== undefined) lost += Number(count);
      else if (!text.startsWith('shock ')) got.push(text);
    }
    expect(got, `the samples ${when}`).toEqual(samples.map(sampleLine));
    expect(lost, `how many were told to be lost ${when}`).toBe(dropped);
  };
  const nothing = async (when: string): Promise<void> => {
    const file = await guest.main.open(node, 'r', { nonblock: true });
    await expect(file.read(64), `non-blocking read() ${when}`).toFail('EAGAIN');
    await file.close();
  };
  const unloads = async (when: string): Promise<void> => {
    const unloading = guest.unload(module);
    try {
      await expect(unloading, `unloading ${when}`).toFinishWithin('3s');
    } finally {
      await unloading;
    }
  };

  await step('binds', async () => {
    await loaded();
    const { bound, claimed } = await silicon.held(guest);
    expect(bound, 'a driver bound to the chip').toBe(true);
    expect(claimed !== '', 'the window claimed in /proc/iomem').toBe(true);
    expect(await guest.exists(node), node).toBe(true);
    expect(await interruptLines(guest), 'how many lines of /proc/interrupts name tremor').toBe(causes.length);
    for (const path of ['CONTROL.POWER', 'CONTROL.RUN', 'ENABLE.DATA', 'ENABLE.OVERRUN', 'ENABLE.SHOCK'])
      expect(await silicon.get(path), path).toBe(1);
    expect(await silicon.get('THRESHOLD'), 'THRESHOLD').toBe(threshold);
  });

  await step('delivers', async () => {
    const file = await reader();
    await nothing('before any event');
    await expect(file.read(31), 'read() of 31 bytes').toFail('EINVAL');
    const sleeping = file.read(64);
    await expect(sleeping, 'read() before any event').toBlockFor('200ms');
    const first = calm();
    await happen(first);
    await expect(sleeping, 'the sleeping read() after an event').toFinishWithin(inTime);
    await expect(sleeping, 'the sleeping read() after an event').toReturn(sampleLine(first));
    for (let turn = 0; turn < 3; turn++) {
      const value = calm();
      await happen(value);
      await reads(file, [sampleLine(value)], inTime, 'after an event');
    }
    await nothing('after all events were read');
  });

  await step('misses-nothing', async () => {
    const file = await reader();
    for (let turn = 0; turn < 3; turn++) {
      const value = calm();
      await happen(value, 1, 'followed');
      await reads(file, [sampleLine(value)], inTime, 'after an event');
      const next = [value + 1, value + 2].map(sampleLine);
      await reads(file, next, inTime, 'after an event that came as the queue became empty');
    }
    const pair = [calm(), calm()] as const;
    await happen(pair[0]);
    await guest.sleep('20ms');
    await happen(pair[1]);
    await reads(
      file,
      pair.map(sampleLine),
      inTime,
      'after two events, one during the conversion of the other',
    );
    const row = calm();
    await happen(row, depth);
    const lines = Array.from({ length: depth }, (_, n) => sampleLine(row + n));
    await reads(file, lines, inTime, `after ${depth} events at one moment`);
    await nothing('after all events were read');
  });

  await step('tells-shocks', async () => {
    const file = await reader();
    for (let turn = 0; turn < 3; turn++) {
      const [before, value] = [calm(), strong()];
      await happen(before);
      await guest.sleep('20ms');
      await happen(value);
      await reads(
        file,
        [`shock ${value}\n`],
        soon,
        'after a shock, during the conversion of an event before it',
      );
      await reads(file, [before, value].map(sampleLine), inTime, 'after the shock was told');
    }
    const alone = strong();
    await happen(alone);
    await reads(file, [`shock ${alone}\n`], soon, 'after a shock');
    await reads(file, [sampleLine(alone)], inTime, 'after the shock was told');
    await happen(threshold);
    await reads(file, [sampleLine(threshold)], inTime, 'after an event that just was no shock');
    await nothing('after all events were read');
  });

  await step('counts-dropped', async () => {
    const file = await reader();
    for (const more of [1 + draw(5), 3]) {
      const row = calm();
      await happen(row, depth + more);
      const kept = Array.from({ length: depth }, (_, n) => row + n);
      await readsAll(file, kept, more, inTime, `after ${depth + more} events at one moment`);
    }
    await nothing('after all was told');
  });

  await step('ignores-strays', async () => {
    const file = await reader();
    for (const cause of causes) await silicon.spurious(cause, { times: 3, every: '10ms' });
    await guest.sleep('300ms');
    await nothing('after messages without a cause');
    const [value, shock] = [calm(), strong()];
    await happen(value);
    await silicon.spurious('data', { times: 4, every: '10ms' });
    await reads(file, [sampleLine(value)], inTime, 'after an event with messages too many');
    await happen(shock);
    await reads(file, [`shock ${shock}\n`], soon, 'after a shock');
    await silicon.spurious('shock', { times: 2, every: '10ms' });
    await reads(file, [sampleLine(shock)], inTime, 'after a shock');
    await nothing('after all events were read');
  });

  await step('finds-lost', async () => {
    const file = await reader();
    await silicon.fault({ kind: 'lost' });
    const [value, shock] = [calm(), strong()];
    await happen(value);
    await reads(file, [sampleLine(value)], afterLoss, 'after an event whose message was lost');
    await happen(shock, depth + 2);
    await reads(file, [`shock ${shock + depth + 1}\n`], afterLoss, 'after a shock whose messages were lost');
    const kept = Array.from({ length: depth }, (_, n) => shock + n);
    await readsAll(file, kept, 2, afterLoss, 'after messages were lost');
    await silicon.heal();
    const next = calm();
    await happen(next);
    await reads(file, [sampleLine(next)], inTime, 'after an event, when messages come again');
    const before = await silicon.accesses();
    await guest.sleep('2s');
    const looks = Math.ceil(2e9 / chip.times['watch']!.min!) + 1;
    expect(
      (await silicon.accesses()) - before,
      'how many accesses there were in 2 s without events',
    ).toBeAtMost(8 * looks);
  });

  await step('bounds-its-wait', async () => {
    const file = await reader();
    const late = 2 * Math.round(most('convert'));
    await silicon.fault({ kind: 'late', by: late * 1e6 });
    const [value, shock] = [calm(), strong()];
    await happen(value);
    const read = file.read(64);
    await expect(read, 'read() before a late conversion is over').toBlockFor(`${late}ms`);
    await silicon.heal();
    await happen(shock);
    await expect(read, 'read() when there is a shock during a late conversion').toFinishWithin(soon);
    await expect(read, 'read() when there is a shock during a late conversion').toReturn(`shock ${shock}\n`);
    await reads(file, [value, shock].map(sampleLine), afterLate, 'after a late conversion');
    await file.close();
    await silicon.fault({ kind: 'value', path: 'STATUS.BUSY', value: 1 });
    await happen(calm());
    await guest.sleep('20ms');
    await unloads('while the converter is busy without end');
    await silicon.heal();
  });

  await step('begins-clean', async () => {
    if (guest.loaded.includes(module)) await guest.unload(module);
    // What the firmware left behind: a chip that runs, and has something to tell.
    await silicon.set('THRESHOLD', 0);
    await silicon.set('CONTROL.POWER', 1);
    await silicon.set('CONTROL.RUN', 1);
    for (const cause of causes) await silicon.set(`ENABLE.${cause.toUpperCase()}`, 1);
    await happen(calm(), depth + 1);
    await guest.sleep('200ms');
    for (const cause of causes) await silicon.spurious(cause, { times: 200, every: '3ms' });
    await loaded();
    await guest.sleep('600ms');
    await nothing('after loading beside a chip that was running');
    const file = await reader();
    const value = calm();
    await happen(value);
    await reads(file, [sampleLine(value)], inTime, 'after an event');
  });

  await step('turns-away', async () => {
    if (guest.loaded.includes(module)) await guest.unload(module);
    const known = Number(await silicon.get('ID.CHIP'));
    await silicon.fault({ kind: 'value', path: 'ID.CHIP', value: known ^ (1 << draw(16)) });
    const before = (await silicon.events()).length;
    await guest.load(module);
    const { bound, claimed, enabled } = await silicon.held(guest);
    expect({ bound, enabled, claimed }, 'what is held of another chip').toEqual({
      bound: false,
      enabled: false,
      claimed: '',
    });
    const writes = (await silicon.events(before)).filter(({ kind }) => kind === 'write');
    expect(writes.length, 'how often another chip was written to').toBe(0);
    await guest.unload(module);
    await silicon.heal();
  });

  await step('lets-go', async () => {
    await (await reader()).close();
    await happen(strong(), 100, 'shower');
    await guest.sleep('50ms');
    const from = (await silicon.events()).length;
    await unloads('in a shower of events');
    for (const path of ['ENABLE', 'CONTROL'])
      expect(await silicon.get(path), `${path} after unloading`).toBe(0);
    expect(await guest.exists(node), `${node} after unloading`).toBe(false);
    expect(
      await interruptLines(guest),
      'how many lines of /proc/interrupts name tremor after unloading',
    ).toBe(0);
    expect((await silicon.held(guest)).enabled, 'the chip enabled after unloading').toBe(false);
    const before = await silicon.accesses();
    await guest.sleep('300ms');
    expect(await silicon.accesses(), 'accesses until some time after unloading').toBe(before);
    const seen = await silicon.events(from);
    expect(longestWait(seen), 'ms that a shock waited during unloading, its message still on').toBeAtMost(60);
    const unheard = seen.filter((event) => event.kind === 'message' && event.lost);
    expect(unheard.length, 'messages sent during unloading that no one listened to').toBe(0);
  });
});

/** The next line, or undefined when there is none. */
async function given(file: OpenFile): Promise<string | undefined> {
  try {
    return (await file.read(64)).toString();
  } catch (error) {
    if (error instanceof SyscallError && error.errno === 'EAGAIN') return undefined;
    throw error;
  }
}

/** Milliseconds that a shock was left alone at most, until it was looked at or its message was off. */
function longestWait(events: Awaited<ReturnType<Silicon['events']>>): number {
  let [since, longest] = [Infinity, 0];
  for (const event of events) {
    if (event.kind === 'message' && event.interrupt === 'shock') since = event.at;
    const answered =
      event.kind === 'read'
        ? event.register === 'PEAK'
        : event.kind === 'write' && event.register === 'ENABLE';
    if (!answered) continue;
    longest = Math.max(longest, (event.at - since) / 1e6);
    since = Infinity;
  }
  return longest;
}
