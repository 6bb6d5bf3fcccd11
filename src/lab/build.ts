// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Kernel } from '../kernel/kernel.ts';
import { sandboxFolder } from '../kernel/source.ts';
import { guard, type Exceeded } from '../kit/guard.ts';
import type { Kit } from '../kit/kit.ts';
import { sandboxed, type Sandbox } from '../kit/sandbox.ts';
import { BringupError } from '../shared/errors.ts';
import { withLock } from '../shared/lock.ts';
import { cacheFolder } from '../shared/paths.ts';
import { run } from '../shared/run.ts';
import { parseDiagnostics, type Diagnostic } from './diagnostics.ts';
import { moduleMake } from './module-make.ts';
import { replayScript } from './replay.ts';
import { digestOf, type Sources } from './workspace.ts';

export interface Build {
  ok: boolean;
  /** Milliseconds. */
  time: number;
  how: 'kbuild' | 'replay';
  diagnostics: Diagnostic[];
  /** Why it failed, when the compiler did not say: no .ko, a limit, a deadline. */
  problem?: string;
  /** The module without debug information, as it is loaded. */
  image?: Buffer;
  /** Host path of the module with debug information. */
  file?: string;
  output: string;
}

// `processes` counts everything nobody runs on the host, so it is only a last wall; the guard counts ours.
const limits = { processes: 4096, fileBytes: 64 << 20, addressBytes: 3 * 2 ** 30, cpuSeconds: 60 };
const together = { memoryBytes: 2 * 2 ** 30, folderBytes: 256 << 20, processes: 256 };
const usualDeadline = 60_000;
const maxOutput = 1 << 20;
const diskReserve = 4 << 20;
/** The sandbox says this first; without it nothing of the learner's has run. */
const began = 'bringup: began\n';

function buildName(kit: Kit, kernel: Kernel, key: string, always = ''): string {
  const digest = createHash('sha256').update(`${key}\0${kernel.id}\0${kit.id}\0${always}`).digest('hex');
  return digest.slice(0, 16);
}

/** The folder in which `buildModule` last built for that key, with what kbuild left there. */
export function buildFolder(kit: Kit, kernel: Kernel, key: string): string {
  return cacheFolder('builds', buildName(kit, kernel, key), 'work');
}

/**
 * Builds the learner's module against a kernel. The learner's Makefile is run, so all of it happens in
 * a sandbox without network, home, or anything writable but a private copy of the sources. When only
 * .c and .h files changed since the last whole build, kbuild's own commands are repeated instead of
 * running make. `key` names the place whose builds follow each other (the learner's folder).
 */
export async function buildModule(
  kit: Kit,
  kernel: Kernel,
  module: string,
  sources: Sources,
  key: string,
  options: { always?: 'kbuild'; deadline?: number; signal?: AbortSignal } = {},
): Promise<Build> {
  const name = buildName(kit, kernel, key, options.always);
  const home = cacheFolder('builds', name);
  return withLock(cacheFolder('locks', `build-${name}`), async () => {
    const start = performance.now();
    // What decides the commands: the names of all files, and the contents of those that are not C.
    const shape = digestOf(
      new Map(
        [...sources].map(([file, content]) => [file, /\.[ch]$/.test(file) ? Buffer.alloc(0) : content]),
      ),
    );
    const work = join(home, 'work');
    const usable =
      options.always !== 'kbuild' && readShape(home) === shape && isPlain(work, [...sources.keys()]);
    const replay = usable ? replayScript(work, module) : undefined;
    if (!replay) await wipe(home);
    mkdirSync(home, { recursive: true });
    sandboxFolder(work);
    for (const [file, content] of sources) {
      mkdirSync(dirname(join(work, file)), { recursive: true });
      replaceFile(join(home, 'incoming'), join(work, file), content);
    }
    const built = await compile(kit, kernel, module, work, replay, options);
    if (built.ok) writeFileSync(join(home, 'shape'), shape);
    return { ...built, how: replay ? 'replay' : 'kbuild', time: performance.now() - start };
  });
}

