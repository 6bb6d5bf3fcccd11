// SPDX-License-Identifier: Apache-2.0
// bringup explain [LOG]: what the reports in a kernel log mean.
import { createReadStream, existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import {
  blame,
  blameKernel,
  detectorOff,
  explain,
  findReports,
  lostMessages,
  outOfTreeModules,
  parseLog,
  render,
  type Locate,
  type Message,
  type Report,
} from '../../console/index.ts';
import { requireKit } from '../../kit/kit.ts';
import { framesOf } from '../../lab/findings.ts';
import { openLabFolder } from '../../lab/folder.ts';
import { symbolizer } from '../../lab/symbolize.ts';
import { readSources } from '../../lab/workspace.ts';
import { BringupError, exit } from '../../shared/errors.ts';
import { lastVerdict } from './check.ts';

/** A log larger than this is not one a person wants explained. */
const largest = 64 * 1024 * 1024;

interface ExplainOptions {
  /** Modules that are worked on: names, or paths of .ko files. Without it, those that the log marks as out of tree. */
  module?: string[];
  json?: boolean;
  /** The n-th finding of the last check of the lab in this folder; `true` is the first. */
  last?: string | true;
}

/** Explains the reports in a log; no file, or '-', is standard input. Returns 0 if there are any, else 1. */
export async function explainCommand(file: string | undefined, options: ExplainOptions): Promise<number> {
  const last = options.last === undefined ? undefined : lastFinding(options.last);
  const messages = parseLog(last?.text ?? (await readInput(file)));
  const reports = findReports(messages);
  const modules = last
    ? [last.module]
    : (options.module?.map((name) => basename(name, '.ko')) ?? outOfTreeModules(messages));
  const locate = last?.locate ?? (await locateIn(options.module ?? [], reports));
  if (last && reports.length === 0) {
    process.stdout.write(`${last.text}\n`);
    return exit.ok;
  }
  const output = options.json
    ? `${JSON.stringify(asJson(reports, messages, modules, locate), jsonValue, 2)}\n`
    : asText(reports, messages, modules, locate);
  process.stdout.write(output);
  return reports.length > 0 ? exit.ok : exit.fail;
}

/** A finding of the last check: the kernel's words, and the lines the verdict already found. */
function lastFinding(which: string | true): { text: string; module: string; locate: Locate } {
  const folder = openLabFolder('.');
  const { findings } = lastVerdict(folder);
  const number = which === true ? 1 : Number(which);
  const finding = findings[number - 1];
  if (!finding) {
    throw new BringupError('E-INPUT', `the last check has ${findings.length} findings, no number ${which}`, {
      next: 'Run `bringup check` to see them.',
    });
  }
  const text = finding.report || `${finding.title}: ${finding.detail}`;
  const locate: Locate = ({ fn }) => {
    const place = finding.places.find((candidate) => candidate.fn === fn);
    if (!place?.file || !place.line) return undefined;
    const source = place.excerpt?.find(([line]) => line === place.line)?.[1];
    return { file: place.file, line: place.line, ...(source !== undefined && { text: source }) };
  };
  return { text, module: folder.lab.module, locate };
}

/** Source lines from the debug information of .ko files, with the sources beside them. */
async function locateIn(modules: string[], reports: Report[]): Promise<Locate | undefined> {
  const files = modules.filter((name) => name.endsWith('.ko') && existsSync(name));
  if (files.length === 0) return undefined;
  const kit = requireKit();
  const frames = reports.flatMap(framesOf);
  const finders = await Promise.all(
    files.map((ko) =>
      symbolizer(kit, resolve(ko), basename(ko, '.ko'), frames, readSources(dirname(resolve(ko)))),
    ),
  );
  return (frame) => finders.map((find) => find(frame)).find((location) => location !== undefined);
}

async function readInput(file: string | undefined): Promise<string> {
  const named = file !== undefined && file !== '-';
  const source = named ? createReadStream(file) : process.stdin;
  const name = named ? file : 'standard input';
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > largest) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BringupError('E-INPUT', `${name} could not be read: ${why}`, { cause });
  }
  if (size > largest) {
    throw new BringupError('E-INPUT', `${name} is larger than 64 MiB`, {
      next: 'Cut out the part around the report, a few hundred lines, and explain that.',
    });
  }
  return Buffer.concat(chunks).toString('utf8');
}

function asText(
  reports: Report[],
  messages: Message[],
  modules: string[],
  locate: Locate | undefined,
): string {
  const { isTTY } = process.stdout;
  const color = isTTY && !process.env['NO_COLOR'];
  if (reports.length === 0) return `No report found in ${messages.length} lines.\n`;
  const { lost, off } = health(messages);
  const notes: string[] = [];
  if (lost > 0) notes.push(`${lost} messages of this log were lost; more may have been reported.`);
  if (off.length > 0) notes.push(`Switched off during this log: ${off.join(', ')}.`);
  const text = render(reports, { color, modules, ...(locate && { locate }) });
  return notes.length === 0 ? text : `${text}\n${notes.join('\n')}\n`;
}

function asJson(
  reports: Report[],
  messages: Message[],
  modules: string[],
  locate: Locate | undefined,
): unknown {
  return {
    ...health(messages),
    reports: reports.map((report) => {
      const frame = blame(report, modules) ?? blameKernel(report);
      const where = frame && { frame, location: locate?.(frame) };
      return { ...report, where, explanation: explain(report) };
    }),
  };
}

function health(messages: Message[]): { lost: number; off: string[] } {
  const off = new Set<string>();
  let lost = 0;
  for (const message of messages) {
    lost += lostMessages(message);
    const detector = detectorOff(message);
    if (detector !== undefined) off.add(detector);
  }
  return { lost, off: [...off] };
}

/** Addresses as the kernel writes them. */
function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `0x${value.toString(16)}` : value;
}
