// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { Qmp } from './qmp.ts';

const temp = mkdtempSync(join(tmpdir(), 'bringup-qmp-'));
afterAll(() => rmSync(temp, { recursive: true, force: true }));

const greeting =
  '{"QMP": {"version": {"qemu": {"micro": 0, "minor": 1, "major": 11}}, "capabilities": ["oob"]}}\r\n';

/** QEMU's end of a real socket: what it was asked, in order. */
let qemu: Socket;
let asked: { execute: string; arguments: unknown }[];
let qmp: Qmp;

beforeEach(async () => {
  const path = join(temp, `socket-${Math.random()}`);
  const server = createServer().listen(path);
  await once(server, 'listening');
  const client = createConnection(path);
  [qemu] = (await once(server, 'connection')) as [Socket];
  server.close();
  asked = [];
  createInterface({ input: qemu }).on('line', (line) => asked.push(JSON.parse(line) as (typeof asked)[0]));
  qemu.on('error', () => {});
  qmp = new Qmp(client);
});
afterEach(() => void qemu.destroy());

const until = async (count: number): Promise<void> => {
  while (asked.length < count) await sleep(1);
};

/** Lets the handshake be over. */
async function greeted(): Promise<void> {
  qemu.write(greeting);
  await until(1);
  qemu.write('{"return": {}}\r\n');
}

test('asks for the capabilities before anything else', async () => {
  const status = qmp.command('query-status');
  await until(2);
  expect(asked.map(({ execute }) => execute)).toEqual(['qmp_capabilities', 'query-status']);
  qemu.write(`${greeting}{"return": {}}\r\n{"return": {"status": "running"}}\r\n`);
  expect(await status).toEqual({ status: 'running' });
});

test('answers belong to commands in the order they were given', async () => {
  await greeted();
  const answers = ['a', 'b', 'c'].map((name) => qmp.command(name, { name }));
  await until(4);
  expect(asked.slice(1)).toEqual(['a', 'b', 'c'].map((name) => ({ execute: name, arguments: { name } })));
  qemu.write('{"return": 1}\n{"return": 2}\n{"return": 3}\n');
  expect(await Promise.all(answers)).toEqual([1, 2, 3]);
});

test('a refusal rejects its own command, in the words of QEMU, and no other', async () => {
  await greeted();
  const bad = qmp.command('device_add');
  const good = qmp.command('stop');
  qemu.write(
    '{"error": {"class": "GenericError", "desc": "\'edu2\' is not a valid device model"}}\n{"return": {}}\n',
  );
  await expect(bad).rejects.toMatchObject({
    code: 'E-MACHINE-START',
    message: "QEMU refused device_add: 'edu2' is not a valid device model",
  });
  expect(await good).toEqual({});
});

test('events are told apart from answers, wherever they come', async () => {
  await greeted();
  const events: [string, unknown][] = [];
  qmp.onEvent = (event, data) => events.push([event, data]);
  const first = qmp.command('stop');
  const second = qmp.command('cont');
  qemu.write('{"timestamp": {"seconds": 1}, "event": "STOP"}\n{"return": {"n": 1}}\n');
  qemu.write('{"event": "GUEST_PANICKED", "data": {"action": "pause"}}\n{"return": {"n": 2}}\n');
  expect(await Promise.all([first, second])).toEqual([{ n: 1 }, { n: 2 }]);
  expect(events).toEqual([
    ['STOP', undefined],
    ['GUEST_PANICKED', { action: 'pause' }],
  ]);
});

test('lines that arrive in pieces are put together', async () => {
  await greeted();
  const answer = qmp.command('query-version');
  for (const piece of ['{"retu', 'rn": {"text": "a\\nb', '"}}', '\r', '\n']) {
    qemu.write(piece);
    await sleep(5);
  }
  expect(await answer).toEqual({ text: 'a\nb' });
});

test('an answer may be nothing', async () => {
  await greeted();
  const answer = qmp.command('cont');
  qemu.write('{"return": null}\n');
  expect(await answer).toBeNull();
});

test.each(['not JSON', '{"return": ', '', 'null', '5', '"return"', '[]', '{}', '{"what": 1}'])(
  'garbage is no answer and harms nothing: %j',
  async (garbage) => {
    await greeted();
    const answer = qmp.command('cont');
    qemu.write(`${garbage}\n{"return": "right"}\n`);
    expect(await answer).toBe('right');
  },
);

test('an answer that nobody asked for harms nothing', async () => {
  await greeted();
  qemu.write('{"return": 1}\n{"error": {"class": "GenericError", "desc": "no"}}\n');
  await sleep(20);
  const answer = qmp.command('cont');
  qemu.write('{"return": 2}\n');
  expect(await answer).toBe(2);
});

test.each([
  ['ends', (): void => void qemu.end()],
  ['is torn off', (): void => void qemu.destroy()],
  ['is torn off within a line', (): void => void qemu.end('{"return": {}')],
])('when the stream %s, what waits and what comes later is E-MACHINE-LOST', async (_, leave) => {
  await greeted();
  const waiting = [qmp.command('stop'), qmp.command('cont')];
  await until(3);
  leave();
  const results = await Promise.allSettled(waiting);
  for (const [i, name] of ['stop', 'cont'].entries()) {
    expect(results[i]).toMatchObject({
      status: 'rejected',
      reason: { code: 'E-MACHINE-LOST', message: expect.stringContaining(name) as string },
    });
  }
  await expect(qmp.command('quit')).rejects.toMatchObject({ code: 'E-MACHINE-LOST' });
});