function readShape(home: string): string | undefined {
  const file = join(home, 'shape');
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/**
 * True when what a build left can be built in again: a hostile Makefile may have put a link to somewhere
 * on the host in place of a folder that sources are written to, or a folder in place of a source.
 */
function isPlain(work: string, files: readonly string[]): boolean {
  const folders = new Set<string>();
  for (const file of files) for (let at = dirname(file); at !== '.'; at = dirname(at)) folders.add(at);
  const kind = (path: string): Stats | undefined => lstatSync(join(work, path), { throwIfNoEntry: false });
  return (
    [...folders].every((folder) => kind(folder)?.isDirectory()) &&
    [...files, '.loaded.ko'].every((file) => !kind(file)?.isDirectory())
  );
}

/** Written beside the build folder and moved into it, so that no link in it is followed. */
function replaceFile(temporary: string, path: string, content: Buffer): void {
  rmSync(temporary, { force: true });
  writeFileSync(temporary, content, { flag: 'wx' });
  renameSync(temporary, path);
}

/** Removes a build folder, also one with folders too deep or too closed for Node. */
async function wipe(folder: string): Promise<void> {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    await run(['chmod', '-R', 'u+rwx', '--', folder]);
    await run(['rm', '-rf', '--', folder]);
  }
}

async function compile(
  kit: Kit,
  kernel: Kernel,
  module: string,
  work: string,
  replay: string | undefined,
  { deadline = usualDeadline, signal }: { deadline?: number; signal?: AbortSignal },
): Promise<Omit<Build, 'how' | 'time'>> {
  const make = await moduleMake(kit, kernel);
  const sandbox: Sandbox = {
    kit: kit.root,
    readOnly: kernel.buildFolders,
    writable: { '/work': work },
    cwd: kernel.buildTree,
    limits,
    env: make.env,
  };
  const script = `printf '%s\\n' '${began.trim()}'\n${replay ?? `set -e\n${make.script}`}\nstrip --strip-debug -o /work/.loaded.ko /work/${module}.ko\n`;
  rmSync(join(work, '.loaded.ko'), { force: true });
  let exceeded: Exceeded | undefined;
  let end = (): void => {};
  const abort = new AbortController();
  signal?.addEventListener('abort', () => abort.abort());
  const result = await run(sandboxed(sandbox, ['sh', '-c', script]), {
    deadline,
    maxOutput,
    sandbox: true,
    signal: abort.signal,
    onStart: (pid) => {
      end = guard(pid, { ...together, folder: work }, (what) => {
        exceeded = what;
        abort.abort();
      });
    },
  });
  end();
  signal?.throwIfAborted();
  const stdout = result.stdout.toString('utf8');
  const started = stdout.startsWith(began);
  const output = `${started ? stdout.slice(began.length) : stdout}${result.stderr.toString('utf8')}`.slice(
    -20_000,
  );
  if (!started)
    throw new BringupError(
      'E-HOST-SANDBOX',
      output.trim().split('\n').at(-1) || `bwrap ended with status ${result.status}`,
    );
  const diagnostics = parseDiagnostics(output);
  const problem =
    result.ended === 'deadline'
      ? `the build did not end within ${deadline / 1000} s`
      : problemOf(result.ended, exceeded, result.status, output, module, work);
  if (problem !== undefined && exceeded === undefined && diskIsFull(work)) {
    throw new BringupError('E-HOST-DISK', `the disk was full during the build: ${work}`);
  }
  if (problem !== undefined) return { ok: false, diagnostics, problem, output };
  const image = readFileSync(join(work, '.loaded.ko'));
  return { ok: true, diagnostics, output, image, file: join(work, `${module}.ko`) };
}

function problemOf(
  ended: string | undefined,
  exceeded: Exceeded | undefined,
  status: number,
  output: string,
  module: string,
  work: string,
): string | undefined {
  if (exceeded === 'memory')
    return `the build used more than ${together.memoryBytes / 2 ** 30} GiB of memory`;
  if (exceeded === 'disk')
    return `the build wrote more than ${together.folderBytes >> 20} MiB, or folders nobody can look into`;
  if (exceeded === 'processes') return `the build had more than ${together.processes} processes at once`;
  if (ended === 'output') return `the build printed more than ${maxOutput >> 20} MiB`;
  if (!isRegularFile(join(work, `${module}.ko`))) {
    return status === 0 || /No such file/.test(output)
      ? `the build made no ${module}.ko`
      : 'the build failed';
  }
  if (status !== 0) return 'the build failed';
  return isRegularFile(join(work, '.loaded.ko')) ? undefined : `${module}.ko could not be read`;
}

/** Not the learner's fault: their part is limited to far less than a disk. */
function diskIsFull(folder: string): boolean {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize < diskReserve;
}

function isRegularFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
