// SPDX-License-Identifier: Apache-2.0
import { basename, resolve } from 'node:path';
import { flavorIds, loadFlavor } from '../../kernel/flavor.ts';
import { findKernel } from '../../kernel/kernel.ts';
import { begun, buildState, makeKernel, removeKernel } from '../../kernel/make.ts';
import { addTree } from '../../kernel/own.ts';
import { requireKit } from '../../kit/kit.ts';
import { prepareBench } from '../../lab/bench.ts';
import { attempts } from '../../lab/history.ts';
import { openLabFolder } from '../../lab/folder.ts';
import { exit } from '../../shared/errors.ts';
import { progressView } from '../view/progress.ts';
import { columns } from '../view/style.ts';
import { judgeFolder } from './check.ts';

/** bringup kernel list */
export function kernelList(options: { json?: boolean }): number {
  const rows = flavorIds().map((id) => {
    const kernel = findKernel(id);
    const state = kernel ? 'built' : buildState(id) ? 'being made' : begun(id) ? 'begun' : 'not made';
    return { id, title: loadFlavor(id).title, state, release: kernel?.release ?? null };
  });
  if (options.json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  else {
    for (const { id, title, state, release } of rows) {
      const line = `${id.padEnd(12)} ${(release ?? state).padEnd(28)} ${title}`;
      process.stdout.write(`${line.slice(0, columns)}\n`);
    }
  }
  return exit.ok;
}

/** bringup kernel build FLAVOR; with `rejudge`, labs that were judged provisionally are judged again. */
export async function kernelBuild(
  id: string,
  options: { rejudge?: boolean; json?: boolean },
  signal: AbortSignal,
): Promise<number> {
  const view = progressView();
  const kernel = await makeKernel(requireKit(), id, view.on, signal);
  view.end();
  if (options.json) process.stdout.write(`${JSON.stringify(kernel, null, 2)}\n`);
  else process.stdout.write(`${kernel.id}\n`);
  if (options.rejudge) {
    await prepareBench({ flavor: id }, { onProgress: view.on, signal });
    await rejudge(signal);
  }
  return exit.ok;
}

/** Judges again each folder whose last verdict was provisional. */
async function rejudge(signal: AbortSignal): Promise<void> {
  const last = new Map(attempts().map((attempt) => [attempt.folder, attempt]));
  for (const [path, { provisional, lab }] of last) {
    if (!provisional) continue;
    try {
      const verdict = await judgeFolder(openLabFolder(path), { signal });
      process.stdout.write(`judged again: ${lab} in ${path}: ${verdict.outcome}\n`);
    } catch (error) {
      process.stdout.write(`not judged again: ${lab} in ${path}: ${String(error)}\n`);
    }
  }
}

/** bringup kernel add PATH */
export function kernelAdd(path: string, options: { name?: string }): number {
  const id = addTree(
    path,
    options.name ??
      basename(resolve(path))
        .toLowerCase()
        .replaceAll(/[^a-z0-9-]+/g, '-'),
  );
  process.stdout.write(`${id}      bringup kernel build ${id}\n`);
  return exit.ok;
}

/** bringup kernel remove FLAVOR */
export function kernelRemove(id: string): number {
  loadFlavor(id);
  removeKernel(id);
  return exit.ok;
}
