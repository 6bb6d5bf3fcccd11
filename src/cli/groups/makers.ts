// SPDX-License-Identifier: Apache-2.0
import { Argument, type Command } from 'commander';
import { json, type Flags, type Run } from './command.ts';

/** What those who make labs, or bringup itself, do. */
export function addMakerCommands(program: Command, run: Run): void {
  const lab = program.command('lab').description('for those who write labs');
  lab
    .command('new <group/id>')
    .description('begin a lab')
    .action((name: string) => run(async () => (await import('../commands/lab.ts')).labNew(name))());
  lab
    .command('verify [ids...]')
    .description('prove labs: starter fails, solution and variants pass, every mutant is caught')
    .option('--runs <n>', 'runs of the solution and of each variant', '3')
    .option('--jobs <n>', 'machines at a time', '1')
    .option('--minutes <n>', 'begin no mutant after so many minutes, and say which were left out')
    .option('--flavor <id>', 'only labs on this kernel')
    .option('--only <text>', 'only subjects with this in their name, mutants as often as the others')
    .option('--brief', 'end the check of a mutant as soon as a requirement has caught it')
    .option(...json)
    .action((ids: string[], options: Flags) =>
      run(async (signal) => (await import('../commands/lab.ts')).labVerify(ids, options, signal))(),
    );

  program
    .command('test')
    .description('test bringup itself: lint, types, unit and machine tests, every lab')
    .option(
      '--minutes <n>',
      'what it may take: mutants and other kernels are left out that would take longer',
      '25',
    )
    .action((options: Flags) =>
      run(async (signal) => (await import('../commands/test.ts')).test(options, signal))(),
    );
  program
    .command('bench')
    .description('measure the engine of labs, or how well made-up engineers are placed')
    .addArgument(new Argument('[what]').choices(['engine', 'placement']).default('engine'))
    .option(...json)
    .option('--quick', 'fewer runs')
    .action((what: string, options: Flags) =>
      run(async (signal) =>
        what === 'placement'
          ? (await import('../commands/bench-placement.ts')).benchPlacement(options, signal)
          : (await import('../commands/bench.ts')).bench(options, signal),
      )(),
    );
}
