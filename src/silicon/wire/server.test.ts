// SPDX-License-Identifier: Apache-2.0
// The protocol over real sockets: what each command answers, transfers with requests in between, and that no bytes
// crash the server, go unanswered or leak a descriptor.
import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { command, configRegion, errno, Refused, type SetIrqs } from './commands.ts';
import { headerBytes, message, NotVfioUser, parseHeader, type Header } from './frame.ts';
import { closeFd, eventFd, readable, receive, sendAll, shutDown, signal, socketPair } from './libc.ts';
import { DmaFailed, Server, type Target } from './server.ts';

const bar = Buffer.alloc(4096);
let changes: SetIrqs[];
let maps: string[];
const target: Target = {
  regionSize: (region) => (region === 0 ? bar.length : region === configRegion ? 256 : 0),
  vectors: (kind) => (kind === 'msi' ? 4 : 0),
  read: (_, offset, length) => bar.subarray(offset, offset + length),
  write: (_, offset, data) => void data.copy(bar, offset),
  setIrqs: (change) => {
    if (change.start + change.count > 4) throw new Refused('no such vector');
    changes.push(change);
  },
  map: (address, size) => void maps.push(`+${address.toString(16)}/${size.toString(16)}`),
  unmap: (range) => void maps.push(range ? `-${range.address.toString(16)}` : '-all'),
  reset: () => void bar.fill(0),
};

let peer: number;
let end: number;
let server: Server;
beforeEach(() => {
  [peer, end] = socketPair();
  server = new Server(end, target);
  changes = [];
  maps = [];
  bar.fill(0);
});
afterEach(() => {
  for (const { fds } of changes) fds?.forEach((fd) => fd !== undefined && closeFd(fd));
  closeFd(peer);
  closeFd(end);
});

function answer(): Header & { payload: Buffer } {
  const header = parseHeader(receive(peer, headerBytes)!.bytes);
  return { ...header, payload: header.length > 0 ? receive(peer, header.length)!.bytes : Buffer.alloc(0) };
}

function ask(number: number, payload?: Buffer): Header & { payload: Buffer } {
  sendAll(peer, message({ id: 7, command: number, kind: 'request' }, payload));
  expect(server.serve(0)).toBe(true);
  return answer();
}

function access(region: number, offset: number, count: number, data = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(16);
  head.writeBigUInt64LE(BigInt(offset), 0);
  head.writeUInt32LE(region, 8);
  head.writeUInt32LE(count, 12);
  return Buffer.concat([head, data]);
}

const words = (...values: number[]): Buffer => Buffer.from(new Uint32Array(values).buffer);

describe('a request', () => {
  test('of the version is answered with ours and what we can take', () => {
    const { payload, kind, id } = ask(command.version, Buffer.from('\0\0\x01\0{}\0', 'latin1'));
    expect([kind, id]).toEqual(['reply', 7]);
    expect(payload.readUInt16LE(0)).toBe(0);
    const said = JSON.parse(payload.subarray(4, -1).toString()) as unknown;
    expect(said).toEqual({ capabilities: { max_msg_fds: 8, max_data_xfer_size: 1 << 20 } });
  });

  test('of another major version is refused', () => {
    expect(ask(command.version, Buffer.from([1, 0, 0, 0])).error).toBe(errno.ENOTSUP);
  });

  test('of information describes a PCI device that can be reset', () => {
    expect(ask(command.deviceInfo, Buffer.alloc(16)).payload).toEqual(words(16, 3, 9, 5));
    const region = ask(command.regionInfo, words(32, 0, configRegion, 0, 0, 0, 0, 0)).payload;
    expect(region).toEqual(words(32, 3, configRegion, 0, 256, 0, 0, 0));
    expect(ask(command.irqInfo, words(16, 0, 1, 0)).payload).toEqual(words(16, 1, 1, 4));
    expect(ask(command.irqInfo, words(16, 0, 99, 0)).error).toBe(errno.EINVAL);
  });

  test('writes a region and reads it back', () => {
    ask(command.regionWrite, access(0, 8, 4, Buffer.from('data')));
    expect(
      ask(command.regionRead, access(0, 8, 4))
        .payload.subarray(16)
        .toString(),
    ).toBe('data');
    ask(command.reset);
    expect(ask(command.regionRead, access(0, 8, 4)).payload.subarray(16)).toEqual(Buffer.alloc(4));
  });

  test.each([
    ['beyond its end', access(0, 4094, 4)],
    ['far beyond its end', access(0, Number.MAX_SAFE_INTEGER, 4)],
    ['of a region that is not there', access(3, 0, 4)],
    ['of a region that can not be', access(12, 0, 4)],
    ['cut short', Buffer.alloc(3)],
  ])('of an access %s is refused', (_, payload) => {
    expect(ask(command.regionRead, payload).error).toBe(errno.EINVAL);
  });

  test('tells of memory that may be used', () => {
    const map = Buffer.alloc(32);
    map.writeBigUInt64LE(0x1000n, 16);
    map.writeBigUInt64LE(0x2000n, 24);
    ask(command.dmaMap, map);
    const unmap = Buffer.alloc(24);
    unmap.writeBigUInt64LE(0x1000n, 8);
    ask(command.dmaUnmap, unmap);
    expect(maps).toEqual(['+1000/2000', '-1000']);
  });

  test('that wants no answer gets none', () => {
    const silent = message(
      { id: 1, command: command.regionWrite, kind: 'request' },
      access(0, 0, 1, bar.subarray(0, 1)),
    );
    silent.writeUInt32LE(1 << 4, 8);
    sendAll(peer, silent);
    expect(server.serve(0)).toBe(true);
    expect(readable([peer], 0)).toEqual([false]);
  });

  test('of a command that does not exist is refused', () => {
    expect(ask(77).error).toBe(errno.ENOTSUP);
  });
});

