// SPDX-License-Identifier: Apache-2.0
import type { Structs } from '../kernel/structs.ts';
import type { Machine } from './machine.ts';

/**
 * Where the kernel keeps its scheduler's clock (kernel/sched/sched.h, struct rq): nanoseconds, brought up to date
 * whenever a task wakes or goes to sleep, and at each tick. Undefined for a kernel whose structures are not known.
 */
export function schedulerClock(
  machine: Machine,
  structs: Structs | undefined,
): { file: string; position: number } | undefined {
  const offset = structs?.['rq']?.['clock'];
  const { space } = machine;
  const [runqueues, offsets] = [space.symbol('runqueues'), space.symbol('__per_cpu_offset')];
  if (offset === undefined || runqueues === undefined || offsets === undefined) return undefined;
  const ram = space.ram(BigInt.asUintN(64, runqueues + space.word(offsets)) + BigInt(offset));
  const { file, position } = machine.memory.place;
  return ram === undefined ? undefined : { file, position: position + ram };
}
