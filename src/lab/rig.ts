// SPDX-License-Identifier: Apache-2.0
import { plug } from '../machine/devices.ts';
import { Machine } from '../machine/machine.ts';
import type { Template } from '../machine/template.ts';
import { socketsFolder } from '../silicon/device.ts';
import { layOut } from '../silicon/layout/lay-out.ts';
import type { Bench } from './bench.ts';
import { loadCarrier } from './carrier.ts';
import { loadKernelModules } from './kernel-modules.ts';
import { descriptionAt } from './lab.ts';
import { residue } from './residue.ts';
import { Silicon } from './silicon.ts';
import { warmUp } from './warm.ts';

/** A machine made ready for one attempt, with the lab's devices and the attempt's chip plugged in. */
export interface Rig {
  machine: Machine;
  silicon?: Silicon;
  /** What the rig itself left where residue is looked for. */
  belongings: readonly string[];
  /** Ends the machine and the chip. */
  stop: () => Promise<void>;
}

/** How long it took, in milliseconds. */
interface Times {
  restore: number;
  warm: number;
}

/**
 * A rig of the steady lane, for later: it stands still until it is used, since the agent spins and would take a
 * processor all the while.
 */
export async function readyRig(bench: Bench, seed: number): Promise<Rig> {
  const { rig } = await warmRig(bench, seed);
  await rig.machine.pause();
  return rig;
}

/** A rig of the steady lane whose machine was warmed up. */
export async function warmRig(bench: Bench, seed: number): Promise<{ rig: Rig } & Times> {
  const start = performance.now();
  let restored = start;
  const rig = await setUp(bench, bench.template, seed, async (machine) => {
    restored = performance.now();
    await warmUp(bench, machine);
  });
  return { rig, restore: restored - start, warm: performance.now() - restored };
}

/** A rig of the racing lane. It is not warmed up: nobody waits for it alone. */
export async function racingRig(bench: Bench, seed: number): Promise<Rig> {
  if (!bench.racing) throw new Error('the bench has no racing lane');
  return setUp(bench, bench.racing.template, seed, async () => {});
}

/** A machine with the lab's devices in it; `first` runs before they are plugged in. */
export async function setUp(
  bench: Bench,
  template: Template,
  seed: number,
  first: (machine: Machine) => Promise<void>,
): Promise<Rig> {
  const sockets = bench.chip === undefined ? undefined : socketsFolder();
  let silicon: Silicon | undefined;
  let belongings: string[] = [];
  const machine = await Machine.restore(template, sockets?.path).catch((error: unknown) => {
    sockets?.remove();
    throw error;
  });
  let stopping: Promise<void> | undefined;
  const stopAll = async (): Promise<void> => {
    await machine.stop();
    await silicon?.stop();
    sockets?.remove();
  };
  const stop = (): Promise<void> => (stopping ??= stopAll());
  try {
    await first(machine);
    await plug(machine, bench.devices);
    if (bench.chip !== undefined && sockets) {
      const chip = layOut(await descriptionAt(bench.chip), seed);
      silicon = await Silicon.plug(machine, template, chip, {
        url: bench.chip,
        sockets: sockets.path,
        slot: bench.devices.length,
        carry: () => loadCarrier(bench, machine, chip),
      });
    }
    await loadKernelModules(bench, machine, bench.kernelModules);
    // Names of what we loaded ourselves are no residue of the learner's module.
    const ours = bench.kernelModules.length > 0 || (silicon && silicon.chip.bus.kind !== 'pci');
    if (ours) belongings = await residue(machine, template, 1);
  } catch (error) {
    await stop();
    throw error;
  }
  return { machine, belongings, stop, ...(silicon && { silicon }) };
}
