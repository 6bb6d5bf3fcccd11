// SPDX-License-Identifier: Apache-2.0
// Panels: their nodes in the tree, the levels of their lines, and the events that programs read.
import { expect, SyscallError, type Guest, type OpenFile, type Row, type Task } from '#bringup/lab';
import { overlay, type Node } from './tree.ts';

const driver = '/sys/bus/platform/drivers/glove-panel';
const expander = '/sys/devices/platform/expander';
const bank = 1; // its phandle
const lineCount = 24;

/** A button, or the supply: a line, and whether low means yes. */
export interface Line {
  line: number;
  low: boolean;
}
export interface Button extends Line {
  code?: number;
  /** In ms; 30 if it is not in the tree. */
  debounce?: number;
}
export interface Panel {
  name: string;
  label?: string;
  power?: Line;
  buttons: Button[];
}

export const debounceOf = (button: Button): number => button.debounce ?? 30;

/** What a program reads of a key: "30 down", in the order of the events. */
const words = ['up', 'down', 'again'];

export class Bench {
  readonly guest: Guest;
  readonly task: Task;
  #chip = '';
  readonly #pulls = new Map<number, OpenFile>();

  constructor(guest: Guest, task: Task) {
    this.guest = guest;
    this.task = task;
  }

  async remove(): Promise<void> {
    await this.task.writeFile('/dev/firmware', 'remove');
    this.#pulls.clear();
  }

