// SPDX-License-Identifier: Apache-2.0
import { check, expect } from '#bringup/lab';

const node = '/dev/reckoner';
const operations = ['add', 'subtract', 'multiply', 'divide'] as const;
type Operation = (typeof operations)[number];

function resultOf(operation: Operation, a: number, b: number): number {
  const [x, y] = [BigInt(a), BigInt(b)];
  const exact = { add: x + y, subtract: x - y, multiply: x * y, divide: y && x / y }[operation];
  return Number(BigInt.asUintN(32, exact));
}

const nothing = { bound: false, enabled: false, master: false, claimed: '' };

export default check(async ({ step, guest, module, draw, silicon }) => {
  if (!silicon) throw new Error('the machine has no chip');
  const { chip } = silicon;
  /** A number that no driver knows; small ones too. */
  const number = (): number => (draw(3) === 0 ? draw(1000) : draw());
  const most = chip.times['operation']!.max! / 1e6;

  await step('binds', async () => {
    await guest.load(module);
    const { bound, claimed } = await silicon.held(guest);
    expect(bound, 'a driver bound to the chip').toBe(true);
    expect(await guest.exists(node), node).toBe(true);
    expect(claimed, 'the name under which /proc/iomem has the window claimed').toBe(module);
    expect(await silicon.get('CONTROL.ENABLE'), 'CONTROL.ENABLE of the chip').toBe(1);
  });

  await step('computes', async () => {
    const file = await guest.main.open(node, 'rw');
    await expect(file.read(32), 'read() before anything was calculated').toReturn('');
    for (const operation of [...operations, ...operations]) {
      const [a, b] = [number(), number() || 1];
      const text = `${operation} ${a} ${b}`;
      await expect(file.write(`${text}\n`), `write() of "${text}"`).toReturn(text.length + 1);
      const result = `${resultOf(operation, a, b)}\n`;
      await expect(file.read(32), `read() after "${text}"`).toReturn(result);
      await expect(file.read(32), 'read() at the end of the result').toReturn('');
    }
    await expect(file.write('add 4294967295 1'), 'write() without a newline').toReturn(16);
    await expect(file.read(1), 'read() of one byte').toReturn('0');
    await expect(file.read(9), 'read() of the rest').toReturn('\n');
  });

  await step('keeps-apart', async () => {
    const tasks = await guest.tasks(2);
    const files = [await tasks[0].open(node, 'rw'), await tasks[1].open(node, 'rw')];
    for (let turn = 0; turn < 3; turn++) {
      const work = files.map((file) => ({ file, a: number(), b: number() }));
      const writes = work.map(({ file, a, b }) => file.write(`multiply ${a} ${b}\n`));
      for (const write of writes) await expect(write, 'write() beside another one').toFinishWithin('5s');
      for (const { file, a, b } of work)
        await expect(file.read(32), `read() of ${a} × ${b}, calculated beside another program`).toReturn(
          `${resultOf('multiply', a, b)}\n`,
        );
    }
  });

  await step('refuses', async () => {
    const file = await guest.main.open(node, 'rw');
    await file.write('add 20 3\n');
    for (const text of ['power 2 3', 'add 1', 'add 1 2 3', 'add 1 4294967296', 'add x 2', ''])
      await expect(file.write(text), `write() of "${text}"`).toFail('EINVAL');
    await expect(file.write(`divide ${number()} 0`), 'write() of a division by 0').toFail('EIO');
    await expect(file.read(32), 'read() after failures').toReturn('23\n');
  });

  await step('gives-up', async () => {
    const task = await guest.task();
    const file = await task.open(node, 'rw');
    await silicon.fault({ kind: 'late' });
    const write = file.write('add 1 2');
    await expect(write, 'write() to a unit that hangs').toBlockFor(`${Math.floor(most) - 12}ms`);
    await expect(write, 'write() to a unit that hangs').toFinishWithin('1500ms');
    await expect(write, 'write() to a unit that hangs').toFail('ETIMEDOUT');
    await silicon.heal();
    const [a, b] = [number(), number()];
    await expect(file.write(`add ${a} ${b}`), 'write() after the unit was recovered').toReturn(
      `add ${a} ${b}`.length,
    );
    await expect(file.read(32), 'read() after the unit was recovered').toReturn(`${resultOf('add', a, b)}\n`);
    await file.close();
  });

  await step('turns-away', async () => {
    if (guest.loaded.includes(module)) await guest.unload(module);
    const known = (await silicon.get('ID.CHIP')) as number;
    await silicon.fault({ kind: 'value', path: 'ID.CHIP', value: known ^ (1 << draw(16)) });
    await guest.load(module);
    expect(await silicon.held(guest), 'what is held of another chip').toEqual(nothing);
    expect(await guest.exists(node), `${node} without a chip`).toBe(false);
    expect(await silicon.get('CONTROL.ENABLE'), 'CONTROL.ENABLE of the other chip').toBe(0);
    await guest.unload(module);
    await silicon.heal();
  });

  await step('lets-go', async () => {
    await guest.load(module);
    const file = await guest.main.open(node, 'rw');
    await file.write('add 2 2');
    await file.close();
    await guest.unload(module);
    expect(await guest.exists(node), `${node} after unloading`).toBe(false);
    expect(await silicon.get('CONTROL.ENABLE'), 'CONTROL.ENABLE after unloading').toBe(0);
    expect(await silicon.held(guest), 'what is held of the chip after unloading').toEqual(nothing);
  });
});
