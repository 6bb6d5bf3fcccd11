// SPDX-License-Identifier: Apache-2.0
import type { Machine } from '../machine/machine.ts';
import { Guest } from './guest.ts';

const part = 32 << 10;

/** Writes a file into a machine. */
export async function putFile(machine: Machine, path: string, content: Buffer): Promise<void> {
  const { main } = new Guest(machine, new Map());
  const [name] = main.buffers(Buffer.from(`${path}\0`));
  const create = 0o1101n; // O_WRONLY | O_CREAT | O_TRUNC
  const fd = await main.call('open', [name!, create, 0o755n], `creating ${path}`);
  for (let at = 0; at < content.length; at += part) {
    const piece = content.subarray(at, at + part);
    const [address] = main.buffers(piece);
    await main.call('write', [fd, address!, BigInt(piece.length)], `writing ${path}`);
  }
  await main.call('close', [fd]);
}
