// SPDX-License-Identifier: Apache-2.0
// The board: blocks of the gateway chip, and the tree that describes them.
import { expect, SyscallError, type Guest, type OpenFile, type Task } from '#bringup/lab';
import { overlay, type Node } from './tree.ts';

export type Model = 100 | 200;
const bus = '/sys/bus/platform';
const driver = `${bus}/drivers/hive-scale`;

export interface Cell {
  milligrams?: number;
  zero?: number;
  disabled?: boolean;
  /** What `reg` says, if it is not the number of the cell. */
  reg?: number;
}

/** A node of a scale, as it is in the tree. */
export interface Scale {
  compatible: string | string[];
  base: number;
  line?: number;
  label?: string;
  disabled?: boolean;
  cells: Record<number, Cell>;
}

export const deviceAt = (base: number): string => `gateway:scale@${base.toString(16)}`;

/** What a scale has to show in weight_mg. */
export function weightOf(scale: Scale, counts: readonly number[]): string {
  let sum = 0n;
  for (const [number, { milligrams, zero, disabled }] of Object.entries(scale.cells)) {
    if (!disabled) sum += BigInt(counts[Number(number)]! - (zero ?? 0)) * BigInt(milligrams!);
  }
  return String(sum);
}

export class Board {
  readonly guest: Guest;
  readonly task: Task;
  #file: OpenFile | undefined;

  constructor(guest: Guest, task: Task) {
    this.guest = guest;
    this.task = task;
  }

  /** Things that happen on the board. */
  async tell(...what: string[]): Promise<void> {
    await (await this.#open()).write(what.join('\n'));
  }

  async #open(): Promise<OpenFile> {
    return (this.#file ??= await this.task.open('/dev/board', 'rw'));
  }

  /** The module can not be unloaded while it is open. */
  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  /** There are these scales from now on. */
  async plug(...scales: Scale[]): Promise<void> {
    const nodes = Object.fromEntries(
      scales.map((scale) => [`scale@${scale.base.toString(16)}`, nodeOf(scale)]),
    );
    const properties = {
      compatible: 'apiary,gateway',
      'interrupt-controller': true as const,
      '#interrupt-cells': 1,
      '#address-cells': 1,
      '#size-cells': 0,
    };
    await (await this.#open()).write(overlay({ gateway: { properties, nodes } }));
  }

  /** Whether the driver has the scale. */
  async has(base: number): Promise<boolean> {
    return this.guest.exists(`${driver}/${deviceAt(base)}`);
  }

  /** What a file of a scale says; that it can not be read is said too. */
  async get(base: number, file: string): Promise<string> {
    try {
      return await this.task.readFile(`${bus}/devices/${deviceAt(base)}/${file}`);
    } catch (error) {
      if (error instanceof SyscallError) return error.errno;
      throw error;
    }
  }

  async says(base: number, file: string, text: string, when = ''): Promise<void> {
    expect(await this.get(base, file), `${file} of ${deviceAt(base)}${when && ` ${when}`}`).toBe(`${text}\n`);
  }

  /** The state of a block, such as "off" or "on 0x1". */
  async state(base: number): Promise<string> {
    const lines = (await (await this.#open()).readAt(0, 256)).toString().split('\n');
    const line = lines.find((each) => each.startsWith(`0x${base.toString(16)} `))!;
    const [, power, events] = line.split(' ');
    return power === 'off' ? power : `${power} ${events}`;
  }

  /** Binds a scale; gives the name of the error with which it fails. */
  async bind(base: number): Promise<string> {
    const file = await this.task.open(`${driver}/bind`, 'w');
    const write = file.write(deviceAt(base));
    await expect(write, `binding ${deviceAt(base)}`).toFinishWithin('1s');
    const result = await write.then(
      () => 'bound',
      (error: unknown) => {
        if (error instanceof SyscallError) return error.errno;
        throw error;
      },
    );
    await file.close();
    return result;
  }

  async unbind(base: number): Promise<void> {
    const file = await this.task.open(`${driver}/unbind`, 'w');
    const write = file.write(deviceAt(base));
    await expect(write, `unbinding ${deviceAt(base)}`).toFinishWithin('1s');
    await write;
    await file.close();
  }
}

function nodeOf(scale: Scale): Node {
  const nodes = Object.entries(scale.cells).map(([number, cell]): [string, Node] => {
    const reg = cell.reg ?? Number(number);
    return [
      `cell@${reg}`,
      {
        properties: {
          reg,
          ...(cell.milligrams !== undefined && { 'apiary,milligrams-per-count': cell.milligrams }),
          ...(cell.zero !== undefined && { 'apiary,zero-count': cell.zero }),
          ...(cell.disabled && { status: 'disabled' }),
        },
      },
    ];
  });
  return {
    properties: {
      compatible: scale.compatible,
      reg: scale.base,
      ...(scale.line !== undefined && { interrupts: scale.line }),
      ...(scale.label !== undefined && { label: scale.label }),
      ...(scale.disabled && { status: 'disabled' }),
    },
    nodes: Object.fromEntries(nodes),
  };
}
