// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';
import type { DatasheetOptions } from '../commands/datasheet.ts';
import type { TraceOptions } from '../commands/trace.ts';
import { json, type Flags, type Run } from './command.ts';

/** What a learner does in a lab. */
export function addWorkCommands(program: Command, run: Run): void {
  program
    .command('labs')
    .description('list the labs')
    .option(...json)
    .action((options: Flags) => run(async () => (await import('../commands/labs.ts')).labs(options))());
  program
    .command('get <lab> [dir]')
    .description('get a lab: a folder with its brief and starter')
    .option(...json)
    .action((lab: string, dir: string | undefined, options: Flags) =>
      run(async () => (await import('../commands/labs.ts')).get(lab, dir, options))(),
    );
  program
    .command('datasheet [what]')
    .description('the data sheet of your chip: in its folder, or name the folder or the lab')
    .option('--output <file>', 'write it there; .md, .html or .pdf says the format')
    .option('--format <format>', 'markdown, html or pdf, whatever the file is called')
    .option('--seed <number>', 'of the chip of any seed')
    .option(...json)
    .action((what: string | undefined, options: DatasheetOptions) =>
      run(async () => (await import('../commands/datasheet.ts')).datasheet(what, options))(),
    );
  program
    .command('check [dir]')
    .description('judge the lab in a folder on its kernel')
    .option('--kernel <flavor>', 'on another kernel, such as your own tree; not recorded')
    .option(...json)
    .action((dir: string | undefined, options: Flags) =>
      run(async (signal) => (await import('../commands/check.ts')).check(dir, options, signal))(),
    );
  program
    .command('watch [dir]')
    .description('judge on every save')
    .action((dir: string | undefined) =>
      run(async (signal) => (await import('../commands/watch.ts')).watch(dir, signal))(),
    );
  program
    .command('hint')
    .description('the next hint for the lab in this folder')
    .option('--again', 'the last one again')
    .option(...json)
    .action((options: Flags) => run(async () => (await import('../commands/labs.ts')).hint(options))());
  program
    .command('shell [dir]')
    .description("a console in the lab's machine, with your module there")
    .action((dir: string | undefined) =>
      run(async (signal) => (await import('../commands/shell.ts')).shell(dir, signal))(),
    );
  program
    .command('solution <lab>')
    .description('our solution, after a pass')
    .option('--anyway', 'before a pass too')
    .action((lab: string, options: Flags) =>
      run(async () => (await import('../commands/labs.ts')).solution(lab, options))(),
    );
  program
    .command('explain [file]')
    .description('explain the reports in a kernel log (- or nothing: standard input)')
    .option('--module <ko...>', 'modules you work on: names, or .ko files to find source lines in')
    .option('--last [number]', 'a finding of the last check in this folder')
    .option(...json)
    .action((file: string | undefined, options: Flags) =>
      run(async () => (await import('../commands/explain.ts')).explainCommand(file, options))(),
    );
  program
    .command('trace [dir]')
    .description('what driver and chip did on the bus in the last check, in a lab with a chip')
    .option('--register <name>', 'only accesses to this register, and broken rules')
    .option('--from <time>', 'from this time on, such as 12.5ms (ns, us, ms, s; since it was plugged in)')
    .option('--to <time>', 'until this time')
    .option('--violations', 'only broken rules, each with the lines around it')
    .option('--vcd <file>', 'write all of it for a waveform viewer such as GTKWave (- is standard output)')
    .option(...json)
    .action((dir: string | undefined, options: TraceOptions) =>
      run(async () => (await import('../commands/trace.ts')).trace(dir, options))(),
    );
}
