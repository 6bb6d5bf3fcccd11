// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { Frame, Locate, Location } from '../console/index.ts';
import type { Kit } from '../kit/kit.ts';
import { sandboxed } from '../kit/sandbox.ts';
import { run } from '../shared/run.ts';
import type { CodePlace } from '../machine/whereabouts.ts';
import type { Place } from './verdict.ts';
import type { Sources } from './workspace.ts';

interface ElfSymbol {
  section: number;
  value: bigint;
}

/**
 * Finds the source line of frames in the learner's module, from the debug information of its .ko. The
 * file is the learner's, so binutils read it in the sandbox. Frames of other modules have no location.
 */
export async function symbolizer(
  kit: Kit,
  ko: string,
  module: string,
  frames: readonly Frame[],
  sources: Sources,
): Promise<Locate> {
  const inside = (argv: string[], input?: string): Promise<string> =>
    run(sandboxed({ kit: kit.root, readOnly: { '/module.ko': ko } }, argv), {
      deadline: 10_000,
      maxOutput: 8 << 20,
      ...(input !== undefined && { input }),
    }).then(({ stdout }) => stdout.toString());
  const { sections, symbols } = parseReadelf(await inside(['readelf', '-SsW', '/module.ko']));
  const ours = frames.filter((frame) => sameModule(frame.module, module) && symbols.has(frame.fn));
  const found = new Map<string, Location>();
  const bySection = Map.groupBy(ours, (frame) => symbols.get(frame.fn)!.section);
  for (const [section, group] of bySection) {
    const name = sections.get(section);
    if (!name) continue;
    const addresses = group.map((frame) => symbols.get(frame.fn)!.value + BigInt(within(frame)));
    const input = addresses.map((address) => `0x${address.toString(16)}\n`).join('');
    // -i: with the callers it was inlined into; -a: each answer begins with its address.
    const output = await inside(['addr2line', '-i', '-a', '-e', '/module.ko', `--section=${name}`], input);
    const answers = output.split(/^0x[0-9a-f]+$/m).slice(1);
    group.forEach((frame, i) => {
      const location = learnersLine(answers[i] ?? '', sources);
      if (location) found.set(key(frame), location);
    });
  }
  return (frame) => found.get(key(frame));
}

/**
 * The line of a place in the code of the learner's module, for a verdict; [] when it has none. Its file is
 * read in the sandbox.
 */
export async function placesAt(kit: Kit, ko: string, at: CodePlace, sources: Sources): Promise<Place[]> {
  const inside = (argv: string[]): Promise<string> =>
    run(sandboxed({ kit: kit.root, readOnly: { '/module.ko': ko } }, argv), {
      deadline: 10_000,
      maxOutput: 1 << 20,
    }).then(({ stdout }) => stdout.toString());
  const section = sectionAt(await inside(['readelf', '-SW', '/module.ko']), at);
  if (!section) return [];
  const address = `0x${Math.max(0, section.offset - 1).toString(16)}`;
  const output = await inside([
    'addr2line',
    '-f',
    '-i',
    '-e',
    '/module.ko',
    `--section=${section.name}`,
    address,
  ]);
  const rows = output.trim().split('\n');
  const location = learnersLine(rows.filter((_, i) => i % 2 === 1).join('\n'), sources);
  if (!location) return [];
  const { file, line } = location;
  return [{ fn: rows[0] ?? '', role: 'here', file, line, excerpt: excerpt(sources, location) }];
}

/** The kernel puts the sections with code one after the other (kernel/module/main.c, __layout_sections). */
function sectionAt(readelf: string, at: CodePlace): { name: string; offset: number } | undefined {
  let next = 0;
  const rows = readelf.matchAll(
    /^ +\[ *\d+\] (\S+) +\S+ +[0-9a-f]+ [0-9a-f]+ ([0-9a-f]+) \S+ +AX +\d+ +\d+ +(\d+)$/gm,
  );
  for (const [, name, size, alignment] of rows) {
    if (name!.startsWith('.init') !== (at.memory === 'init')) continue;
    const align = Math.max(1, Number(alignment));
    const start = Math.ceil(next / align) * align;
    next = start + parseInt(size!, 16);
    if (at.offset >= start && at.offset <= next) return { name: name!, offset: at.offset - start };
  }
  return undefined;
}

const key = (frame: Frame): string => `${frame.fn}+${frame.offset}`;
const sameModule = (a: string | undefined, b: string): boolean =>
  a?.replaceAll('-', '_') === b.replaceAll('-', '_');

/** Addresses in a trace are return addresses, and the call is just before; an exact one is the place itself. */
function within(frame: Frame): number {
  return frame.exact ? frame.offset : Math.max(0, frame.offset - 1);
}

/** The innermost line in the learner's own files: not that of a kernel header inlined there. */
function learnersLine(answer: string, sources: Sources): Location | undefined {
  for (const row of answer.trim().split('\n')) {
    const match = /^(?:\/work\/)?(.+):(\d+)/.exec(row);
    const file = join(match?.[1] ?? '');
    const content = sources.get(file);
    if (!match || !content) continue;
    const line = Number(match[2]);
    const text = content.toString('utf8').split('\n')[line - 1];
    return { file, line, ...(text !== undefined && { text }) };
  }
  return undefined;
}

function parseReadelf(text: string): { sections: Map<number, string>; symbols: Map<string, ElfSymbol> } {
  const sections = new Map<number, string>();
  const symbols = new Map<string, ElfSymbol>();
  for (const line of text.split('\n')) {
    const section = /^ +\[ *(\d+)\] (\S+) /.exec(line);
    if (section) sections.set(Number(section[1]), section[2]!);
    const symbol = /^ +\d+: ([0-9a-f]+) +\d+ FUNC +\S+ +\S+ +(\d+) (\S+)$/.exec(line);
    if (symbol) symbols.set(symbol[3]!, { section: Number(symbol[2]), value: BigInt(`0x${symbol[1]}`) });
  }
  return { sections, symbols };
}

/** Lines around a location, for a verdict: [number, text]. */
export function excerpt(sources: Sources, { file, line }: Location, around = 2): [number, string][] {
  const lines = sources.get(file)?.toString('utf8').split('\n') ?? [];
  const first = Math.max(1, line - around);
  return lines.slice(first - 1, line + around).map((text, i) => [first + i, text.slice(0, 200)]);
}
