// SPDX-License-Identifier: Apache-2.0
import { badAddress, check, expect, type OpenFile, type Task } from '#bringup/lab';
import {
  atEndOfMapping,
  dirtyFreePages,
  exchange,
  kiln,
  limiting,
  load,
  loading,
  page,
  type Program,
  programOf,
  replace,
  segmentsOf,
  setLimit,
  show,
  showOf,
  shows,
  statusOf,
  total,
  untouched,
  v2,
} from './kiln.ts';

const device = '/dev/kiln';

const v1 = 40;

const checkOnly = 2;

export default check(async ({ step, guest, module, draw, word }) => {
  const newProgram = (count: number, delay = 0, slot = draw(8)): Program => {
    const segments: Program['segments'] = [];
    for (let i = 0; i < count; i++) {
      // Now and then as warm as before. Some of them together have more seconds than 32 bits hold.
      const celsius = i > 0 && draw(4) === 0 ? segments[i - 1]!.celsius : draw(1300) - 40;
      segments.push({ celsius, seconds: 1 + draw(2_000_000_000) });
    }
    return { name: word(3 + draw(12)), slot, segments, delay };
  };

  const requirement = (id: string, work: (file: OpenFile, task: Task) => Promise<void>): Promise<void> =>
    step(id, async () => {
      if (!guest.loaded.includes(module)) await guest.load(module);
      const task = await guest.task();
      await work(await task.open(device, 'rw'), task);
    });

  await requirement('loads-and-shows', async (file) => {
    const program = newProgram(40 + draw(20), 1 + draw(100_000));
    const other = newProgram(1, 0, (program.slot + 1) % 8);
    expect(await statusOf(file), 'KILN_STATUS of the empty kiln').toEqual([0, 0n, 1300]);
    await load(file, program);
    await shows(file, program);
    await load(file, other);
    await shows(file, other);
    const third = newProgram(3, 5, program.slot);
    await expect(loading(file, third), 'KILN_PROGRAM into a slot that has one').toFail('EEXIST');
    expect(await statusOf(file), 'KILN_STATUS').toEqual([2, total(program) + total(other), 1300]);
    await load(file, third, { flags: replace });
    await shows(file, third);
    expect(await statusOf(file), 'KILN_STATUS after one was replaced').toEqual([
      2,
      total(third) + total(other),
      1300,
    ]);
    await expect(show(file, (program.slot + 2) % 8, 8).call, 'KILN_SHOW of an empty slot').toFail('ENOENT');
    const few = show(file, third.slot, 2);
    await expect(few.call, 'KILN_SHOW with room for 2 of 3 points').toFail('EMSGSIZE');
    expect(few.structure().readUInt32LE(16), 'the count after that').toBe(3);
    expect(few.array().toString('hex'), 'the array after that').toBe('ee'.repeat(64));
  });

  await requirement('serves-32-bit-programs', async (file) => {
    const program = newProgram(25, 77);
    await load(file, program, { compat: true, flags: replace });
    await shows(file, program, { compat: true });
    await setLimit(file, 1250, { compat: true });
    const native = await statusOf(file);
    expect(native[2], 'the limit that a 32-bit program has set').toBe(1250);
    const { data } = await file.ioctl(kiln.status32, Buffer.alloc(48, 0xee), { compat: true });
    const narrow = [data.readUInt32LE(0), data.readBigUInt64LE(4), data.readInt32LE(12)];
    expect(narrow, 'KILN_STATUS of a 32-bit program').toEqual(native);
    untouched(data.subarray(16), 'KILN_STATUS of a 32-bit program');
    await setLimit(file, 1300);
  });

  await requirement('knows-older-callers', async (file, task) => {
    for (const compat of [false, true]) {
      const program = newProgram(10);
      await load(file, program, { size: v1, flags: replace, compat });
      await shows(file, program, { size: v1, compat });
      await shows(file, program);
    }
    // In the last bytes that are mapped: to read on is to fail.
    const program = newProgram(2);
    const structure = programOf(program, { size: v1, flags: replace });
    const [, segments] = task.buffers(structure, segmentsOf(program));
    structure.writeBigUInt64LE(segments!, 8);
    const at = await atEndOfMapping(task, structure);
    task.buffers(structure, segmentsOf(program));
    const call = task.call('ioctl', [file.fd, kiln.program, at]);
    await expect(call, 'KILN_PROGRAM of version 1 with nothing mapped behind it').toReturn(0);
    await shows(file, program);
  });

  await requirement('expects-newer-callers', async (file) => {
    for (const size of [v2 + 8, 100 + draw(100), page]) {
      const program = newProgram(6, 9);
      await load(file, program, { size, flags: replace });
      await shows(file, program, { size });
      await setLimit(file, 1300, { size });
      for (const at of [v2, size - 1]) {
        const newer = { size, flags: replace, change: { [at]: 1 } };
        const what = `with size ${size} and byte ${at} not 0`;
        await expect(loading(file, newProgram(3, 0, program.slot), newer), `KILN_PROGRAM ${what}`).toFail(
          'E2BIG',
        );
        await expect(show(file, program.slot, 6, newer).call, `KILN_SHOW ${what}`).toFail('E2BIG');
        await expect(limiting(file, 1200, newer).call, `KILN_LIMIT ${what}`).toFail('E2BIG');
      }
      await shows(file, program);
    }
  });

  await requirement('refuses-the-unknown', async (file) => {
    const good = newProgram(4, 3);
    await load(file, good, { flags: replace });
    const before = await statusOf(file);
    for (const [number, compat] of [
      [0xb905, false],
      [0xb905, true],
      [0x5401, false],
    ] as const) {
      const what = `ioctl(0x${number.toString(16)})${compat ? ' of a 32-bit program' : ''}`;
      await expect(file.ioctl(number, Buffer.alloc(64), { compat }), what).toFail('ENOTTY');
    }
    const wrong = (field: string, change: Record<number, number>, error = 'EINVAL'): Promise<void> =>
      expect(loading(file, good, { flags: replace, change }), `KILN_PROGRAM with ${field}`).toFail(error);
    for (const bit of [2, 3 + draw(5), 8 + draw(22), 31]) {
      const flags = (2 ** bit + replace) >>> 0;
      const call = loading(file, good, { flags });
      await expect(call, `KILN_PROGRAM with flags 0x${flags.toString(16)}`).toFail('EINVAL');
    }
    await wrong('its reserved field not 0', { [44 + draw(4)]: 1 });
    await wrong('slot 8', { 20: 8 });
    await wrong('slot 0xff000000', { 20: 0, 23: 0xff });
    await wrong('no segment', { 16: 0 });
    await wrong('1025 segments', { 16: 1, 17: 4 });
    await wrong('0x20000001 segments', { 16: 1, 19: 0x20 });
    await wrong('size 39', { 0: 39 });
    await wrong('size 0', { 0: 0 });
    await wrong('size 4097', { 0: 1, 1: 0x10 }, 'E2BIG');
    const letters = Array.from({ length: 16 }, (_, i) => [24 + i, 65]);
    await wrong('a name without a NUL', Object.fromEntries(letters) as Record<number, number>);
    for (const [what, change, error] of [
      ['a segment of 0 seconds', { seconds: 0 }, 'EINVAL'],
      ['a segment above the limit', { celsius: 1301 }, 'ERANGE'],
      ['a segment of -51 °C', { celsius: -51 }, 'ERANGE'],
    ] as const) {
      const segments = good.segments.map((one, i) => (i === 2 ? { ...one, ...change } : one));
      const call = loading(file, { ...good, segments }, { flags: replace });
      await expect(call, `KILN_PROGRAM with ${what}`).toFail(error);
    }
    for (const [what, change] of [
      ['a flag', { 20: 1 }],
      ['slot 8', { 4: 8 }],
      ['size 39', { 0: 39 }],
    ] as const) {
      await expect(show(file, good.slot, 4, { change }).call, `KILN_SHOW with ${what}`).toFail('EINVAL');
    }
    for (const [what, celsius, change] of [
      ['a flag', 1200, { 7: 0x40 }],
      ['its reserved field not 0', 1200, { 12: 1 }],
      ['size 12', 1200, { 0: 12 }],
      ['1401 °C', 1401, {}],
      ['-1 °C', -1, {}],
    ] as const) {
      await expect(limiting(file, celsius, { change }).call, `KILN_LIMIT with ${what}`).toFail('EINVAL');
    }
    expect(await statusOf(file), 'KILN_STATUS after all that').toEqual(before);
    await shows(file, good);
  });

  await requirement('asks-who-calls', async (file, task) => {
    const program = newProgram(3, 1);
    await load(file, program, { flags: replace });
    const reading = await task.open(device, 'r');
    const call = loading(reading, newProgram(2, 0, program.slot), { flags: replace });
    await expect(call, 'KILN_PROGRAM on a file opened for reading').toFail('EBADF');
    await shows(reading, program);
    await statusOf(reading);

    const user = await guest.task({ separate: true });
    const passed = await user.open(device, 'rw'); // still as root, like a file that is passed on
    await user.call('setuid', [1000], 'setuid()');
    await expect(limiting(passed, 600).call, 'KILN_LIMIT by a process without CAP_SYS_ADMIN').toFail('EPERM');
    expect((await statusOf(file))[2], 'the limit after that').toBe(1300);
    const theirs = newProgram(2, 0, program.slot);
    await load(passed, theirs, { flags: replace });
    await shows(passed, theirs);
  });

  await requirement('fails-without-a-trace', async (file) => {
    const program = newProgram(12, 60);
    await load(file, program, { flags: replace });
    const status = await statusOf(file);
    const next = newProgram(12, 1, program.slot);
    await load(file, next, { flags: replace | checkOnly });
    const checked = loading(file, next, { flags: checkOnly });
    await expect(checked, 'KILN_CHECK of a slot that has a program').toFail('EEXIST');
    for (const bad of [badAddress.unmapped, badAddress.kernel]) {
      const load = exchange(file, kiln.program, programOf(next, { flags: replace }), { pointer: bad });
      await expect(load.call, 'KILN_PROGRAM with a bad address of its segments').toFail('EFAULT');
      const show = exchange(file, kiln.show, showOf(program.slot, 12), { pointer: bad });
      await expect(show.call, 'KILN_SHOW with a bad address of its points').toFail('EFAULT');
      expect(show.structure().readUInt32LE(24), 'the start of the name after that').toBe(0xb7b7b7b7);
      for (const number of [kiln.status, kiln.program, kiln.show, kiln.limit]) {
        const what = `ioctl(0x${number.toString(16)}) with a bad address`;
        await expect(file.ioctl(number, bad), what).toFail('EFAULT');
      }
    }
    await shows(file, program);
    expect(await statusOf(file), 'KILN_STATUS after commands that failed').toEqual(status);
    await setLimit(file, 900);
    const hot = newProgram(1, 0, program.slot);
    hot.segments[0]!.celsius = 901;
    const above = loading(file, hot, { flags: replace });
    await expect(above, 'KILN_PROGRAM above the limit that was set').toFail('ERANGE');
    await shows(file, program); // as it was loaded, when the limit was higher
    await setLimit(file, 1300);
  });

  await requirement('hands-out-nothing-else', async (file, task) => {
    // Its points take more than 8 KiB: such an allocation gets whole pages, those that were freed last.
    const program = newProgram(600 + draw(400), 4);
    await dirtyFreePages(task);
    await load(file, program, { flags: replace });
    await dirtyFreePages(task);
    const shown = show(file, program.slot, program.segments.length);
    await expect(shown.call, 'KILN_SHOW').toReturn(0);
    const points = shown.array();
    const rests = program.segments.map((_, i) => points.subarray(i * 16 + 13, i * 16 + 16).toString('hex'));
    expect(rests, 'the last 3 bytes of the points').toEqual(rests.map(() => '000000'));
    const name = shown.structure().toString('latin1', 24, 40);
    expect(name, 'the name and what is behind it').toBe(program.name.padEnd(16, '\0'));
    const { data } = await file.ioctl(kiln.status, Buffer.alloc(56, 0xee));
    expect([data.readUInt32LE(4), data.readUInt32LE(20)], 'the holes in KILN_STATUS').toEqual([0, 0]);
    untouched(data.subarray(24), 'KILN_STATUS');
  });
});
