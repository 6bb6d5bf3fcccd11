// SPDX-License-Identifier: Apache-2.0
import { check, expect, type OpenFile, type Row, type Task } from '#bringup/lab';

const device = '/dev/tiles';
const events = '/sys/kernel/tracing/events/vmscan/mm_shrink_slab';
const trace = '/sys/kernel/tracing/trace';
const watermarks = ['/proc/sys/vm/watermark_scale_factor', '/proc/sys/vm/min_free_kbytes'] as const;

interface Tile {
  number: number;
  /** Which drawing since loading it is. */
  drawing: number;
}

export default check(async ({ step, guest, module, draw }) => {
  let drawn = draw();
  /** Numbers that have not been used yet. */
  const numbers = (count: number): number[] => Array.from({ length: count }, () => (drawn += 7919) >>> 0);
  const number = (): number => numbers(1)[0]!;

  /** A requirement, which begins without idle tiles and without open files. */
  const requirement = (id: string, work: (task: Task) => Promise<void>): Promise<void> =>
    step(id, async () => {
      if (!guest.loaded.includes(module)) await guest.load(module);
      const task = await guest.task();
      await press(task);
      await work(task);
    });

  const open = (task: Task): PromiseLike<OpenFile> => task.open(device, 'rw');
  const ask = async (file: OpenFile, wanted: number): Promise<void> => {
    const text = String(wanted);
    await expect(file.write(text), `write() of ${text}`).toReturn(text.length);
  };
  /** Asks for many tiles one after the other, which leaves all but the last idle. */
  const askForMany = async (file: OpenFile, wanted: number[]): Promise<void> => {
    const askForAll = (row: Row): void => {
      for (const one of wanted) row.write(file, String(one));
    };
    const [calls] = await guest.storm({ task: file.task, times: 1, row: askForAll });
    expect(calls!.filter(({ good }) => good === 1).length, 'how many write() calls succeeded').toBe(
      wanted.length,
    );
  };
  const held = (): Promise<number> => guest.allocated(module);

  await requirement('shows-tiles', async (task) => {
    const [one, other] = [await open(task), await open(await guest.task())];
    await expect(one.read(10), 'read() of a file that shows no tile').toFail('ENODATA');
    const [a, b] = [number(), number()];
    await ask(one, a);
    await ask(other, b);
    expect((await look(one)).number, 'the number in the picture').toBe(a);
    expect((await look(other)).number, 'the number in the picture on another file').toBe(b);
    for (const wrong of ['', 'tile', '-1', '4294967296', `${b} ${a}`]) {
      await expect(one.write(wrong), `write() of "${wrong}"`).toFail('EINVAL');
    }
    expect((await look(one)).number, 'the number in the picture after calls that failed').toBe(a);
    await expect(one.write('4294967295\n'), 'write() of the largest number and a newline').toReturn(11);
    expect((await look(one)).number, 'the number in the picture').toBe(4294967295);
    await expect(one.readAt(2040, 100), 'the end of the picture').toReturn(fill(4294967295).repeat(8));
    await expect(one.readAt(2048, 100), 'pread() behind the picture').toReturn('');
  });

  await requirement('keeps-idle-tiles', async (task) => {
    const file = await open(task);
    const wanted = numbers(20);
    await askForMany(file, wanted);
    const last = await look(file);
    await file.close();
    const again = await open(task);
    for (const at of [0, 7, 18, 19]) {
      await ask(again, wanted[at]!);
      expect(await look(again), 'a tile that was idle').toEqual({
        number: wanted[at]!,
        drawing: last.drawing - 19 + at,
      });
    }
    await ask(again, number());
    expect((await look(again)).drawing, 'the drawing of the next tile that is not in the cache').toBe(
      last.drawing + 1,
    );
  });

  await requirement('shares-tiles', async (task) => {
    const files = [await open(task), await open(await guest.task()), await open(await guest.task())] as const;
    const wanted = number();
    await guest.writeFile(`/sys/module/${module}/parameters/cost`, '40');
    try {
      const calls = files.map((file) => file.write(String(wanted)));
      for (const call of calls)
        await expect(call, 'write() of a number that others ask for too').toFinishWithin('1s');
      for (const call of calls) await call;
    } finally {
      await guest.writeFile(`/sys/module/${module}/parameters/cost`, '0');
    }
    const tile = await look(files[0]);
    for (const file of files) expect(await look(file), 'the tile on one of three files').toEqual(tile);
    // One tile, and not one that is only found by some.
    await files[0].close();
    await files[1].close();
    await press(task);
    expect(await look(files[2]), 'the tile that one of three still shows, after pressure').toEqual(tile);
    const file = await open(task);
    await ask(file, wanted);
    expect(await look(file), 'the same tile on a new file').toEqual(tile);
  });

  await requirement('gives-back', async (task) => {
    const file = await open(task);
    const before = await held();
    const wanted = numbers(300);
    await askForMany(file, wanted);
    const { drawing } = await look(file);
    const full = await held();
    expect(full - before, 'bytes the module holds for 300 tiles').toBeAtLeast(300 * 2048);
    await press(task);
    const rest = await held();
    expect(rest - before, 'bytes the module holds for the one that is shown, after pressure').toBeAtMost(
      Math.floor((full - before) / 150),
    );
    for (const [i, at] of [0, 150, 298].entries()) {
      await ask(file, wanted[at]!);
      expect(await look(file), 'a tile that was given back').toEqual({
        number: wanted[at]!,
        drawing: drawing + 1 + i,
      });
    }
  });

  await requirement('spares-shown-tiles', async (task) => {
    const before = await held();
    const [one, other, third] = [await open(task), await open(task), await open(task)];
    const [a, b] = [number(), number()];
    await ask(one, a);
    await ask(other, a);
    await ask(third, b);
    await ask(third, a); // and b is idle
    const tile = await look(one);
    await ask(third, b); // and in use again
    const second = await look(third);
    await one.close();
    await press(task);
    expect(await look(other), 'a tile that is shown, after pressure').toEqual(tile);
    expect(await look(third), 'a tile that was idle and is shown again, after pressure').toEqual(second);
    await ask(third, a);
    expect(await look(third), 'a tile that survived pressure, on another file').toEqual(tile);
    await other.close();
    await third.close();
    await press(task);
    expect(await held(), 'bytes the module holds after all files were closed, and pressure').toBe(before);
  });

  await requirement('tells-the-truth', async (task) => {
    const [file, other] = [await open(task), await open(task)];
    const count = 130 + draw(40);
    await askForMany(file, numbers(count));
    await ask(other, number());
    await ask(other, number());
    try {
      for (const end of ['start', 'end']) await guest.writeFile(`${events}_${end}/enable`, '1');
      const traced = async (): Promise<string[]> =>
        (await guest.readFile(trace)).split('\n').filter((line) => line.includes(`[${module}]`));
      await press(task);
      const lines = await traced();
      const numbersIn = (pattern: RegExp): number[] =>
        lines.flatMap((line) => (pattern.test(line) ? [Number(pattern.exec(line)![1])] : []));
      expect(numbersIn(/cache items (\d+)/)[0], 'how many objects the shrinker says it can free').toBe(count);
      const freed = numbersIn(/return val (-?\d+)/).reduce((sum, one) => sum + one, 0);
      expect(freed, 'how many objects the shrinker says it has freed').toBe(count);
      await press(task);
      const more = (await traced()).length - lines.length;
      expect(more, 'how often the shrinker is asked to scan when only shown tiles are left').toBe(0);
    } finally {
      for (const end of ['start', 'end']) await guest.writeFile(`${events}_${end}/enable`, '0');
    }
  });

  await requirement('makes-nobody-wait', async (task) => {
    const presser = await guest.task();
    const [file, other] = [await open(task), await open(presser)];
    await askForMany(other, numbers(10));
    await guest.writeFile(`/sys/module/${module}/parameters/cost`, '3000');
    const wanted = number();
    try {
      const call = file.write(String(wanted));
      await expect(call, 'write() of a number that takes 3 s to draw').toBlockFor('500ms');
      const button = await presser.open('/proc/sys/vm/drop_caches', 'w');
      const pressed = button.write('2');
      await expect(pressed, 'pressure while a tile is being drawn').toFinishWithin('1s');
      await pressed;
      await expect(call, 'write() of a number that takes 3 s to draw').toReturn(String(wanted).length);
    } finally {
      await guest.writeFile(`/sys/module/${module}/parameters/cost`, '0');
    }
    expect((await look(file)).number, 'the number in the picture').toBe(wanted);
  });

  await requirement('stands-real-pressure', async (task) => {
    const file = await open(task);
    const wanted = numbers(200);
    await askForMany(file, wanted);
    const usual = [await guest.readFile(watermarks[0]), await guest.readFile(watermarks[1])];
    const before = await held();
    try {
      await guest.writeFile(watermarks[0], '3000');
      await guest.writeFile(watermarks[1], String(lowestMark(await guest.readFile('/proc/zoneinfo'))));
      await askForMany(file, numbers(60));
      await guest.sleep('2s');
    } finally {
      for (const [i, path] of watermarks.entries()) await guest.writeFile(path, usual[i]!.trim());
    }
    expect(await held(), 'bytes the module holds after the kernel was short of memory').toBeAtMost(
      Math.floor(before / 2),
    );
    await ask(file, wanted[0]!);
    expect((await look(file)).number, 'the number in the picture').toBe(wanted[0]!);
  });

  await requirement('goes-quietly', async (task) => {
    const file = await open(task);
    await askForMany(file, numbers(10));
    await expect(guest.unload(module), 'unloading while a file is open').toFail('EAGAIN', 'EBUSY');
    await file.close();
    await guest.unload(module);
    await press(task);
  });
});

