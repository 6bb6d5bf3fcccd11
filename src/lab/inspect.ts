// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Kernel } from '../kernel/kernel.ts';
import type { Kit } from '../kit/kit.ts';
import { sandboxed } from '../kit/sandbox.ts';
import { run } from '../shared/run.ts';
import { parseDiagnostics } from './diagnostics.ts';
import type { Sources } from './workspace.ts';

/** A remark that does not decide the verdict. */
export interface Note {
  tool: 'sparse' | 'checkpatch';
  file: string;
  line: number;
  message: string;
}

const limits = { cpuSeconds: 20, processes: 4096, addressBytes: 2 ** 30 };

/**
 * What sparse and checkpatch say of the learner's C files: sparse with the flags kbuild compiled them
 * with, checkpatch from the kernel's own source tree. Both run in the sandbox. A kernel without its
 * source tree gives no notes.
 */
export async function inspect(kit: Kit, kernel: Kernel, work: string, sources: Sources): Promise<Note[]> {
  if (!kernel.sourceTree) return [];
  const files = [...sources.keys()].filter((name) => /^[\w./-]+\.[ch]$/.test(name));
  const commands = files.map((name) => sparseCommand(work, name)).filter((command) => command !== undefined);
  const checkpatch = `perl ${kernel.sourceTree}/scripts/checkpatch.pl --no-tree --no-summary --terse --strict --show-types --file ${files.map((name) => `/work/${name}`).join(' ')}`;
  const sandbox = {
    kit: kit.root,
    readOnly: { ...kernel.buildFolders, '/work': work },
    cwd: kernel.buildTree,
    limits,
  };
  const inside = (script: string): Promise<string> =>
    run(sandboxed(sandbox, ['sh', '-c', script]), { deadline: 20_000, maxOutput: 1 << 20 }).then(
      ({ stdout, stderr }) => Buffer.concat([stdout, stderr]).toString(),
    );
  const [sparse, style] = await Promise.all([
    inside(commands.join('\n')),
    files.length > 0 ? inside(checkpatch) : '',
  ]);
  const remarks = parseDiagnostics(sparse).filter(({ file }) => sources.has(file));
  return [
    ...remarks.map(({ file, line, message }) => ({ tool: 'sparse' as const, file, line, message })),
    ...parseCheckpatch(style),
  ].slice(0, 50);
}

/** The compiler's command of a file with sparse in its place (scripts/Makefile.build, cmd_checksrc). */
function sparseCommand(work: string, name: string): string | undefined {
  const file = join(work, `.${name.replace(/\.c$/, '.o')}.cmd`);
  if (!name.endsWith('.c') || name.includes('/') || !existsSync(file)) return undefined;
  const saved = /^savedcmd_\S+ := (.*)$/m.exec(readFileSync(file, 'utf8'))?.[1];
  const flags = /^gcc (.*) -c -o \S+ /.exec(saved ?? '')?.[1]?.replace(/-Wp,\S+/, '');
  if (!flags) return undefined;
  const own =
    '-D__linux__ -Dlinux -D__STDC__ -Dunix -D__unix__ -Wbitwise -Wno-return-void -Wno-unknown-attribute -D__x86_64__ --arch=x86 -m64';
  return `sparse ${own} ${flags.replaceAll('$(pound)', '#')} /work/${name}`;
}

/** Lines such as '/work/echo.c:12: WARNING:LONG_LINE: line length of 120 exceeds 100 columns'. */
function parseCheckpatch(output: string): Note[] {
  const notes: Note[] = [];
  for (const [, file, line, message] of output.matchAll(
    /^(?:\/work\/)?([^\s:]+):(\d+): (?:ERROR|WARNING|CHECK):(.*)$/gm,
  )) {
    notes.push({
      tool: 'checkpatch',
      file: file!,
      line: Number(line),
      message: message!.trim().slice(0, 200),
    });
  }
  return notes;
}
