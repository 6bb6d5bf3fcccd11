// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { kernelFor, type Judge } from '../kernel/kernel.ts';
import { requireKit, type Kit } from '../kit/kit.ts';
import { racingLane } from '../machine/accel.ts';
import type { Lane } from '../machine/qemu.ts';
import { getTemplate, type Template } from '../machine/template.ts';
import type { OnProgress } from '../shared/progress.ts';
import type { Lab } from './lab.ts';
import { moduleMake } from './module-make.ts';

/** What a lab needs of a machine. */
export type Needs = Pick<Lab, 'flavor'> &
  Partial<Pick<Lab, 'devices' | 'kernelModules' | 'races' | 'silicon' | 'folder'>>;

/** Everything a judgement needs, found once. */
export interface Bench {
  kit: Kit;
  judge: Judge;
  /** Of the steady lane, which every lab is judged in. */
  template: Template;
  /** Of the lane with two processors, for a lab that races. */
  racing?: { lane: Lane; template: Template };
  /** What QEMU has of devices. */
  devices: readonly string[];
  /** Modules of the kernel that the lab wants loaded. */
  kernelModules: readonly string[];
  /** URL of the module that describes the lab's chip. */
  chip?: string;
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
  const chip = needs.silicon && needs.folder && pathToFileURL(join(needs.folder, needs.silicon)).href;
  const bench = {
    kit,
    judge,
    template,
    devices: needs.devices ?? [],
    kernelModules: needs.kernelModules ?? [],
    ...(chip && { chip }),
  };
  if (!needs.races) return bench;
  const lane = await racingLane(kit, judge);
  return { ...bench, racing: { lane, template: await getTemplate(kit, judge, lane, options) } };
}
