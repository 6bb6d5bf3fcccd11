// SPDX-License-Identifier: Apache-2.0
import { kernelFor, type Judge } from '../kernel/kernel.ts';
import { requireKit, type Kit } from '../kit/kit.ts';
import { racingLane } from '../machine/accel.ts';
import { plug } from '../machine/devices.ts';
import { Machine } from '../machine/machine.ts';
import type { Lane } from '../machine/qemu.ts';
import { getTemplate, type Template } from '../machine/template.ts';
import type { OnProgress } from '../shared/progress.ts';
import type { Lab } from './lab.ts';
import { moduleMake } from './module-make.ts';
import { warmUp } from './warm.ts';

/** What a lab needs of a machine. */
export type Needs = Pick<Lab, 'flavor'> & Partial<Pick<Lab, 'devices' | 'races'>>;

/** Everything a judgement needs, found once. */
export interface Bench {
  kit: Kit;
  judge: Judge;
  /** Of the steady lane, which every lab is judged in. */
  template: Template;
  /** Of the lane with two processors, for a lab that races. */
  racing?: { lane: Lane; template: Template };
  devices: readonly string[];
}

/**
 * The kit, kernel and templates a lab needs; boots a machine once when there is no template yet. Throws
 * E-KIT-MISSING, E-KERNEL-MISSING, E-TEMPLATE, E-MACHINE-BOOT.
 */
export async function prepareBench(
  needs: Needs,
  options: { onProgress?: OnProgress; signal?: AbortSignal } = {},
): Promise<Bench> {
  const kit = requireKit();
  const judge = kernelFor(needs.flavor);
  const template = await getTemplate(kit, judge, 'steady', options);
  await moduleMake(kit, judge.kernel);
  const bench = { kit, judge, template, devices: needs.devices ?? [] };
  if (!needs.races) return bench;
  const lane = await racingLane(kit, judge);
  return { ...bench, racing: { lane, template: await getTemplate(kit, judge, lane, options) } };
}

/**
 * A machine of the steady lane, restored, warmed up and with the lab's devices, for `ready`. It stands still
 * until it is used: the agent spins, and would take a processor all the while.
 */
export async function readyMachine(bench: Bench): Promise<Machine> {
  const { machine } = await restoreWarm(bench);
  await machine.pause();
  return machine;
}

/** As `readyMachine`, with the milliseconds that restoring and warming up took. */
export async function restoreWarm(
  bench: Bench,
): Promise<{ machine: Machine; restore: number; warm: number }> {
  const start = performance.now();
  const machine = await Machine.restore(bench.template);
  const restore = performance.now() - start;
  try {
    await warmUp(bench, machine);
    await plug(machine, bench.devices);
  } catch (error) {
    await machine.stop();
    throw error;
  }
  return { machine, restore, warm: performance.now() - start - restore };
}

/** A machine of the racing lane with the lab's devices. It is not warmed up: nobody waits for it alone. */
export async function restoreRacing(bench: Bench): Promise<Machine | undefined> {
  if (!bench.racing) return undefined;
  const machine = await Machine.restore(bench.racing.template);
  try {
    await plug(machine, bench.devices);
  } catch (error) {
    await machine.stop();
    throw error;
  }
  return machine;
}
