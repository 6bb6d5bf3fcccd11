// SPDX-License-Identifier: Apache-2.0
// The thread that a chip lives in: it waits for QEMU and for the engine, and does one thing at a time.
import { setImmediate as settled } from 'node:timers/promises';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Description } from '../describe/device.ts';
import { layOut } from '../layout/lay-out.ts';
import { acceptOne, closeFd, drain, readable } from '../wire/libc.ts';
import { Server } from '../wire/server.ts';
import type { Board } from './board.ts';
import { cardFor } from './card.ts';
import { guestClock, hostClock, type ClockPlace } from './clock.ts';
import type { Fault } from './faults.ts';

/** What the thread is given. */
export interface ThreadData {
  /** URL of the module whose default export is the description. */
  device: string;
  seed: number;
  /** The listening socket. */
  listener: number;
  /** Eventfd that is signalled when a message was posted. */
  wake: number;
  /** Where the guest's clock is; without it, the guest's time is the host's. */
  clock?: ClockPlace;
  /** One 64-bit number: since when (performance.timeOrigin + now, in ms) the thread does one thing; 0 while it waits. */
  busy: SharedArrayBuffer;
}

/** What the engine asks the thread for. */
export type Question =
  | { ask: 'sync' }
  | { ask: 'get'; path: string }
  | { ask: 'set'; path: string; value: number | string }
  | { ask: 'fault'; fault: Fault }
  | { ask: 'clear' }
  | { ask: 'spurious'; interrupt: string; times: number; every: number }
  | { ask: 'remove' }
  | { ask: 'insert'; known: boolean }
  | { ask: 'events'; from: number }
  | { ask: 'accesses' };

/** What `sync` answers. */
export interface Synced {
  /** Nanoseconds of guest time until the chip does something by itself. */
  next?: number;
  /** Messages it has sent. */
  signals: number;
  /** See Board.late. */
  late: number;
}

/** How long it waits at most before it looks at its clock: while something is to happen, and else. Milliseconds. */
const pause = { pending: 1, idle: 5 };

const data = workerData as ThreadData;
const busySince = new Float64Array(data.busy);
const port = parentPort!;

async function answer(board: Board, question: Question): Promise<unknown> {
  switch (question.ask) {
    case 'sync': {
      board.runDue();
      await settled(); // what became due may reach memory, and signal only then
      const { next, signals, late } = board;
      return { signals, late, ...(next !== undefined && { next }) } satisfies Synced;
    }
    case 'get':
      return board.model.get(question.path);
    case 'set':
      return board.model.set(question.path, question.value);
    case 'fault':
      return board.fault(question.fault);
    case 'clear':
      return board.clearFaults();
    case 'spurious':
      return board.spurious(question.interrupt, question.times, question.every);
    case 'remove':
      return board.remove();
    case 'insert':
      return board.insert(question.known);
    case 'events':
      return board.events.slice(question.from);
    case 'accesses':
      return board.accesses;
  }
}

/** Answers what was posted until the connection is there or the engine goes away. */
async function live(): Promise<void> {
  const { default: description } = (await import(data.device)) as { default: Description };
  const clock = data.clock ? guestClock(data.clock) : hostClock();
  const card = cardFor(layOut(description, data.seed), clock);
  const { board } = card;
  let stopped = false;
  port.once('close', () => (stopped = true));
  port.postMessage({ id: 0 });
  let socket: number | undefined;
  while (!stopped && (socket === undefined || card.server!.open)) {
    board.alive();
    const time = board.now();
    if (!readable([socket ?? data.listener], 0)[0]) board.quietAt(time);
    const wait = board.next === undefined ? pause.idle : pause.pending;
    busySince[0] = 0;
    const [asked, posted] = readable([socket ?? data.listener, data.wake], wait);
    busySince[0] = performance.timeOrigin + performance.now();
    if (asked && socket === undefined) {
      socket = acceptOne(data.listener);
      card.server = new Server(socket, card);
    } else if (asked) {
      // All that has come: what the guest wrote before it was asked something counts before the question does.
      while (card.server!.serve(0));
    }
    board.runDue();
    await settled();
    if (posted) {
      drain(data.wake);
      for (let next = receiveMessageOnPort(port); next; next = receiveMessageOnPort(port)) {
        const { id, question } = next.message as { id: number; question: Question | 'stop' };
        if (question === 'stop') stopped = true;
        else port.postMessage({ id, answer: await answer(board, question) });
      }
      await settled();
    }
  }
  if (socket !== undefined) closeFd(socket);
  card.close();
  port.close();
}

await live();
