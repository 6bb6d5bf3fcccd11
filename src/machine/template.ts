// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Judge } from '../kernel/kernel.ts';
import { sandboxFolder } from '../kernel/source.ts';
import { measureStructs, type Structs } from '../kernel/structs.ts';
import type { Kit } from '../kit/kit.ts';
import { asBringupError, BringupError } from '../shared/errors.ts';
import { withLock } from '../shared/lock.ts';
import { cacheFolder } from '../shared/paths.ts';
import type { OnProgress } from '../shared/progress.ts';
import { agentId, buildAgent } from './agent-build.ts';
import { initramfs } from './initramfs.ts';
import { Machine } from './machine.ts';
import type { Lane, MachineModel } from './qemu.ts';
import { survey, type Survey } from './survey.ts';

/** A saved machine that runs start from. */
export interface Template {
  id: string;
  folder: string;
  model: MachineModel;
  survey: Survey;
  structs?: Structs;
}

/** Raised when what is saved beside a template changes. */
const format = 8;

// Unloading a module waits for a dozen grace periods, a third of a second of guest time when they are ordinary ones.
const commonCommandLine =
  'console=ttyS0 quiet loglevel=1 panic=-1 tsc=reliable nokaslr no_hash_pointers rcupdate.rcu_expedited=1';

/** What a machine of this kernel is, before it has been booted. */
function modelOf(kit: Kit, judge: Judge, lane: Lane, devices: readonly string[] = []): MachineModel {
  return {
    kit: kit.root,
    kernel: { folder: judge.kernel.image.folder, image: judge.kernel.image.name },
    commandLine: `${commonCommandLine} ${judge.flavor.commandLine}`.trim(),
    lane,
    memory: judge.flavor.memory,
    devices,
  };
}

/**
 * The template of a kernel and lane: found, or made by booting a machine once. A template is built in
 * a folder of its own and renamed when it is whole, so that half of one is never used.
 */
export async function getTemplate(
  kit: Kit,
  judge: Judge,
  lane: Lane,
  options: { devices?: readonly string[]; onProgress?: OnProgress; signal?: AbortSignal } = {},
): Promise<Template> {
  const model = modelOf(kit, judge, lane, options.devices);
  const agent = agentId(kit);
  const { sentinels } = judge.flavor;
  const key = [
    format,
    kit.id,
    kit.versions['qemu-system-x86'],
    judge.kernel.id,
    agent,
    sentinels,
    model.commandLine,
    lane,
    model.memory,
    model.devices,
  ];
  const id = createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 16);
  const folder = cacheFolder('templates', id);
  const manifest = join(folder, 'template.json');
  const load = (): Template | undefined => {
    const written = wholeTemplate(folder);
    if (!written) return undefined;
    const { structs, ...survey } = written;
    const now = new Date();
    utimesSync(manifest, now, now); // `cache prune` drops the ones not used for long
    return { id, folder, model, survey, ...(structs && { structs }) };
  };
  const found = load();
  if (found) return found;
  return withLock(cacheFolder('locks', `template-${id}`), async () => {
    const meanwhile = load();
    if (meanwhile) return meanwhile;
    const parent = sandboxFolder(cacheFolder('templates'));
    const work = sandboxFolder(mkdtempSync(join(parent, '.new-')));
    try {
      options.onProgress?.({
        task: 'machine',
        subject: judge.kernel.id,
        phase: 'booting once, to save a template',
      });
      writeFileSync(join(work, 'initramfs'), initramfs(kit, await buildAgent(kit), judge.kernel.bootModules));
      const structs = await measureStructs(kit, judge.kernel);
      const result = await bootAndSave(model, work, judge, structs, options.signal);
      writeFileSync(join(work, 'template.json'), JSON.stringify({ ...result, structs, saved: saved(work) }));
      rmSync(folder, { recursive: true, force: true });
      renameSync(work, folder);
      options.onProgress?.({ task: 'machine', subject: judge.kernel.id, phase: 'done', finished: true });
      const template = load();
      if (!template) throw new BringupError('E-TEMPLATE', `${folder} was changed while it was made`);
      return template;
    } catch (error) {
      rmSync(work, { recursive: true, force: true });
      throw error;
    }
  });
}

interface Saved {
  ramBytes: number;
  /** SHA-256 of the file with the devices' state. */
  state: string;
}

/** What tells a whole template from half of one. Its memory is too large to be read each time. */
function saved(folder: string): Saved {
  const state = createHash('sha256')
    .update(readFileSync(join(folder, 'state')))
    .digest('hex');
  return { ramBytes: statSync(join(folder, 'ram')).size, state };
}

/** What is written of a template; undefined when there is none or its files are not those that were saved. */
function wholeTemplate(folder: string): (Survey & { structs?: Structs }) | undefined {
  try {
    const { saved: expected, ...rest } = JSON.parse(
      readFileSync(join(folder, 'template.json'), 'utf8'),
    ) as Survey & { structs?: Structs; saved: Saved };
    return isDeepStrictEqual(saved(folder), expected) ? rest : undefined;
  } catch {
    return undefined;
  }
}

async function bootAndSave(
  model: MachineModel,
  folder: string,
  judge: Judge,
  structs: Structs | undefined,
  signal?: AbortSignal,
): Promise<Survey> {
  const machine = await Machine.boot(model, folder, signal);
  try {
    const result = await survey(machine, judge.flavor, structs);
    await machine.save();
    return result;
  } catch (error) {
    const log = cacheFolder('logs', 'boot.log');
    mkdirSync(cacheFolder('logs'), { recursive: true });
    writeFileSync(log, machine.serialOutput());
    const { message } = asBringupError(error);
    throw new BringupError('E-MACHINE-BOOT', `${message}; the console's output is in ${log}`, {
      cause: error,
    });
  } finally {
    await machine.stop();
  }
}