/** A whole picture, which must be one that draw() made. */
async function look(file: OpenFile): Promise<Tile> {
  const picture = (await file.readAt(0, 4096)).toString('latin1');
  const [line, number, drawing] = /^(\d+) (\d+)\n/.exec(picture) ?? [''];
  expect(picture.slice(0, 12), 'the beginning of the picture').toMatch(/^\d+ \d+/);
  expect(picture.slice(line.length), 'the picture after its first line').toBe(
    ` ${fill(Number(number)).repeat(2047 - line.length)}`,
  );
  return { number: Number(number), drawing: Number(drawing) };
}

/** What draw() fills a picture with. */
function fill(number: number): string {
  return String.fromCharCode(0x61 + (number % 26));
}

/** Makes the kernel free what can be freed; not in the main task, as a wrong shrinker may kill who calls. */
async function press(task: Task): Promise<void> {
  await task.writeFile('/proc/sys/vm/drop_caches', '2');
  await task.sleep(1_000_000_000n);
}

/**
 * A value of min_free_kbytes with which, at a watermark_scale_factor of 3000, kswapd has work: the low mark
 * of each zone is just above what is free there. The lowest mark of one of them is not, so nobody has to wait.
 */
function lowestMark(zones: string): number {
  const found = [...zones.matchAll(/pages free +(\d+)[^]*?managed +(\d+)/g)].map(([, free, managed]) => ({
    free: Number(free),
    managed: Number(managed),
  }));
  const all = found.reduce((sum, { managed }) => sum + managed, 0);
  const wanted = found
    .filter(({ managed }) => managed > 0)
    .map(({ free, managed }) => ((free - 0.3 * managed) * all) / managed);
  return Math.ceil(Math.max(...wanted) * 1.02) * 4;
}
