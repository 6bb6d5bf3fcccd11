// SPDX-License-Identifier: Apache-2.0
import { check, expect, type Silicon } from '#bringup/lab';

const node = '/dev/ferry';

/** What the chip makes of data. */
const mirrored = (data: Buffer): Buffer =>
  Buffer.from(
    data.map((byte) => Number.parseInt(byte.toString(2).padStart(8, '0').split('').reverse().join(''), 2)),
  );

/** Where data differs from what the chip makes of `bytes`, in words. */
function wrongAt(got: Buffer, bytes: Buffer): string {
  const expected = mirrored(bytes);
  const at = expected.findIndex((byte, i) => got[i] !== byte);
  return at < 0 ? 'none' : `number ${at}: ${got[at]} in place of ${expected[at]}`;
}

export default check(async ({ step, guest, module, draw, silicon }) => {
  if (!silicon) throw new Error('the machine has no chip');
  const { chip, folder } = silicon;
  if (chip.bus.kind !== 'pci') throw new Error('the chip is no PCI device');
  const { dmaBits } = chip.bus;
  const {
    longest,
    entries,
    ring_bits: ringBits,
  } = chip.parameters as Record<'longest' | 'entries' | 'ring_bits', number>;
  const [usual, most] = ['usual', 'transfer'].map((name) => chip.times[name]!.max!) as [number, number];
  /** Slower by this, the chip is still as its data sheet allows. */
  const slow = most - usual - 60e6;
  /** Data that no driver knows. */
  const data = (length: number): Buffer => Buffer.from(Array.from({ length }, () => draw(256)));
  const number = async (name: string): Promise<number> => Number(await guest.readFile(`${folder}/${name}`));

  await step('binds', async () => {
    await guest.load(module);
    expect(await guest.exists(`${folder}/driver`), 'a driver bound to the chip').toBe(true);
    expect(await guest.exists(node), node).toBe(true);
    expect(await number('dma_mask_bits'), 'the DMA mask of the device, in bits').toBe(dmaBits);
    expect(await number('consistent_dma_mask_bits'), 'the coherent DMA mask of the device, in bits').toBe(
      ringBits,
    );
    expect(await silicon.get('CONTROL.ENABLE'), 'CONTROL.ENABLE of the chip').toBe(1);
  });

  await step('carries', async () => {
    const file = await guest.main.open(node, 'rw');
    await expect(file.read(16), 'read() before anything was written').toReturn('');
    for (const length of [1, 64, longest - 1, longest, longest + 1, 4096, 16384, 11 + draw(7000)]) {
      const bytes = data(length);
      await expect(file.write(bytes), `write() of ${length} bytes`).toReturn(length);
      const got = await file.read(length + 16);
      expect(got.length, `the bytes that read() gave after ${length} were written`).toBe(length);
      expect(wrongAt(got, bytes), `the first wrong byte of ${length}`).toBe('none');
    }
    const bytes = data(10);
    await file.write(bytes);
    await expect(file.read(4), 'read() of a part').toReturn(mirrored(bytes).subarray(0, 4));
    await expect(file.read(16), 'read() of the rest').toReturn(mirrored(bytes).subarray(4));
    await expect(file.read(16), 'read() at the end').toReturn('');
    await expect(file.write(data(16385)), 'write() of 16385 bytes').toFail('EMSGSIZE');
    await expect(file.write(''), 'write() of nothing').toReturn(0);
  });

  /** How many descriptors are handed over and not back. */
  const handedOver = async (): Promise<number> => {
    const rung = (await silicon.events()).findLast(
      (event) => event.kind === 'write' && event.register === 'DOORBELL',
    );
    const value = rung?.kind === 'write' ? rung.value : 0;
    const big = chip.registers.find(({ name }) => name === 'DOORBELL')!.order === 'big';
    const index = big ? value >> 8 : value;
    return (index + entries - ((await silicon.get('HEAD')) as number)) % entries;
  };
  /** Makes something go wrong with the chip for as long as `work` takes. */
  const during = async (fault: Parameters<Silicon['fault']>[0], work: () => Promise<void>): Promise<void> => {
    await silicon.fault(fault);
    try {
      await work();
    } finally {
      await silicon.heal();
    }
  };
  /** How much memory is mapped, in some unit: all streaming mappings go through the bounce buffers. */
  const mapped = async (): Promise<number> =>
    Number(await guest.readFile('/sys/kernel/debug/swiotlb/io_tlb_used'));

  await step('fills', async () => {
    const task = await guest.task();
    const file = await task.open(node, 'rw');
    const bytes = data(16000);
    await during({ kind: 'late', by: slow }, async () => {
      const write = file.write(bytes);
      await expect(write, 'write() of 16000 bytes to a slow chip').toBlockFor('20ms');
      expect(await handedOver(), `of ${entries} descriptors, those handed over at once`).toBe(entries - 1);
      await silicon.heal();
      await expect(write, 'write() of 16000 bytes').toReturn(16000);
    });
    expect(wrongAt(await file.read(16000), bytes), 'the first wrong byte of 16000').toBe('none');
  });

  await step('shares', async () => {
    const tasks = await guest.tasks(2);
    const files = [await tasks[0].open(node, 'rw'), await tasks[1].open(node, 'rw')];
    for (let turn = 0; turn < 2; turn++) {
      const work = files.map((file) => ({ file, bytes: data(5000 + turn * draw(3000)) }));
      const writes = work.map(({ file, bytes }) => file.write(bytes));
      for (const [i, write] of writes.entries())
        await expect(write, 'write() beside another one').toReturn(work[i]!.bytes.length);
      for (const { file, bytes } of work)
        expect(
          wrongAt(await file.read(bytes.length), bytes),
          'the first wrong byte of what was written beside another program',
        ).toBe('none');
    }
  });

  /** Data goes through, and comes back right. */
  const works = async (when: string, length: number): Promise<void> => {
    const file = await guest.main.open(node, 'rw');
    const bytes = data(length);
    await expect(file.write(bytes), `write() ${when}`).toReturn(length);
    expect(wrongAt(await file.read(length), bytes), `the first wrong byte of what was written ${when}`).toBe(
      'none',
    );
    await file.close();
  };

  await step('waits', async () => {
    await during({ kind: 'late', by: slow }, () => works('to a slow chip', 3 * longest));
  });

  await step('reports', async () => {
    const file = await guest.main.open(node, 'rw');
    const before = data(20);
    await file.write(before);
    await during({ kind: 'dma', times: 1 }, async () => {
      const write = file.write(data(5000));
      await expect(write, 'write() whose first descriptor can not be read').toFinishWithin('3s');
      await expect(write, 'write() whose first descriptor can not be read').toFail('EIO');
    });
    await expect(file.read(64), 'read() after a failure').toReturn(mirrored(before));
    await works('after the bus refused a descriptor', 3000);

    await during({ kind: 'late', by: slow }, async () => {
      const write = file.write(data(700));
      await expect(write, 'write() of 700 bytes to a slow chip').toBlockFor('20ms');
      await silicon.fault({ kind: 'dma', times: 1 });
      await expect(write, 'write() whose data can not be read').toFinishWithin('3s');
      await expect(write, 'write() whose data can not be read').toFail('EIO');
    });
    await works('after the bus refused data', 9000);
  });

  await step('gives-up', async () => {
    const task = await guest.task();
    const file = await task.open(node, 'rw');
    await during({ kind: 'late' }, async () => {
      const write = file.write(data(100));
      await expect(write, 'write() to a chip that hangs').toBlockFor(`${Math.floor(most / 1e6) - 12}ms`);
      await expect(write, 'write() to a chip that hangs').toFinishWithin('1100ms');
      await expect(write, 'write() to a chip that hangs').toFail('ETIMEDOUT');
      expect(await silicon.get('STATUS.ACTIVE'), 'STATUS.ACTIVE of a chip that was given up').toBe(0);
    });
    await works('after the engine was recovered', 8000);

    // Late, and not lost: what the driver has given up must not come back.
    await during({ kind: 'late', by: 2e9 }, () =>
      expect(file.write(data(100)), 'write() to a chip that is too slow').toFail('ETIMEDOUT'),
    );
    await works('after a chip that was too slow', 8000);
  });

  await step('outlives', async () => {
    const doomed = await guest.task({ separate: true });
    const file = await doomed.open(node, 'rw');
    await during({ kind: 'late', by: slow }, async () => {
      await expect(file.write(data(6000)), 'write() of 6000 bytes to a slow chip').toBlockFor('20ms');
      const before = await mapped();
      await guest.signal(doomed, 'kill');
      await guest.sleep('20ms');
      const [after, active] = [await mapped(), await silicon.get('STATUS.ACTIVE')];
      const taken = before > 0 && after === 0 && active === 1;
      expect(taken, 'memory taken from the chip while it carries the data of a program that was killed').toBe(
        false,
      );
    });
    await works('after another program was killed', 7000);
  });

  await step('lets-go', async () => {
    const task = await guest.task();
    const file = await task.open(node, 'rw');
    await during({ kind: 'late', by: slow }, async () => {
      const write = file.write(data(16000));
      await expect(write, 'write() of 16000 bytes to a slow chip').toBlockFor('20ms');
      await guest.writeFile(`/sys/bus/pci/drivers/${module}/unbind`, folder.split('/').at(-1)!);
      await expect(write, 'write() while the device was taken away').toFinishWithin('2s');
      await expect(write, 'write() while the device was taken away').toFail('ENODEV');
    });
    expect(await guest.exists(node), `${node} without a driver`).toBe(false);
    expect(await silicon.get('CONTROL.ENABLE'), 'CONTROL.ENABLE without a driver').toBe(0);
    const { enabled, master } = await silicon.held(guest);
    expect({ enabled, master }, 'the chip without a driver').toEqual({ enabled: false, master: false });
    await expect(file.write(data(10)), 'write() after the device was taken away').toFail('ENODEV');
    await guest.sleep('800ms'); // for what the chip may still have under way
    await file.close();
    await guest.unload(module);
  });
});
