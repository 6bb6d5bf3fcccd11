// SPDX-License-Identifier: Apache-2.0
import { Argument, Command, CommanderError } from 'commander';
import { asBringupError, BringupError, exit } from '../shared/errors.ts';
import type { DatasheetOptions } from './commands/datasheet.ts';
import type { PlanOptions } from './commands/plan.ts';
import type { TraceOptions } from './commands/trace.ts';
import { wrap } from './view/style.ts';

/** Options of all commands; each command reads its own. */
interface Flags {
  json?: boolean;
  wait?: boolean;
  quick?: boolean;
  again?: boolean;
  anyway?: boolean;
  module?: string[];
  last?: string | true;
  runs: string;
  jobs: string;
  rejudge?: boolean;
  name?: string;
  kernel?: string;
  templates?: boolean;
  all?: boolean;
  write?: boolean;
  replace?: boolean;
  port: string;
}

type Work = (signal: AbortSignal) => number | Promise<number>;

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

// Each command's module is loaded when it runs: starting costs only what is used.
function build(run: (work: Work) => () => Promise<void>): Command {
  const program = new Command('bringup')
    .description('The way to a Linux kernel and driver career: labs judged on a real kernel.')
    .version('0.1.0')
    .exitOverride()
    .showHelpAfterError('(bringup --help lists the commands)');
  const json = ['--json', 'print the result as JSON'] as const;

  program
    .command('start')
    .description('make what is missing: kit, kernels; then say what to do next')
    .option('--wait', 'stay until the core kernel is built')
    .option('--no-web', 'do not start the web')
    .option('--no-open', 'do not show it in the browser')
    .option('--no-quick', "do not fetch Debian's kernel for provisional verdicts")
    .action((options: Flags) =>
      run(async (signal) => (await import('./commands/setup.ts')).start(options, signal))(),
    );
  program
    .command('stop')
    .description('end what runs in the background')
    .action(() => run(async () => (await import('./commands/setup.ts')).stop())());
  program
    .command('status')
    .description('what is there and what is being made')
    .option(...json)
    .action((options: Flags) => run(async () => (await import('./commands/setup.ts')).status(options))());
  program
    .command('doctor')
    .description('look at what the host offers and say what is missing')
    .option(...json)
    .action((options: Flags) => run(async () => (await import('./commands/doctor.ts')).doctor(options))());

  program
    .command('labs')
    .description('list the labs')
    .option(...json)
    .action((options: Flags) => run(async () => (await import('./commands/labs.ts')).labs(options))());
  program
    .command('get <lab> [dir]')
    .description('get a lab: a folder with its brief and starter')
    .option(...json)
    .action((lab: string, dir: string | undefined, options: Flags) =>
      run(async () => (await import('./commands/labs.ts')).get(lab, dir, options))(),
    );
  program
    .command('datasheet [what]')
    .description('the data sheet of your chip: in its folder, or name the folder or the lab')
    .option('--output <file>', 'write it there; .md, .html or .pdf says the format')
    .option('--format <format>', 'markdown, html or pdf, whatever the file is called')
    .option('--seed <number>', 'of the chip of any seed')
    .option(...json)
    .action((what: string | undefined, options: DatasheetOptions) =>
      run(async () => (await import('./commands/datasheet.ts')).datasheet(what, options))(),
    );
  program
    .command('check [dir]')
    .description('judge the lab in a folder on its kernel')
    .option('--kernel <flavor>', 'on another kernel, such as your own tree; not recorded')
    .option(...json)
    .action((dir: string | undefined, options: Flags) =>
      run(async (signal) => (await import('./commands/check.ts')).check(dir, options, signal))(),
    );
  program
    .command('watch [dir]')
    .description('judge on every save')
    .action((dir: string | undefined) =>
      run(async (signal) => (await import('./commands/watch.ts')).watch(dir, signal))(),
    );
  program
    .command('hint')
    .description('the next hint for the lab in this folder')
    .option('--again', 'the last one again')
    .option(...json)
    .action((options: Flags) => run(async () => (await import('./commands/labs.ts')).hint(options))());
  program
    .command('shell [dir]')
    .description("a console in the lab's machine, with your module there")
    .action((dir: string | undefined) =>
      run(async (signal) => (await import('./commands/shell.ts')).shell(dir, signal))(),
    );
  program
    .command('solution <lab>')
    .description('our solution, after a pass')
    .option('--anyway', 'before a pass too')
    .action((lab: string, options: Flags) =>
      run(async () => (await import('./commands/labs.ts')).solution(lab, options))(),
    );
  program
    .command('explain [file]')
    .description('explain the reports in a kernel log (- or nothing: standard input)')
    .option('--module <ko...>', 'modules you work on: names, or .ko files to find source lines in')
    .option('--last [number]', 'a finding of the last check in this folder')
    .option(...json)
    .action((file: string | undefined, options: Flags) =>
      run(async () => (await import('./commands/explain.ts')).explainCommand(file, options))(),
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
      run(async () => (await import('./commands/trace.ts')).trace(dir, options))(),
    );

  const lab = program.command('lab').description('for those who write labs');
  lab
    .command('new <group/id>')
    .description('begin a lab')
    .action((name: string) => run(async () => (await import('./commands/lab.ts')).labNew(name))());
  lab
    .command('verify [ids...]')
    .description('prove labs: starter fails, solution and variants pass, every mutant is caught')
    .option('--runs <n>', 'runs of the solution and of each variant', '3')
    .option('--jobs <n>', 'machines at a time', '1')
    .option(...json)
    .action((ids: string[], options: Flags) =>
      run(async (signal) => (await import('./commands/lab.ts')).labVerify(ids, options, signal))(),
    );

  const kernel = program.command('kernel').description('kernels and their flavors');
  kernel
    .command('list')
    .option(...json)
    .action((options: Flags) =>
      run(async () => (await import('./commands/kernel.ts')).kernelList(options))(),
    );
  kernel
    .command('build <flavor>')
    .option('--rejudge', 'then judge again what was judged provisionally')
    .option(...json)
    .action((id: string, options: Flags) =>
      run(async (signal) => (await import('./commands/kernel.ts')).kernelBuild(id, options, signal))(),
    );
  kernel
    .command('add <path>')
    .description('make a flavor of your own kernel tree')
    .option('--name <id>', 'name of the flavor')
    .action((path: string, options: Flags) =>
      run(async () => (await import('./commands/kernel.ts')).kernelAdd(path, options))(),
    );
  kernel
    .command('remove <flavor>')
    .action((id: string) => run(async () => (await import('./commands/kernel.ts')).kernelRemove(id))());

  program
    .command('web')
    .description('show the roadmap in a browser, until Ctrl-C')
    .option('--port <number>', 'where to listen; when it is taken, the next free one', '4600')
    .action((options: Flags) =>
      run(async (signal) => (await import('./commands/web.ts')).web(options, signal))(),
    );

  const roadmap = program.command('roadmap').description('the career as data');
  roadmap
    .command('check')
    .description('whether it is whole: ids, prerequisites, sources, placement items')
    .option('--write', 'publish new ids: add them to roadmap/ids.yaml')
    .option(...json)
    .action((options: Flags) =>
      run(async () => (await import('./commands/roadmap.ts')).roadmapCheck(options))(),
    );

  const db = program.command('db').description('the database: placement, plans, attempts');
  db.command('backup [file]')
    .description('everything in it as one file')
    .option(...json)
    .action((file: string | undefined, options: Flags) =>
      run(async (signal) => (await import('./commands/db.ts')).dbBackup(file, options, signal))(),
    );
  db.command('restore <file>')
    .description('put a backup into it')
    .option('--replace', 'in the place of what is there, which is backed up first')
    .option(...json)
    .action((file: string, options: Flags) =>
      run(async (signal) => (await import('./commands/db.ts')).dbRestore(file, options, signal))(),
    );
  db.command('export [file]')
    .description('all that is stored of you, as JSON')
    .action((file: string | undefined) =>
      run(async (signal) => (await import('./commands/db.ts')).dbExport(file, signal))(),
    );
  db.command('status')
    .description('which one it is, whether it runs, what is in it')
    .option(...json)
    .action((options: Flags) => run(async () => (await import('./commands/db.ts')).dbStatus(options))());

  program
    .command('plan [target]')
    .description('a dated path to a specialization, domain, stage or job; without one, what there is')
    .option('--hours <n>', 'hours a week', '6')
    .option('--start <day>', 'first day, as 2026-12-01; today unless given')
    .option('--entry <stage>', 'entry stage: what is below it counts as known')
    .option('--off <days>', 'days off: sat,sun,2026-12-24..2027-01-02')
    .option('--done <names>', 'skills and labs that are done; NAME=HOURS for hours put into one')
    .option('--job <file>', 'plan for a job description (- is standard input)')
    .option('--with <skills>', 'add skills to those the job asks for')
    .option('--without <skills>', 'take skills out of those the job asks for')
    .option('--ics <file>', 'write an iCalendar file (- is standard output)')
    .option('--markdown', 'print it as Markdown')
    .option(...json)
    .action((target: string | undefined, options: PlanOptions) =>
      run(async () => (await import('./commands/plan.ts')).plan(target, options))(),
    );

  const kit = program.command('kit').description('the Debian toolchain');
  kit
    .command('info')
    .option(...json)
    .action((options: Flags) => run(async () => (await import('./commands/cache.ts')).kitInfo(options))());
  const cache = program.command('cache').description('the folder of things that can be made again');
  cache
    .command('size')
    .option(...json)
    .action((options: Flags) => run(async () => (await import('./commands/cache.ts')).cacheSize(options))());
  cache
    .command('prune')
    .option('--templates', 'all templates')
    .option('--all', 'everything')
    .action((options: Flags) => run(async () => (await import('./commands/cache.ts')).cachePrune(options))());

  program
    .command('test')
    .description('test bringup itself: lint, types, unit and machine tests, every lab')
    .action(() => run(async (signal) => (await import('./commands/test.ts')).test(signal))());
  program
    .command('bench')
    .description('measure the engine of labs, or how well made-up engineers are placed')
    .addArgument(new Argument('[what]').choices(['engine', 'placement']).default('engine'))
    .option(...json)
    .option('--quick', 'fewer runs')
    .action((what: string, options: Flags) =>
      run(async (signal) =>
        what === 'placement'
          ? (await import('./commands/bench-placement.ts')).benchPlacement(options, signal)
          : (await import('./commands/bench.ts')).bench(options, signal),
      )(),
    );
  return program;
}