describe('a transfer', () => {
  test('gets its answer, though QEMU asks something in between', () => {
    sendAll(peer, message({ id: 90, command: command.regionRead, kind: 'request' }, access(0, 0, 4)));
    sendAll(
      peer,
      message(
        { id: 1, command: command.dmaRead, kind: 'reply' },
        Buffer.concat([Buffer.alloc(16), Buffer.from('ring')]),
      ),
    );
    expect(server.dmaRead(0xabcd000n, 4).toString()).toBe('ring');
    const request = answer();
    expect([request.kind, request.command, request.payload.readBigUInt64LE(0)]).toEqual([
      'request',
      command.dmaRead,
      0xabcd000n,
    ]);
    expect(answer()).toMatchObject({ kind: 'reply', id: 90 });
  });

  test('fails with the errno of QEMU, with an answer of another length, and when QEMU is gone', () => {
    sendAll(peer, message({ id: 1, command: command.dmaWrite, kind: 'reply', error: 14 }));
    expect(() => server.dmaWrite(0n, Buffer.from('x'))).toThrow(/errno 14/);
    sendAll(peer, message({ id: 2, command: command.dmaRead, kind: 'reply' }, Buffer.alloc(17)));
    expect(() => server.dmaRead(0n, 4)).toThrow(DmaFailed);
    shutDown(peer);
    expect(() => server.dmaRead(0n, 4)).toThrow();
    expect(server.open).toBe(false);
  });
});

test('eventfds count what was signalled', () => {
  const fd = eventFd();
  expect(readable([fd], 0)).toEqual([false]);
  signal(fd);
  expect(readable([fd], 0)).toEqual([true]);
  closeFd(fd);
});

describe('hostile bytes', () => {
  const descriptors = (): number => readdirSync('/proc/self/fd').length;

  test('every request of any payload gets one answer, and no descriptor stays', () => {
    const before = descriptors();
    fc.assert(
      fc.property(fc.nat({ max: 20 }), fc.uint8Array({ maxLength: 80 }), (number, payload) => {
        expect(ask(number, Buffer.from(payload))).toMatchObject({ kind: 'reply', id: 7, command: number });
        expect(readable([peer], 0)).toEqual([false]);
      }),
      { numRuns: 3000 },
    );
    expect(descriptors()).toBe(before);
  });

  test('a header that no message has ends the connection with a reason', () => {
    for (const header of [words(0, 8, 0, 0), words(0, 0xffffffff, 0, 0), words(0, 16, 5, 0)]) {
      sendAll(peer, header);
      expect(() => server.serve(0)).toThrow(NotVfioUser);
    }
  });

  test('a message that ends within is no message', () => {
    sendAll(peer, words(7, 100, 0, 0));
    shutDown(peer);
    expect(server.serve(0)).toBe(false);
    expect(server.open).toBe(false);
  });
});
