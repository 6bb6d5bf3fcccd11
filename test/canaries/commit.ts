// SPDX-License-Identifier: Apache-2.0
// Makes one canary's mistake in a machine of its own and gives what the kernel had to say.
import type { Message } from '../../src/console/index.ts';
import { parseLog } from '../../src/console/index.ts';
import { kernelFor, type Kernel } from '../../src/kernel/kernel.ts';
import { requireKit, type Kit } from '../../src/kit/kit.ts';
import { buildModule } from '../../src/lab/build.ts';
import { messagesOf } from '../../src/lab/findings.ts';
import { Guest } from '../../src/lab/guest.ts';
import { Machine } from '../../src/machine/machine.ts';
import { getTemplate, type Template } from '../../src/machine/template.ts';
import { GuestDown } from '../../src/machine/vital.ts';
import { sources, type Case } from './cases.ts';

/** The module, built for a kernel, and where it runs. */
export interface Aviary {
  kit: Kit;
  kernel: Kernel;
  template: Template;
  image: Buffer;
  /** Host path of the module with debug information. */
  file: string;
}

export async function prepare(flavor: Case['flavor']): Promise<Aviary> {
  const kit = requireKit();
  const judge = kernelFor(flavor);
  if (judge.kernel.flavor !== flavor) throw new Error(`there is no kernel of flavor ${flavor}`);
  const template = await getTemplate(kit, judge, 'steady');
  const build = await buildModule(kit, judge.kernel, 'canaries', sources, 'canaries');
  if (!build.ok) throw new Error(`the canaries do not build: ${build.output}`);
  return { kit, kernel: judge.kernel, template, image: build.image!, file: build.file! };
}

/** What the kernel logged since it was started once, before anything was asked of it. */
export async function bootLog({ template }: Aviary): Promise<Message[]> {
  const machine = await Machine.restore(template);
  try {
    return messagesOf(machine.logSinceStart());
  } finally {
    await machine.stop();
  }
}

/** The messages of the kernel, or those of the text that has the report instead. */
export async function commit({ template, image }: Aviary, it: Case): Promise<Message[]> {
  const machine = await Machine.restore(template);
  try {
    const guest = new Guest(machine, new Map([['canaries', image]]));
    let text: string | void = undefined;
    try {
      for (const [path, value] of Object.entries(it.settings ?? {})) await guest.writeFile(path, value);
      machine.startLog();
      const loader = it.apart ? await guest.task({ separate: true }) : guest.main;
      const load = guest.load('canaries', { bug: it.canary }, loader);
      await load.finishes(BigInt(it.patience ?? 60) * 1_000_000_000n);
      if (it.after) {
        await load;
        machine.vital.patience = 60; // seconds of a processor; a scan of kmemleak looks at all memory
        text = await it.after(guest, loader);
      }
    } catch (error) {
      // Some canaries bring the machine down, and its log can still be read.
      if (!(error instanceof GuestDown)) throw error;
    }
    return text === undefined ? messagesOf(machine.logSinceStart()) : parseLog(text);
  } finally {
    await machine.stop();
  }
}
