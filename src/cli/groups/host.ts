// SPDX-License-Identifier: Apache-2.0
import type { Command } from 'commander';
import { json, type Flags, type Run } from './command.ts';

/** What is on this host: setting up, kit, kernels and cache. */
export function addHostCommands(program: Command, run: Run): void {
  program
    .command('start')
    .description('make what is missing: kit, kernels; then say what to do next')
    .option('--wait', 'stay until the core kernel is built')
    .option('--no-web', 'do not start the web')
    .option('--no-open', 'do not show it in the browser')
    .option('--no-quick', "do not fetch Debian's kernel for provisional verdicts")
    .action((options: Flags) =>
      run(async (signal) => (await import('../commands/setup.ts')).start(options, signal))(),
    );
  program
    .command('stop')
    .description('end what runs in the background')
    .action(() => run(async () => (await import('../commands/setup.ts')).stop())());
  program
    .command('status')
    .description('what is there and what is being made')
    .option(...json)
    .action((options: Flags) => run(async () => (await import('../commands/setup.ts')).status(options))());
  program
    .command('doctor')
    .description('look at what the host offers and say what is missing')
    .option(...json)
    .action((options: Flags) => run(async () => (await import('../commands/doctor.ts')).doctor(options))());

  const kernel = program.command('kernel').description('kernels and their flavors');
  kernel
    .command('list')
    .option(...json)
    .action((options: Flags) =>
      run(async () => (await import('../commands/kernel.ts')).kernelList(options))(),
    );
  kernel
    .command('build <flavor>')
    .option('--rejudge', 'then judge again what was judged provisionally')
    .option(...json)
    .action((id: string, options: Flags) =>
      run(async (signal) => (await import('../commands/kernel.ts')).kernelBuild(id, options, signal))(),
    );
  kernel
    .command('add <path>')
    .description('make a flavor of your own kernel tree')
    .option('--name <id>', 'name of the flavor')
    .action((path: string, options: Flags) =>
      run(async () => (await import('../commands/kernel.ts')).kernelAdd(path, options))(),
    );
  kernel
    .command('remove <flavor>')
    .action((id: string) => run(async () => (await import('../commands/kernel.ts')).kernelRemove(id))());

  const kit = program.command('kit').description('the Debian toolchain');
  kit
    .command('info')
    .option(...json)
    .action((options: Flags) => run(async () => (await import('../commands/cache.ts')).kitInfo(options))());
  const cache = program.command('cache').description('the folder of things that can be made again');
  cache
    .command('size')
    .option(...json)
    .action((options: Flags) => run(async () => (await import('../commands/cache.ts')).cacheSize(options))());
  cache
    .command('prune')
    .option('--templates', 'all templates')
    .option('--all', 'everything')
    .action((options: Flags) =>
      run(async () => (await import('../commands/cache.ts')).cachePrune(options))(),
    );
}
