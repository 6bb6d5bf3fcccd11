// SPDX-License-Identifier: Apache-2.0
import type { Duplex } from 'node:stream';
import { BringupError } from '../shared/errors.ts';

type Reply = { return?: unknown; error?: { class: string; desc: string }; event?: string; data?: unknown };

/**
 * A client of the QEMU Machine Protocol (docs/interop/qmp-spec.rst in QEMU): commands in the order
 * given, events to `onEvent`. After the stream ends every command is rejected with E-MACHINE-LOST.
 */
export class Qmp {
  readonly #stream: Duplex;
  readonly #waiting: { resolve: (value: unknown) => void; reject: (error: Error) => void; name: string }[] =
    [];
  #ended = false;
  onEvent: (event: string, data: unknown) => void = () => {};

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('error', () => {});
    let rest = '';
    stream.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop()!;
      for (const line of lines) this.#line(line);
    });
    stream.on('close', () => this.#end());
    void this.command('qmp_capabilities').catch(() => {});
  }

  /** Runs one command; resolves to its return value. */
  command(execute: string, args: Record<string, unknown> = {}): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(lost(execute));
      this.#waiting.push({ resolve, reject, name: execute });
      this.#stream.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    });
  }

  #line(line: string): void {
    let reply: Reply;
    try {
      reply = JSON.parse(line) as Reply;
    } catch {
      return; // QEMU ended in the middle of a line
    }
    if (typeof reply !== 'object' || reply === null) return; // not QEMU's
    if (reply.event) return this.onEvent(reply.event, reply.data);
    if (!('return' in reply) && !reply.error) return; // the greeting
    const waiting = this.#waiting.shift();
    if (reply.error)
      waiting?.reject(
        new BringupError('E-MACHINE-START', `QEMU refused ${waiting.name}: ${reply.error.desc}`),
      );
    else waiting?.resolve(reply.return);
  }

  #end(): void {
    this.#ended = true;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(lost(waiting.name));
  }
}

function lost(command: string): BringupError {
  return new BringupError('E-MACHINE-LOST', `QEMU ended before it answered ${command}`);
}
