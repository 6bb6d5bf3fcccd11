// SPDX-License-Identifier: Apache-2.0
import type { SetIrqs } from '../wire/commands.ts';
import { closeFd, signal } from '../wire/libc.ts';

/** The messages of a PCI device: which of its vectors are listened to. */
export class Messages {
  readonly #eventfds = new Map<number, number>();

  /** Sends a message; false when nobody listens. */
  send(vector: number): boolean {
    const fd = this.#eventfds.get(vector);
    if (fd !== undefined) signal(fd);
    return fd !== undefined;
  }

  /** As Target.setIrqs. Eventfds that come along belong to it. */
  set({ start, count, fds, which, action }: SetIrqs): void {
    if (action !== 'trigger' || which) return;
    if (count === 0) return this.close();
    for (let i = 0; i < count; i++) {
      const vector = start + i;
      const before = this.#eventfds.get(vector);
      if (before !== undefined) closeFd(before);
      const fd = fds?.[i];
      if (fd === undefined) this.#eventfds.delete(vector);
      else this.#eventfds.set(vector, fd);
    }
  }

  close(): void {
    for (const fd of this.#eventfds.values()) closeFd(fd);
    this.#eventfds.clear();
  }
}
