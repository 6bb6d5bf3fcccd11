// SPDX-License-Identifier: Apache-2.0
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { loadFlavor } from '../../kernel/flavor.ts';
import { findCurrentKernel } from '../../kernel/make.ts';
import { prepareBench } from '../../lab/bench.ts';
import { allLabs, findLab, type Lab } from '../../lab/lab.ts';
import { isMutant, verifyLab, type Proof, type VerifyOptions } from '../../lab/verify.ts';
import { BringupError, exit } from '../../shared/errors.ts';
import { repository } from '../../shared/paths.ts';
import { paint } from '../view/style.ts';
import { progressView } from '../view/progress.ts';

/** A chip wants a processor beside its machine's: late, it makes verdicts inconclusive. */
const forChips = Math.max(1, Math.floor(availableParallelism() / 2));

const millisecondsOfDay = 86_400_000;

/**
 * bringup lab verify [ID…]: proves labs; prints a line for each proof. With `minutes`, what must pass comes first, then
 * mutants, of another lab first each day; proofs whose turn did not come are told by their number. With `only`, subjects
 * that have this text in their name, mutants `runs` times too.
 */
export async function labVerify(
  ids: string[],
  options: {
    runs: string;
    jobs: string;
    minutes?: string;
    flavor?: string;
    only?: string;
    brief?: boolean;
    json?: boolean;
  },
  signal: AbortSignal,
): Promise<number> {
  const whole = (name: 'runs' | 'jobs' | 'minutes'): number => {
    const value = Number(options[name]);
    if (!Number.isInteger(value) || value < 1)
      throw new BringupError('E-USAGE', `--${name} takes a whole number, not "${options[name]}"`);
    return value;
  };
  const wanted = { runs: whole('runs'), jobs: whole('jobs'), brief: options.brief ?? false, signal };
  const named = (subject: string): boolean => subject.includes(options.only ?? '');
  const mutantRuns = options.only === undefined ? 1 : wanted.runs;
  const until = options.minutes === undefined ? Infinity : performance.now() + whole('minutes') * 60_000;
  if (options.flavor !== undefined) loadFlavor(options.flavor);
  const asked = (ids.length > 0 ? ids.map(findLab) : allLabs()).filter(
    ({ flavor }) => options.flavor === undefined || flavor === options.flavor,
  );
  // Who names a lab, or a kernel, is told that it is missing; who wants all, what was left out.
  const all = ids.length === 0 && options.flavor === undefined;
  const labs = asked.filter(({ flavor }) => !all || findCurrentKernel(flavor) !== undefined);
  const proofs: Proof[] = [];
  const unreached = new Map<string, number>();
  const view = progressView();
  const verify = async (lab: Lab, part: Pick<VerifyOptions, 'only' | 'until'>): Promise<void> => {
    const bench = await prepareBench(lab, { onProgress: view.on, signal });
    const jobs = lab.silicon ? Math.min(wanted.jobs, forChips) : wanted.jobs;
    for await (const proof of verifyLab(lab, bench, { only: named, ...wanted, ...part, mutantRuns, jobs })) {
      if (typeof proof === 'string') unreached.set(lab.id, (unreached.get(lab.id) ?? 0) + 1);
      else {
        proofs.push(proof);
        if (!options.json) process.stdout.write(`${renderProof(proof)}\n`);
      }
    }
  };
  if (until === Infinity) for (const lab of labs) await verify(lab, {});
  else {
    for (const lab of labs) await verify(lab, { only: (subject) => named(subject) && !isMutant(subject) });
    const first = Math.floor(Date.now() / millisecondsOfDay) % Math.max(1, labs.length);
    for (const lab of [...labs.slice(first), ...labs.slice(0, first)])
      await verify(lab, { only: (subject) => named(subject) && isMutant(subject), until });
  }
  const failed = proofs.filter(({ ok }) => !ok).length;
  for (const { id, flavor } of options.json ? [] : asked.filter((lab) => !labs.includes(lab)))
    process.stdout.write(`- ${id.padEnd(16)} not verified: the kernel of ${flavor} has not been built\n`);
  for (const [id, count] of options.json ? [] : unreached)
    process.stdout.write(
      `- ${id.padEnd(16)} ${count} mutants not reached within ${options.minutes} minutes\n`,
    );
  if (options.json) process.stdout.write(`${JSON.stringify(proofs, null, 2)}\n`);
  else process.stdout.write(`\n${proofs.length - failed} passed, ${failed} failed\n`);
  return failed === 0 ? exit.ok : exit.fail;
}

function renderProof({ lab, subject, ok, runs, note, time }: Proof): string {
  const mark = ok ? paint('green', '✓') : paint('red', '✗');
  const count = `${runs[0]}/${runs[1]}`.padStart(5);
  const text = note.replaceAll('\n', ' ').slice(0, ok ? 90 : 600);
  return `${mark} ${lab.padEnd(16)} ${subject.padEnd(34)} ${count} ${(time / 1000).toFixed(2).padStart(6)} s  ${paint('dim', text)}`;
}

/** bringup lab new GROUP/ID: a folder with all parts of a lab, ready to be filled in. */
export async function labNew(name: string): Promise<number> {
  const match = /^([0-9]-[a-z-]+)\/([a-z0-9]+(?:-[a-z0-9]+)*)$/.exec(name);
  if (!match) throw new BringupError('E-USAGE', `"${name}" is not GROUP/ID, such as 1-device-model/my-lab`);
  const target = join(repository, 'labs', name);
  if (existsSync(target)) throw new BringupError('E-LAB-EXISTS', `${target} is already there`);
  const id = match[2]!;
  if (id === 'module')
    throw new BringupError('E-USAGE', 'a lab can not be called "module": its Makefile would name itself');
  const module = id.replaceAll('-', '_');
  cpSync(join(repository, 'src/lab/skeleton'), target, { recursive: true });
  for (const file of [
    'lab.yaml',
    'brief.md',
    'check.ts',
    'starter/module.c',
    'starter/Makefile',
    'solution/module.c',
    'solution/Makefile',
    'mutants/example.patch',
  ]) {
    const text = readFileSync(join(target, file), 'utf8')
      .replaceAll('@ID@', id)
      .replaceAll('@MODULE@', module)
      .replaceAll('@STAGE@', name[0]!);
    writeFileSync(join(target, file), text);
  }
  mkdirSync(join(target, 'variants'), { recursive: true });
  process.stdout.write(`${target}\n      fill it in (CONTRIBUTING.md), then: bringup lab verify ${id}\n`);
  return exit.ok;
}
