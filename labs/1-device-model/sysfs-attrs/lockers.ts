// SPDX-License-Identifier: Apache-2.0
// Lockers, through their files in sysfs.
import { expect, type Guest, type Task } from '#bringup/lab';

export const base = '/sys/class/locker';
const forAll = { label: 0o644, rent_minutes: 0o644, state: 0o444, history: 0o444, remove: 0o200 };
export const forKeypads = { lock: 0o200, unlock: 0o200, failures: 0o444 };
export const files = { plain: forAll, keypad: { ...forAll, ...forKeypads } };
type Kind = keyof typeof files;
export const at = (number: number, file = ''): string => `${base}/locker${number}${file && `/${file}`}`;

/** The lockers of a requirement, used by one task. */
export class Lockers {
  readonly guest: Guest;
  readonly task: Task;
  readonly there = new Set<number>();

  constructor(guest: Guest, task: Task) {
    this.guest = guest;
    this.task = task;
  }

  async add(number: number, kind: Kind): Promise<void> {
    await this.set(`${base}/add`, `${number} ${kind}\n`);
    this.there.add(number);
  }

  /** Writes to a file; what it fails with is thrown. */
  async set(path: string, text: string): Promise<void> {
    const file = await this.task.open(path, 'w');
    try {
      await expect(file.write(text), `writing ${JSON.stringify(text)} to ${path}`).toReturn(text.length);
    } finally {
      if (!this.task.busy) await file.close();
    }
  }

  async refuses(path: string, text: string, error: string): Promise<void> {
    const file = await this.task.open(path, 'w');
    try {
      await expect(file.write(text), `writing ${JSON.stringify(text)} to ${path}`).toFail(error);
    } finally {
      await file.close();
    }
  }

  async get(path: string): Promise<string> {
    const file = await this.task.open(path);
    const text = (await file.read(8192)).toString('latin1');
    await file.close();
    return text;
  }

  async says(path: string, text: string): Promise<void> {
    expect(await this.get(path), path).toBe(`${text}\n`);
  }

  async removeAll(): Promise<void> {
    for (const number of this.there) {
      try {
        await this.set(at(number, 'remove'), '1');
      } catch {
        // What the requirement found says more.
      }
    }
    await this.guest.sleep('100ms');
  }
}

export async function modeOf(task: Task, path: string): Promise<number> {
  const [name, stat] = task.buffers(Buffer.from(`${path}\0`), Buffer.alloc(144));
  await task.call('stat', [name!, stat!], `stat() of ${path}`);
  return task.bytes(stat!, 144).readUInt32LE(24) & 0o7777;
}
