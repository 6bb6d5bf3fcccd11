// SPDX-License-Identifier: Apache-2.0
import { check, expect } from '#bringup/lab';
import { Board, deviceAt, weightOf, type Cell, type Model, type Scale } from './board.ts';

const bases = [0x40, 0x60, 0x80, 0xa0, 0xc0, 0xe0];

export default check(async ({ step, guest, module, draw, word }) => {
  // Which model is where differs in every attempt; places and lines are no hint.
  const shuffled = [...bases].map((base) => ({ base, key: draw() })).sort((a, b) => a.key - b.key);
  const lines = [0, 1, 2, 3, 4, 5, 6, 7].map((line) => ({ line, key: draw() })).sort((a, b) => a.key - b.key);
  const baseOf = (i: number): number => shuffled[i]!.base;
  const lineOf = (i: number): number => lines[i]!.line;
  const compatibleOf = (model: Model): string => `apiary,scale-${model}`;
  const cellOf = (): Cell => ({ milligrams: 3 + draw(9000), zero: draw(5000) });

  /** The scale in place `i`, which the board has from now on. */
  const scaleAt = (i: number, model: Model, more: Partial<Scale> = {}): Scale => ({
    compatible: compatibleOf(model),
    base: baseOf(i),
    line: lineOf(i),
    cells:
      model === 100 ? { 0: cellOf(), 1: cellOf() } : { 0: cellOf(), 1: cellOf(), 2: cellOf(), 3: cellOf() },
    ...more,
  });

  /** A requirement with the module loaded, a board with blocks of these models, and no tree. */
  const requirement = (id: string, models: Model[], work: (board: Board) => Promise<void>): Promise<void> =>
    step(id, async () => {
      if (!guest.loaded.includes(module)) await guest.load(module);
      const board = new Board(guest, await guest.task());
      const blocks = models.map(
        (model, i) => `block ${baseOf(i)} ${model} ${lineOf(i)} ${(1 + draw(31)) << 1}`,
      );
      await board.tell('remove', ...blocks);
      await work(board);
      await board.tell('remove');
    });

  /** Sets counts of all cells of a model; gives them. */
  const count = async (board: Board, base: number, model: Model): Promise<number[]> => {
    const counts =
      model === 100
        ? [draw(0x8000), 0x8000 + draw(0x8000)]
        : [draw(0x10000), 0x700000 + draw(0xfffff), -1 - draw(0x800000), -1 - draw(5000)];
    await board.tell(...counts.map((value, cell) => `count ${base} ${cell} ${value & 0xffffff}`));
    return counts;
  };
  const weighs = async (board: Board, scale: Scale, model: Model, when = ''): Promise<void> => {
    const counts = await count(board, scale.base, model);
    await board.says(scale.base, 'weight_mg', weightOf(scale, counts), when);
  };

  await requirement('binds', [100, 200, 200, 100, 200, 100], async (board) => {
    const scales: [Scale, boolean][] = [
      [scaleAt(0, 100), true],
      [scaleAt(1, 200), true],
      [scaleAt(2, 200, { compatible: [`apiary,scale-2${10 + draw(80)}`, 'apiary,scale-200'] }), true],
      [scaleAt(3, 100, { compatible: `apiary,scale-100${draw(10)}` }), false],
      [scaleAt(4, 200, { compatible: [`apiary,scale-3${10 + draw(80)}`, `${word(5)},scale-200`] }), false],
      [scaleAt(5, 100, { disabled: true }), false],
    ];
    await board.plug(...scales.map(([scale]) => scale));
    for (const [{ base, compatible, disabled }, bound] of scales) {
      const what = `that hive-scale has ${deviceAt(base)} (${String(compatible)}${disabled ? ', disabled' : ''})`;
      expect(await board.has(base), what).toBe(bound);
      expect((await board.state(base)).split(' ')[0], `the block at ${base}`).toBe(bound ? 'on' : 'off');
    }
  });

  await requirement('weighs', [200, 100, 200], async (board) => {
    const wide = scaleAt(0, 200);
    const narrow = scaleAt(1, 100);
    // A cell that is not used, one without a zero, and one whose weight needs more than 32 bits.
    const partial = scaleAt(2, 200, {
      compatible: [`apiary,scale-2${10 + draw(80)}`, 'apiary,scale-200'],
      cells: {
        0: { milligrams: 1 + draw(500) },
        1: { milligrams: 900_000 + draw(99_999), zero: draw(900) },
        3: { disabled: true, milligrams: 7 + draw(90) },
      },
    });
    await board.plug(wide, narrow, partial);
    await weighs(board, wide, 200);
    await weighs(board, narrow, 100);
    await weighs(board, partial, 200, 'with two of four cells');
    await weighs(board, wide, 200, 'after others were read');
  });

  await requirement('names', [200, 100], async (board) => {
    const label = `${word(6)} ${word(5)}`;
    const [labelled, plain] = [scaleAt(0, 200, { label }), scaleAt(1, 100)];
    await board.plug(labelled, plain);
    await board.says(labelled.base, 'label', label);
    await board.says(plain.base, 'label', deviceAt(plain.base), '(there is none in the tree)');
  });

  await requirement('counts-alarms', [100, 200], async (board) => {
    const [one, other] = [scaleAt(0, 100), scaleAt(1, 200)];
    await board.plug(one, other);
    await guest.sleep('50ms');
    const happen = async (scale: Scale, bits: number, then: number, total: number): Promise<void> => {
      await board.tell(`event ${scale.base} ${bits} ${then}`);
      await guest.sleep('50ms');
      const when = `after the events 0x${bits.toString(16)}${then ? ` and at once 0x${then.toString(16)}` : ''}`;
      await board.says(scale.base, 'alarms', String(total), when);
      expect(await board.state(scale.base), `the block of ${deviceAt(scale.base)} ${when}`).toBe('on 0x0');
    };
    await board.says(one.base, 'alarms', '0', 'at first');
    await happen(one, 1 << draw(15), 0, 1);
    await happen(one, 0x8001, 0, 3);
    await happen(other, 0x0420, 0, 2);
    await happen(other, 0x0100, 0x4011, 6);
    await board.says(one.base, 'alarms', '3', 'after alarms of another scale');
  });

  await requirement('waits-until-ready', [200, 100, 200], async (board) => {
    const [slow, quick, broken] = [scaleAt(0, 200), scaleAt(1, 100), scaleAt(2, 200)];
    await board.tell(`delay ${slow.base} ${60 + draw(20)}`, `delay ${broken.base} 10000`);
    await board.plug(slow, quick, broken);
    // No time may pass between the tree and the look: who did not wait reads zeros.
    await weighs(board, slow, 200, 'that takes some time to be ready');
    await weighs(board, quick, 100);
    expect(await board.has(broken.base), `that hive-scale has ${deviceAt(broken.base)}, never ready`).toBe(
      false,
    );
    expect(await board.state(broken.base), 'the block that is never ready').toBe('off');
    expect(await board.bind(broken.base), 'binding a scale that is never ready').toBe('ETIMEDOUT');
    expect(await board.state(broken.base), 'the block that is never ready').toBe('off');
    await board.tell(`delay ${broken.base} 5`);
    expect(await board.bind(broken.base), 'binding it when it has been repaired').toBe('bound');
    await weighs(board, broken, 200);
  });

  await requirement('refuses', [200, 200, 100, 100, 100, 200], async (board) => {
    const good = cellOf();
    const bad: [string, Scale][] = [
      [
        'without milligrams-per-count in its last cell',
        scaleAt(0, 200, { cells: { 0: good, 3: { zero: 5 } } }),
      ],
      ['without a cell', scaleAt(1, 200, { cells: {} })],
      ['with a cell that its model does not have', scaleAt(2, 100, { cells: { 0: good, 2: cellOf() } })],
      ['with 0 milligrams per count', scaleAt(3, 100, { cells: { 1: { milligrams: 0 }, 0: good } })],
      ['whose only cell is disabled', scaleAt(4, 100, { cells: { 0: { ...good, disabled: true } } })],
    ];
    const noLine = scaleAt(5, 200, { line: undefined as never });
    await board.plug(...bad.map(([, scale]) => scale), noLine);
    for (const [what, { base }] of bad) {
      expect(await board.has(base), `that hive-scale has a scale ${what}`).toBe(false);
      expect(await board.bind(base), `binding a scale ${what}`).toBe('EINVAL');
      expect(await board.state(base), `the block of a scale ${what}`).toBe('off');
    }
    expect(await board.has(noLine.base), 'that hive-scale has a scale without interrupts').toBe(false);
    expect(await board.state(noLine.base), 'the block of a scale without interrupts').toBe('off');
  });

  await requirement('lets-go', [100, 200], async (board) => {
    const [one, other] = [scaleAt(0, 100), scaleAt(1, 200)];
    await board.plug(one, other);
    await guest.sleep('50ms');
    for (const [scale, model, rest, restModel] of [
      [one, 100, other, 200],
      [other, 200, one, 100],
    ] as const) {
      await board.tell(`event ${scale.base} 3 0`);
      await guest.sleep('50ms');
      await board.unbind(scale.base);
      expect(await board.state(scale.base), 'the block of a scale that was unbound').toBe('off');
      await weighs(board, rest, restModel, 'beside one that was unbound');
      await board.tell(`event ${rest.base} 4 0`);
      expect(await board.bind(scale.base), `binding ${deviceAt(scale.base)} again`).toBe('bound');
      await weighs(board, scale, model, 'bound again');
      await board.says(scale.base, 'alarms', '0', 'bound again');
    }
  });

  await requirement('returns-nodes', [100, 200, 200], async (board) => {
    const scales = [
      scaleAt(0, 100),
      scaleAt(1, 200),
      scaleAt(2, 200, { cells: { 0: cellOf(), 1: {}, 2: cellOf() } }),
    ];
    const before = guest.log().length;
    await board.plug(...scales);
    await guest.sleep('50ms');
    await board.tell('remove');
    const complaints = guest
      .log()
      .slice(before)
      .map(({ text }) => text)
      .filter((text) => text.startsWith('OF: ERROR: '));
    expect(complaints, 'what the kernel says of nodes when the tree is removed').toEqual([]);
    for (const { base } of scales)
      expect(await board.state(base), 'a block that is in no tree any more').toBe('off');
    await board.plug(scales[0]!);
    await weighs(board, scales[0]!, 100, 'in a tree that was added again');
  });

  await step('unloads', async () => {
    if (!guest.loaded.includes(module)) await guest.load(module);
    const board = new Board(guest, await guest.task());
    const models = [100, 200] as const;
    await board.tell('remove', ...models.map((model, i) => `block ${baseOf(i)} ${model} ${lineOf(i)} 6`));
    await board.plug(...models.map((model, i) => scaleAt(i, model)));
    await guest.sleep('50ms');
    expect(await board.has(baseOf(1)), `that hive-scale has ${deviceAt(baseOf(1))}`).toBe(true);
    await board.close();
    await guest.unload(module);
    expect(await guest.exists('/sys/bus/platform/drivers/hive-scale'), 'the driver after unloading').toBe(
      false,
    );
    await guest.load(module);
    await board.tell(`block ${baseOf(0)} 200 ${lineOf(0)} 6`);
    const scale = scaleAt(0, 200);
    await board.plug(scale);
    await weighs(board, scale, 200, 'after the module was loaded again');
  });
});
