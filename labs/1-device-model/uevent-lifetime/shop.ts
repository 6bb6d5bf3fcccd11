// SPDX-License-Identifier: Apache-2.0
// The print shop: its commands and what they give.
import { expect, type OpenFile, type Task } from '#bringup/lab';

export interface Shop {
  /** Has taken nothing, and gives the commands that are about the queue. */
  desk: OpenFile;
  /** Opens /dev/spool once more; it is closed when the requirement ends. */
  open: (task?: Task) => Promise<OpenFile>;
  close: (file: OpenFile) => Promise<void>;
  /** Puts a job into the queue, which is cancelled when the requirement ends; gives its name. */
  send: (pages: number, name?: string) => Promise<string>;
  cancel: (name: string) => Promise<void>;
}

export async function does(file: OpenFile, text: string): Promise<void> {
  await expect(file.write(text), JSON.stringify(text)).toReturn(text.length);
}

export async function fails(file: OpenFile, text: string, error: string): Promise<void> {
  await expect(file.write(text), JSON.stringify(text)).toFail(error);
}

export async function says(file: OpenFile, line: string): Promise<void> {
  await expect(file.read(64), 'the line about the job').toReturn(`${line}\n`);
}
