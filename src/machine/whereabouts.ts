// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import type { Structs } from '../kernel/structs.ts';
import { moduleSpace } from './address-space.ts';
import type { Machine } from './machine.ts';

/** A place in a module's code. */
export interface CodePlace {
  /** As the kernel names it. */
  module: string;
  /** Which of its two memories for code: what stays, or what goes after init. */
  memory: 'core' | 'init';
  /** From the start of that memory. */
  offset: number;
}

// enum mod_mem_type in include/linux/module.h
const memories = [
  ['core', 0],
  ['init', 4],
] as const;
const samples = 20;
const pause = 5; // ms
const deepest = 40;

/**
 * Where in a module the processor is, or was before it called into the kernel: the first return address
 * in module code, found by the frame pointers. A machine that hangs is asked a few times, since it may be
 * in an interrupt at one moment. Undefined when no module has a part in it.
 */
export async function placeInModule(
  machine: Machine,
  structs: Structs | undefined,
): Promise<CodePlace | undefined> {
  for (let i = 0; i < samples; i++) {
    // Stopped, so that registers and stack belong together.
    await machine.monitor('stop');
    const address = (await callChain(machine)).find((at) => at >= moduleSpace.start && at < moduleSpace.end);
    const place = address === undefined ? undefined : await moduleAt(machine, structs, address);
    if (place) return place;
    await machine.monitor('cont');
    await sleep(pause);
  }
  return undefined;
}

/** The instruction pointer and the return addresses above it, newest first. */
async function callChain(machine: Machine): Promise<bigint[]> {
  const registers = await machine.monitor('info registers');
  const register = (name: string): bigint =>
    BigInt(`0x${new RegExp(`${name}=([0-9a-f]+)`).exec(registers)?.[1] ?? '0'}`);
  const chain = [register('RIP') + 1n]; // as if it were a return address: the lookup takes one off
  let frame = register('RBP');
  while (chain.length < deepest) {
    const [next, back] = await words(machine, frame, 2);
    if (back === undefined || next === undefined) break;
    chain.push(back);
    if (next <= frame) break; // stacks grow down: anything else is no frame
    frame = next;
  }
  return chain;
}

async function moduleAt(
  machine: Machine,
  structs: Structs | undefined,
  address: bigint,
): Promise<CodePlace | undefined> {
  const head = machine.space.symbol('modules');
  const at = structs?.['module'];
  const memory = structs?.['module_memory'];
  if (head === undefined || !at || !memory) return undefined;
  let node = machine.space.word(head);
  for (let count = 0; node !== head && node !== 0n && count < 1000; count++) {
    const start = node - BigInt(at['list']!);
    for (const [name, index] of memories) {
      const entry = start + BigInt(at['mem']! + index * memory['sizeof']!);
      const [base] = await words(machine, entry + BigInt(memory['base']!), 1);
      const [size] = await words(machine, entry + BigInt(memory['size']!), 1);
      if (
        base === undefined ||
        size === undefined ||
        address < base ||
        address >= base + (size & 0xffffffffn)
      )
        continue;
      const module = (await words(machine, start + BigInt(at['name']!), 7)).map((word) => {
        const bytes = Buffer.alloc(8);
        bytes.writeBigUInt64LE(word);
        return bytes.toString('latin1');
      });
      return { module: module.join('').split('\0')[0]!, memory: name, offset: Number(address - base) };
    }
    [node = 0n] = await words(machine, node, 1);
  }
  return undefined;
}

/** Words at an address of the running processor, module memory and stacks included; [] when there are none. */
async function words(machine: Machine, address: bigint, count: number): Promise<bigint[]> {
  const text = await machine.monitor(`x /${count}gx 0x${address.toString(16)}`);
  const found = text
    .split('\n')
    .flatMap((line) => line.split(': ')[1]?.match(/0x[0-9a-f]+/g) ?? [])
    .map(BigInt);
  return found.length === count ? found : [];
}
