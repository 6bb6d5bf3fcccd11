// SPDX-License-Identifier: Apache-2.0
import { existsSync, lstatSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The shell script that repeats a module build from the commands kbuild saved (`savedcmd_…` in the
 * .*.cmd files, scripts/Kbuild.include): the same commands, without make reading the kernel's Makefiles
 * again. Undefined when the build left something this does not know. The commands come from a build of
 * the learner's Makefile, so they run in the sandbox that build ran in and nowhere else.
 */
export function replayScript(folder: string, module: string): string | undefined {
  const commands = savedCommands(folder);
  const take = (target: string): string | undefined => commands.get(`/work/${target}`);
  const modpost = take('Module.symvers');
  const generated = take(`${module}.mod.o`);
  const linked = take(`${module}.ko`);
  if (!modpost || !generated || !linked) return undefined;

  const objects = [...commands].filter(([target]) => target.endsWith('.o') && !special.test(target));
  // Objects made from others (ld -r) come after those made from sources.
  const fromSources = objects.filter(([target, command]) => compiles(target, command));
  const combined = objects.filter(([target, command]) => !compiles(target, command));
  if (fromSources.length === 0) return undefined;
  return [
    'set -e',
    ...fromSources.map(([, command]) => command),
    ...combined.map(([, command]) => command),
    `cp /work/${module}.mod.c /tmp/previous.mod.c`,
    modpost,
    `cmp -s /work/${module}.mod.c /tmp/previous.mod.c || { ${generated}; }`,
    linked,
  ].join('\n');
}

const special = /\/\.module-common\.o$|\.mod\.o$/;

function compiles(target: string, command: string): boolean {
  return command.includes(` -c -o ${target} `);
}

/** Target → command, of all .cmd files directly in the folder. */
function savedCommands(folder: string): Map<string, string> {
  const commands = new Map<string, string>();
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (!/^\..*\.cmd$/.test(name)) continue;
    const stat = lstatSync(join(folder, name));
    if (!stat.isFile() || stat.size > 1 << 20) continue; // not kbuild's
    const match = /^savedcmd_(\S+) := (.*)$/m.exec(readFileSync(join(folder, name), 'utf8'));
    if (match) commands.set(match[1]!, match[2]!.replaceAll('$$', '$').replaceAll('$(pound)', '#'));
  }
  return commands;
}
