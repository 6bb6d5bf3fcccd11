// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from 'node:timers/promises';
import { prepareBench } from '../../lab/bench.ts';
import { buildModule } from '../../lab/build.ts';
import { openLabFolder } from '../../lab/folder.ts';
import { putFile } from '../../lab/put-file.ts';
import { setUp } from '../../lab/rig.ts';
import { readSources } from '../../lab/workspace.ts';
import { ms } from '../../machine/calls.ts';
import type { Machine } from '../../machine/machine.ts';
import { pseudo } from '../../machine/mailbox.ts';
import { sys } from '../../machine/syscalls.ts';
import { BringupError, exit } from '../../shared/errors.ts';
import { progressView } from '../view/progress.ts';
import { paint } from '../view/style.ts';

const leaveKey = 0x1d; // Ctrl-]

/** bringup shell [DIR]: a console in a machine of the lab, with the module at /lab. */
export async function shell(path: string | undefined, signal: AbortSignal): Promise<number> {
  const folder = openLabFolder(path ?? '.');
  const bench = await prepareBench(folder.lab, { onProgress: progressView().on, signal });
  const { module } = folder.lab;
  const build = await buildModule(
    bench.kit,
    bench.judge.kernel,
    module,
    readSources(folder.path),
    folder.path,
    { signal },
  );
  const { machine, silicon, stop } = await setUp(bench, bench.template, folder.seed, async () => {});
  silicon?.leave(); // a person's guest time passes by itself
  try {
    if (build.image) await putFile(machine, `/lab/${module}.ko`, build.image);
    const note = build.ok
      ? `/lab/${module}.ko is your module: insmod /lab/${module}.ko`
      : `the module does not build: ${build.problem}`;
    process.stdout.write(
      `${note}\n${paint('dim', 'Ctrl-] or exit leaves; nothing of this machine is kept.')}\n`,
    );
    await interact(machine, signal);
  } finally {
    await stop();
  }
  return exit.ok;
}

async function interact(machine: Machine, signal: AbortSignal): Promise<void> {
  const started = await machine.caller.settle(
    await machine.caller.ask(0, { nr: pseudo.console, args: [] }),
    ms(1000),
  );
  const pid = started?.ret ?? -1n;
  if (pid <= 0n) throw new BringupError('E-MACHINE-AGENT', 'the machine could not start a shell');
  const { stdin, stdout } = process;
  let left = false;
  const onInput = (chunk: Buffer): void => {
    if (chunk.includes(leaveKey)) left = true;
    else machine.serial.write(chunk);
  };
  machine.serial.on('data', (chunk: Buffer) => stdout.write(chunk));
  if (stdin.isTTY) stdin.setRawMode(true);
  stdin.on('data', onInput);
  stdin.on('end', () => machine.serial.write('\nexit\n'));
  stdin.resume();
  try {
    while (
      !left &&
      !signal.aborted &&
      !machine.vital.down &&
      !machine.vital.lost &&
      (await alive(machine, pid))
    )
      await sleep(200);
  } finally {
    stdin.off('data', onInput);
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.pause();
    stdout.write('\n');
  }
}

async function alive(machine: Machine, pid: bigint): Promise<boolean> {
  const outcome = await machine.caller.settle(
    await machine.caller.ask(1, { nr: sys.kill, args: [pid, 0n] }),
    ms(5000),
  );
  return outcome?.ret === 0n;
}
