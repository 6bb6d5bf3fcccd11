// SPDX-License-Identifier: Apache-2.0
import { Command, CommanderError } from 'commander';
import { asBringupError, BringupError, exit } from '../shared/errors.ts';
import { addCareerCommands } from './groups/career.ts';
import type { Run } from './groups/command.ts';
import { addHostCommands } from './groups/host.ts';
import { addMakerCommands } from './groups/makers.ts';
import { addWorkCommands } from './groups/work.ts';
import { wrap } from './view/style.ts';

/** Parses the command line, runs the command, and gives the exit status. Never throws. */
export async function main(argv: readonly string[]): Promise<number> {
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => abort.abort());
  // A reader that goes away (| head) is no error.
  process.stdout.on('error', () => process.exit(exit.ok));
  let status: number = exit.ok;
  const program = build((work) => async () => {
    status = await work(abort.signal);
  });
  try {
    await program.parseAsync(argv);
    return abort.signal.aborted ? exit.interrupted : status;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exit.ok : exit.usage;
    if (abort.signal.aborted) return exit.interrupted;
    return report(asBringupError(error), argv.includes('--json'));
  }
}

function report(error: BringupError, json: boolean): number {
  if (json) process.stdout.write(`${JSON.stringify({ error })}\n`);
  else
    process.stderr.write(
      `${wrap(`${error.code}: ${error.message}`).join('\n')}\n${wrap(error.next, 6).join('\n')}\n`,
    );
  if (process.env['BRINGUP_DEBUG']) console.error(error);
  return error.exitStatus;
}

function build(run: Run): Command {
  const program = new Command('bringup')
    .description('The way to a Linux kernel and driver career: labs judged on a real kernel.')
    .version('0.1.0')
    .exitOverride()
    .showHelpAfterError('(bringup --help lists the commands)');
  addHostCommands(program, run);
  addWorkCommands(program, run);
  addCareerCommands(program, run);
  addMakerCommands(program, run);
  return program;
}
