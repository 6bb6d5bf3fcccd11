// SPDX-License-Identifier: Apache-2.0
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { BringupError } from '../shared/errors.ts';
import type { ClockPlace } from './runtime/clock.ts';
import type { Question, Synced, ThreadData } from './runtime/thread.ts';
import type { TraceEvent } from './trace/trace.ts';
import { closeFd, eventFd, listenAt, signal } from './wire/libc.ts';

/** Milliseconds that a model may take for one thing before it counts as failed. */
const patience = 5000;

/** A modelled chip that runs in a thread of its own, from the engine's side. */
export class Device {
  readonly #name: string;
  readonly #worker: Worker;
  readonly #wake = eventFd();
  readonly #listener: number;
  readonly #busy = new SharedArrayBuffer(8);
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  readonly #watch: NodeJS.Timeout;
  #next = 1;
  readonly #ended: Promise<void>;
  #stopping: Promise<void> | undefined;
  /** Why the model is of no more use. */
  failure: BringupError | undefined;
  /** Told of the failure when it happens. */
  onFailure: (error: BringupError) => void = () => {};

  /**
   * Starts a chip. `device` is the URL of the module that describes it; `socket` the path at which QEMU will find it.
   * `clock`: see ThreadData.
   */
  constructor(name: string, device: string, seed: number, socket: string, clock?: ClockPlace) {
    this.#name = name;
    this.#listener = listenAt(socket);
    const { busy, wake, listener } = { busy: this.#busy, wake: this.#wake, listener: this.#listener };
    const workerData: ThreadData = { device, seed, listener, wake, busy, ...(clock && { clock }) };
    this.#worker = new Worker(new URL('./runtime/thread.ts', import.meta.url), { workerData });
    this.#worker.on('message', ({ id, answer }: { id: number; answer: never }) => {
      this.#waiting.get(id)?.resolve(answer);
      this.#waiting.delete(id);
    });
    this.#worker.on('error', (error) =>
      this.#fail(error instanceof Error ? error.message : String(error), error),
    );
    this.#ended = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    void this.#ended.then(() => this.#fail('it ended'));
    this.#watch = setInterval(() => this.#look(), 500);
    this.#watch.unref();
  }

  /** Resolves once the chip is ready to be plugged in. Throws E-SILICON-MODEL. */
  async ready(): Promise<void> {
    await this.#answer(0);
  }

  /** Asks the thread; throws E-SILICON-MODEL when it failed. */
  async ask<T>(question: Question): Promise<T> {
    const id = this.#next++;
    const answer = this.#answer<T>(id);
    this.#worker.postMessage({ id, question });
    signal(this.#wake);
    return answer;
  }

  /** Lets the chip do what is due at the guest's time; says when it will do something next. */
  sync(): Promise<Synced> {
    return this.ask({ ask: 'sync' });
  }

  events(from = 0): Promise<TraceEvent[]> {
    return this.ask({ ask: 'events', from });
  }

  /** Ends the thread; may be asked for again. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    clearInterval(this.#watch);
    this.onFailure = () => {};
    this.#worker.postMessage({ id: 0, question: 'stop' });
    signal(this.#wake);
    await Promise.race([this.#ended, this.#worker.terminate()]);
    closeFd(this.#listener);
    closeFd(this.#wake);
  }

  #answer<T>(id: number): Promise<T> {
    if (this.failure) return Promise.reject(this.failure);
    return new Promise<T>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  /** A model that computes without end is stopped, and told as what it is. */
  #look(): void {
    const since = new Float64Array(this.#busy)[0]!;
    if (since === 0 || performance.timeOrigin + performance.now() - since < patience) return;
    this.#fail(`it has been at one thing for ${patience / 1000} s`);
    void this.#worker.terminate();
  }

  #fail(why: string, cause?: unknown): void {
    if (this.failure) return;
    this.failure = new BringupError('E-SILICON-MODEL', `the model of ${this.#name} failed: ${why}`, {
      cause,
    });
    for (const { reject } of this.#waiting.values()) reject(this.failure);
    this.#waiting.clear();
    this.onFailure(this.failure);
  }
}

/** A folder for the sockets of one machine's chips. */
export function socketsFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'bringup-chips-'));
  chmodSync(path, 0o755);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
