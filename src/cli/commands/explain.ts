// SPDX-License-Identifier: Apache-2.0
// bringup explain [LOG]: what the reports in a kernel log mean.
import { createReadStream } from 'node:fs';
import { basename } from 'node:path';
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
import { BringupError, exit } from '../../shared/errors.ts';

/** A log larger than this is not one a person wants explained. */
const largest = 64 * 1024 * 1024;

interface ExplainOptions {
  /** Modules that are worked on: names, or paths of .ko files. Without it, those that the log marks as out of tree. */
  module?: string[];
  json?: boolean;
  /** Finds the source line of a frame. */
  locate?: Locate;
}

/** Explains the reports in a log; no file, or '-', is standard input. Returns 0 if there are any, else 1. */
export async function explainCommand(file: string | undefined, options: ExplainOptions): Promise<number> {
  const messages = parseLog(await readInput(file));
  const reports = findReports(messages);
  const modules = options.module?.map((name) => basename(name, '.ko')) ?? outOfTreeModules(messages);
  const output = options.json
    ? `${JSON.stringify(asJson(reports, messages, modules, options.locate), jsonValue, 2)}\n`
    : asText(reports, messages, modules, options.locate);
  process.stdout.write(output);
  return reports.length > 0 ? exit.ok : exit.fail;
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
