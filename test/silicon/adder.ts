// SPDX-License-Identifier: Apache-2.0
// The smallest device that does all a device does, in a thread of its own: it adds up bytes of memory.
import { parentPort, workerData } from 'node:worker_threads';
import { ConfigSpace } from '../../src/silicon/pci/config-space.ts';
import { configRegion } from '../../src/silicon/wire/commands.ts';
import { acceptOne, closeFd, signal } from '../../src/silicon/wire/libc.ts';
import { Server } from '../../src/silicon/wire/server.ts';

const config = new ConfigSpace({
  vendor: 0x1de5,
  device: 0xadde,
  class: 0xff0000,
  revision: 1,
  bar: { index: 0, size: 4096 },
  vectors: 1,
});
const registers = Buffer.alloc(4096);
registers.writeUInt32LE(0xadd00001, 0);
let message: number | undefined;
const seen = { reads: 0, interrupts: 0, bytes: 0, maps: 0 };

function add(): void {
  const address = BigInt(registers.readUInt32LE(4));
  const bytes = server.dmaRead(address, registers.readUInt32LE(8));
  const sum = Buffer.alloc(4);
  sum.writeUInt32LE(bytes.reduce((total, byte) => total + byte, 0));
  server.dmaWrite(address + BigInt(bytes.length), sum);
  seen.bytes += bytes.length + sum.length;
  seen.interrupts++;
  if (message !== undefined) signal(message);
}

const server: Server = new Server(acceptOne(workerData as number), {
  regionSize: (region) => (region === configRegion ? 256 : region === 0 ? registers.length : 0),
  vectors: (kind) => (kind === 'msi' ? 1 : 0),
  read: (region, offset, length) => {
    if (region === configRegion) return config.read(offset, length);
    seen.reads++;
    return registers.subarray(offset, offset + length);
  },
  write: (region, offset, data) => {
    if (region === configRegion) return config.write(offset, data);
    if (offset >= 4) data.copy(registers, offset);
    if (offset === 8) add();
  },
  setIrqs: ({ fds }) => {
    if (message !== undefined) closeFd(message);
    message = fds?.[0];
  },
  map: () => void seen.maps++,
  unmap: () => {},
  reset: () => config.reset(),
});
while (server.open) server.serve(-1);
parentPort!.postMessage(seen);
