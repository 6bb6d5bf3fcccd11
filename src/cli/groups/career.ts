// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';
import type { PlanOptions } from '../commands/plan.ts';
import { json, type Flags, type Run } from './command.ts';

/** The roadmap, plans, and the database that keeps them. */
export function addCareerCommands(program: Command, run: Run): void {
  program
    .command('web')
    .description('show the roadmap in a browser, until Ctrl-C')
    .option('--port <number>', 'where to listen; when it is taken, the next free one', '4600')
    .action((options: Flags) =>
      run(async (signal) => (await import('../commands/web.ts')).web(options, signal))(),
    );

  const roadmap = program.command('roadmap').description('the career as data');
  roadmap
    .command('check')
    .description('whether it is whole: ids, prerequisites, sources, placement items')
    .option('--write', 'publish new ids: add them to roadmap/ids.yaml')
    .option(...json)
    .action((options: Flags) =>
      run(async () => (await import('../commands/roadmap.ts')).roadmapCheck(options))(),
    );

  const db = program.command('db').description('the database: placement, plans, attempts');
  db.command('backup [file]')
    .description('everything in it as one file')
    .option(...json)
    .action((file: string | undefined, options: Flags) =>
      run(async (signal) => (await import('../commands/db.ts')).dbBackup(file, options, signal))(),
    );
  db.command('restore <file>')
    .description('put a backup into it')
    .option('--replace', 'in the place of what is there, which is backed up first')
    .option(...json)
    .action((file: string, options: Flags) =>
      run(async (signal) => (await import('../commands/db.ts')).dbRestore(file, options, signal))(),
    );
  db.command('export [file]')
    .description('all that is stored of you, as JSON')
    .action((file: string | undefined) =>
      run(async (signal) => (await import('../commands/db.ts')).dbExport(file, signal))(),
    );
  db.command('status')
    .description('which one it is, whether it runs, what is in it')
    .option(...json)
    .action((options: Flags) => run(async () => (await import('../commands/db.ts')).dbStatus(options))());

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
      run(async () => (await import('../commands/plan.ts')).plan(target, options))(),
    );
}
