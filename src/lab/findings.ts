// SPDX-License-Identifier: Apache-2.0
import {
  blame,
  explain,
  kinds,
  type Frame,
  type Locate,
  type Message,
  type Report,
} from '../console/index.ts';
import type { LogRecord } from '../machine/log-ring.ts';
import { moduleSpace } from '../machine/address-space.ts';
import type { CheckRun } from './run.ts';
import { excerpt } from './symbolize.ts';
import type { Finding, Place } from './verdict.ts';
import type { Sources } from './workspace.ts';

/** Log records as the console reads them: one message a line. */
export function messagesOf(records: readonly LogRecord[]): Message[] {
  return records.flatMap(({ text, ...rest }) => text.split('\n').map((line) => ({ ...rest, text: line })));
}

/** Every frame a report has, for the symbolizer. */
export function framesOf(report: Report): Frame[] {
  const related = (report.related ?? []).flatMap(({ frames }) => frames);
  return [...report.trace, ...(report.allocated ?? []), ...(report.freed ?? []), ...related];
}

/** True when the learner's module has a part in a report: a frame of it, or an address where modules are. */
export function concerns(report: Report, module: string, text: string): boolean {
  if (blame(report, [module])) return true;
  const name = module.replaceAll('-', '_');
  if (framesOf(report).some((frame) => frame.module?.replaceAll('-', '_') === name)) return true;
  for (const [hex] of text.matchAll(/\b(?:0x)?ffffffff[a-f][0-9a-f]{7}\b/g)) {
    const address = BigInt(hex.startsWith('0x') ? hex : `0x${hex}`);
    if (address >= moduleSpace.start && address < moduleSpace.end) return true;
  }
  return new RegExp(`\\[${name}\\]|module ${name} `).test(text);
}

/** The kernel's own words for a report. */
export function textOf(report: Report, messages: readonly Message[]): string {
  return messages
    .slice(report.first, report.last + 1)
    .slice(0, 200)
    .map(({ text }) => text)
    .join('\n');
}

export interface FindingContext {
  messages: readonly Message[];
  run: CheckRun;
  module: string;
  sources: Sources;
  locate: Locate;
}

/** A report as a finding: with the learner's lines it is about, and what it means. */
export function toFinding(report: Report, context: FindingContext): Finding {
  const { messages, run, module, sources, locate } = context;
  const places: Place[] = [];
  const add = (role: string, frames: readonly Frame[] | undefined): void => {
    if (!frames || frames.length === 0) return;
    const frame = blame({ ...report, trace: [...frames], allocated: [], freed: [], related: [] }, [module]);
    if (!frame) return;
    // A line that the kernel names itself is the one: allocation tags and gcc know it better.
    const named = frame.file !== undefined && frame.line !== undefined;
    const location = named ? { file: frame.file!, line: frame.line! } : locate(frame);
    places.push({
      fn: frame.fn,
      role,
      ...(location && { file: location.file, line: location.line, excerpt: excerpt(sources, location) }),
    });
  };
  const source = ownSource(report, sources);
  if (source && report.kind === 'ubsan') places.push(source);
  else if (report.kind === 'leak') add('allocated', report.allocated ?? report.trace);
  else {
    add('here', report.trace);
    add('allocated', report.allocated);
    add('freed', report.freed);
    for (const stack of report.related ?? []) if (places.length < 4) add(stack.title, stack.frames);
  }
  if (places.length === 0 && source) places.push(source);
  const seq = messages[report.first]?.seq ?? Infinity;
  const step = run.marks.find((mark) => seq <= mark.seq)?.step;
  return {
    kind: report.kind,
    name: kinds[report.kind].name,
    title: report.title,
    detail: report.detail,
    places,
    ...(step !== undefined && { step }),
    report: textOf(report, messages),
    explanation: explain(report),
  };
}

/** The line that a report names in its own text, when it is one of the learner's. */
function ownSource({ source }: Report, sources: Sources): Place | undefined {
  if (!source) return undefined;
  const location = { file: source.file.replace(/^.*\/work\//, ''), line: source.line };
  if (!sources.has(location.file)) return undefined;
  return { fn: '', role: 'here', ...location, excerpt: excerpt(sources, location) };
}

/** The same mistake often reports many times: one finding for each kind, title and place. */
export function distinct(findings: readonly Finding[]): Finding[] {
  const seen = new Map<string, Finding>();
  for (const finding of findings) {
    const place = finding.places[0];
    const key = `${finding.kind} ${finding.title} ${place?.file ?? ''}:${place?.line ?? place?.fn ?? finding.detail}`;
    if (!seen.has(key)) seen.set(key, finding);
  }
  return [...seen.values()].slice(0, 10);
}
