// SPDX-License-Identifier: Apache-2.0
// The rail, through the files of its bus.
import { expect, type OpenFile, type Task } from '#bringup/lab';

export const bus = '/sys/bus/rail';

/** The rail, used by one task. */
export class Rail {
  readonly task: Task;
  readonly attached = new Set<number>();
  /** Files of the bus and its drivers, which stay open: commands are what this check makes most. */
  readonly #commands = new Map<string, OpenFile>();

  constructor(task: Task) {
    this.task = task;
  }

  async attach(position: number, kind: string, revision: number): Promise<void> {
    const text = `${position} ${kind} ${revision}`;
    await this.set(`${bus}/attach`, text);
    this.attached.add(position);
  }

  async detach(position: number): Promise<void> {
    this.attached.delete(position);
    await this.set(`${bus}/detach`, `${position}\n`);
  }

  /** Writes to a file; what it fails with is thrown. */
  async set(path: string, text: string): Promise<void> {
    const isCommand = !path.startsWith(`${bus}/devices/`);
    const file = this.#commands.get(path) ?? (await this.task.open(path, 'w'));
    if (isCommand) this.#commands.set(path, file);
    try {
      const write = file.write(text);
      await expect(write, `writing ${JSON.stringify(text)} to ${path}`).toFinishWithin('1s');
      expect(await write, `what writing ${JSON.stringify(text)} to ${path} returned`).toBe(text.length);
    } finally {
      if (!isCommand && !this.task.busy) await file.close();
    }
  }

  async refuses(path: string, text: string, ...errors: string[]): Promise<void> {
    const file = await this.task.open(path, 'w');
    try {
      await expect(file.write(text), `writing ${JSON.stringify(text)} to ${path}`).toFail(...errors);
    } finally {
      await file.close();
    }
  }

  async get(path: string): Promise<string> {
    const file = await this.task.open(path);
    const text = (await file.read(4096)).toString();
    await file.close();
    return text;
  }

  async says(path: string, text: string): Promise<void> {
    expect(await this.get(path), path).toBe(`${text}\n`);
  }
}
