// SPDX-License-Identifier: Apache-2.0
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { BringupError, isErrno } from './errors.ts';

export interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  input?: string | Buffer;
  /** Ends the program after this many milliseconds; the result says so. */
  deadline?: number;
  /** Ends the program when its output grows over this many bytes; the result says so. */
  maxOutput?: number;
  /** Called with each piece of output as it comes. */
  onOutput?: (chunk: Buffer) => void;
  /** Called with the process id once it is known. */
  onStart?: (pid: number) => void;
  signal?: AbortSignal;
  /**
   * The program is a sandbox, whose one child is the first process of a process namespace. To end it early that child
   * is ended; the program follows once all else in the namespace is gone, and not before.
   */
  sandbox?: boolean;
}

export interface RunResult {
  /** Exit status; 128 + signal number when a signal ended it. */
  status: number;
  stdout: Buffer;
  stderr: Buffer;
  /** Why we ended it ourselves. */
  ended?: 'deadline' | 'output' | 'aborted';
}

/** Milliseconds that a sandbox may take to end after its first process did. */
const lastResort = 20_000;

/**
 * Runs a program to its end and gives what it printed. Throws only when it could not be started:
 * E-HOST-PACKAGES when the program is not there.
 */
export function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [program, ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program!, args, { cwd: options.cwd, env: options.env, stdio: 'pipe' });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let size = 0;
    let ended: RunResult['ended'];
    const end = (why: NonNullable<RunResult['ended']>): void => {
      ended ??= why;
      const inside = options.sandbox && child.pid !== undefined ? childrenOf(child.pid) : [];
      for (const pid of inside) killIfThere(pid);
      if (inside.length === 0) child.kill('SIGKILL');
      else setTimeout(() => child.kill('SIGKILL'), lastResort).unref();
      // What it has started may hold them open.
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const collect = (into: Buffer[]) => (chunk: Buffer) => {
      size += chunk.length;
      if (options.maxOutput !== undefined && size > options.maxOutput) return end('output');
      into.push(chunk);
      options.onOutput?.(chunk);
    };
    child.stdout.on('data', collect(out));
    child.stderr.on('data', collect(err));
    child.stdin.on('error', () => {}); // it may end before it has read its input
    child.stdin.end(options.input);
    const timer = options.deadline === undefined ? undefined : setTimeout(end, options.deadline, 'deadline');
    const abort = (): void => end('aborted');
    options.signal?.addEventListener('abort', abort);
    if (options.signal?.aborted) abort();
    if (child.pid !== undefined) options.onStart?.(child.pid);
    const clean = (): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', abort);
    };
    child.on('error', (error) => {
      clean();
      const folderGone = options.cwd !== undefined && !existsSync(options.cwd); // ENOENT too
      reject(isErrno(error, 'ENOENT') && !folderGone ? missing(program!) : error);
    });
    child.on('close', (code, signal) => {
      clean();
      const status = code ?? 128 + (signal ? constants.signals[signal] : 0);
      resolve({ status, stdout: Buffer.concat(out), stderr: Buffer.concat(err), ...(ended && { ended }) });
    });
  });
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return []; // it ended meanwhile
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended meanwhile
  }
}

function missing(program: string): BringupError {
  return new BringupError('E-HOST-PACKAGES', `the program ${program} is not on this host`);
}