  /** There are these panels from now on, and none of their buttons is pressed. */
  async plug(...panels: Panel[]): Promise<void> {
    const nodes = Object.fromEntries(panels.map((panel) => [panel.name, nodeOf(panel)]));
    const lines = {
      properties: { phandle: bank, 'gpio-controller': true as const, '#gpio-cells': 2, ngpios: lineCount },
    };
    const chip = { properties: { compatible: 'gpio-simulator' }, nodes: { bank: lines } };
    await this.task.writeFile('/dev/firmware', overlay({ expander: chip, ...nodes }));
    for (let i = 0; i < 8 && !(await this.guest.exists((this.#chip = `${expander}/gpiochip${i}`)));) i++;
    for (const { buttons } of panels) {
      for (const button of buttons.filter(({ line }) => line >= 0)) {
        const file = await this.task.open(`${this.#chip}/sim_gpio${button.line}/pull`, 'w');
        this.#pulls.set(button.line, file);
        await file.write(level(button, false));
      }
    }
  }

  /** Presses a button, or lets it go, in the row of a storm. */
  set(row: Row, button: Button, pressed: boolean): void {
    row.write(this.#pulls.get(button.line)!, level(button, pressed));
  }

  /** The contacts of a button open and close six times, the last time for so many ms. */
  bounce(row: Row, button: Button, pressed: boolean, last: number): void {
    for (const pause of [1, 3, 2, 5, 1, last]) {
      this.set(row, button, pressed);
      row.sleep('1ms');
      this.set(row, button, !pressed);
      row.sleep(`${pause}ms`);
    }
  }

  /** Runs a row once; gives what failed. */
  async play(write: (row: Row) => void): Promise<string[]> {
    const [result] = await this.guest.storm({ task: this.task, times: 1, row: write });
    return result!.map(({ error }) => error);
  }

  async now(button: Button, pressed: boolean): Promise<void> {
    await this.#pulls.get(button.line)!.write(level(button, pressed));
  }

  /** Whether the supply of a panel is on. */
  async isOn(power: Line): Promise<boolean> {
    const high = (await this.task.readFile(`${this.#chip}/sim_gpio${power.line}/value`)).trim() === '1';
    return high !== power.low;
  }

  /** What the kernel says of the input device of a panel, or that there is none. */
  async device(panel: Panel): Promise<{ name: string; path: string } | undefined> {
    const entries = (await this.task.readFile('/proc/bus/input/devices')).split('\n\n');
    const entry = entries.find((text) => text.includes(`/platform/${panel.name}/input/`));
    if (entry === undefined) return undefined;
    return {
      name: /^N: Name="(.*)"$/m.exec(entry)?.[1] ?? '',
      path: `/dev/input/${/\bevent\d+/.exec(entry)?.[0] ?? 'none'}`,
    };
  }

  /** Opens the device of a panel, in a way that never sleeps. */
  async open(panel: Panel): Promise<OpenFile> {
    const device = await this.device(panel);
    expect(device !== undefined, `that there is an input device of ${panel.name}`).toBe(true);
    return this.task.open(device!.path, 'r', { nonblock: true });
  }

  /** Two files of a device that was opened some time ago: one whose events are read, one to try whether there are any. */
  async opened(panel: Panel): Promise<[OpenFile, OpenFile]> {
    const files: [OpenFile, OpenFile] = [await this.open(panel), await this.open(panel)];
    await this.guest.sleep('300ms');
    for (const file of files)
      expect(await taken(file), 'events of a panel on which nothing was pressed').toEqual([]);
    return files;
  }

  /** What the kernel has said of nodes since then. */
  complaints(from: number): string[] {
    const messages = this.guest.log().slice(from);
    return messages.map(({ text }) => text).filter((text) => text.startsWith('OF: ERROR: '));
  }

  /** Binds a panel; gives the name of the error with which it fails. */
  async bind(panel: Panel): Promise<string> {
    try {
      await this.task.writeFile(`${driver}/bind`, panel.name);
      return 'bound';
    } catch (error) {
      if (error instanceof SyscallError) return error.errno;
      throw error;
    }
  }

  unbind(panel: Panel): Promise<void> {
    return this.task.writeFile(`${driver}/unbind`, panel.name);
  }

  has(panel: Panel): Promise<boolean> {
    return this.guest.exists(`${driver}/${panel.name}`);
  }
}

/** The events of keys that have arrived, as "30 down". */
export async function taken(file: OpenFile): Promise<string[]> {
  const events: string[] = [];
  for (let turn = 0; turn < 4; turn++) {
    let bytes: Buffer;
    try {
      bytes = await file.read(24 * 64);
    } catch (error) {
      if (error instanceof SyscallError && error.errno === 'EAGAIN') break;
      throw error;
    }
    // include/uapi/linux/input.h: a time of 16 bytes, then type, code and value
    for (let at = 0; at + 24 <= bytes.length; at += 24) {
      const [type, code, value] = [
        bytes.readUInt16LE(at + 16),
        bytes.readUInt16LE(at + 18),
        bytes.readInt32LE(at + 20),
      ];
      if (type === 1) events.push(`${code} ${words[value] ?? value}`);
    }
  }
  return events;
}

/** The set bits of what an ioctl of evdev gives: codes that a device has, or those of the keys that are down. */
export async function bitsOf(file: OpenFile, what: 'codes' | 'down'): Promise<number[]> {
  const length = 96;
  const nr = what === 'codes' ? 0x21 : 0x18; // EVIOCGBIT(EV_KEY), EVIOCGKEY
  const [address] = file.task.buffers(Buffer.alloc(length));
  await file.task.call(
    'ioctl',
    [file.fd, 0x8000_4500 + (length << 16) + nr, address!],
    `ioctl() for ${what}`,
  );
  const bytes = file.task.bytes(address!, length);
  return Array.from({ length: 8 * length }, (_, i) => i).filter((i) => (bytes[i >> 3]! >> (i & 7)) & 1);
}

const level = (button: Line, pressed: boolean): string => (pressed !== button.low ? 'pull-up' : 'pull-down');

function nodeOf(panel: Panel): Node {
  const lineOf = ({ line, low }: Line): { to: number; cells: number[] } => ({
    to: bank,
    cells: [line, low ? 1 : 0],
  });
  return {
    properties: {
      compatible: 'halden,glove-panel',
      ...(panel.label !== undefined && { label: panel.label }),
      ...(panel.power && { 'power-gpios': lineOf(panel.power) }),
    },
    nodes: Object.fromEntries(
      panel.buttons.map((button, i): [string, Node] => [
        `button-${i}`,
        {
          properties: {
            ...(button.code !== undefined && { 'linux,code': button.code }),
            ...(button.debounce !== undefined && { 'debounce-interval': button.debounce }),
            ...(button.line >= 0 && { gpios: lineOf(button) }),
          },
        },
      ]),
    ),
  };
}
