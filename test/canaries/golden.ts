// SPDX-License-Identifier: Apache-2.0
// The logs of canaries as samples of the console, and what must be the same in every run.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blame, frameName, type Frame, type Message, type Report } from '../../src/console/index.ts';
import { repository } from '../../src/shared/paths.ts';

/** Set to write the samples anew. */
export const golden = process.env['BRINGUP_GOLDEN'] === '1';

/** Writes the messages from the first report to the end of the last one as a sample. */
export function writeSample(name: string, messages: readonly Message[], reports: readonly Report[]): void {
  const last = Math.max(...reports.map((report) => report.last));
  let first = Math.min(...reports.map((report) => report.first));
  while (/^(?:=*|kernel tried to execute .*)$/.test(messages[first - 1]?.text ?? 'no')) first--;
  const lines = messages.slice(first, last + 1).map(asLine);
  // The sandbox builds in /work, which may be a folder of somebody's.
  const text = `${lines.join('\n')}\n`.replaceAll(/(?<![\w.])\/work\//g, '/lab/');
  writeFileSync(join(repository, 'src/console/samples', `${name}.log`), text);
}

function asLine({ time, caller, text }: Message): string {
  if (Number.isNaN(time)) return text;
  return `[${time.toFixed(6).padStart(12)}][${(caller ?? '').padStart(6)}] ${text}`.trimEnd();
}

/**
 * A report without what differs between builds of the kernel and the module, and with what the machine was
 * doing when its template was saved: offsets, lines, numbers of interrupts and processes, the task that was
 * interrupted.
 */
export function essence(report: Report): object {
  const name = (frame: Frame | undefined): string | undefined =>
    frame && frameName({ ...frame, fn: frame.fn.replace(/\.(?:cold|constprop|isra).*$/, ''), offset: 0 });
  const inModule = ({ module, uncertain }: Frame): boolean => module === 'canaries' && !uncertain;
  const ours = (frames: readonly Frame[] | undefined): (string | undefined)[] | undefined =>
    frames
      ?.filter(inModule)
      .map(name)
      // How deep a recursion went differs too.
      .filter((fn, i, all) => fn !== all[i - 1]);
  const scrub = (text: string): string =>
    text
      .replace(/:\d+$/, '')
      .replace(/^\/work\//, '/lab/')
      .replace(/\birq \d+/, 'irq N')
      .replace(/\b(task-\d+)\/\d+/, '$1/N')
      .replace(/[0-9a-f]{8,}/g, '…')
      .replace(/\b\d+ s\b/, 'N s');
  const { kind, title, detail, object, locks, task, panic, truncated, related = [] } = report;
  return {
    ...{ kind, object, panic, truncated, title: scrub(title), detail: scrub(detail) },
    task: task !== undefined,
    // The task that was interrupted may hold others.
    locks: locks?.slice(0, 2),
    blamed: name(blame(report, ['canaries'])),
    trace: ours(report.trace.filter((frame) => !frame.interrupted)),
    allocated: ours(report.allocated),
    freed: ours(report.freed),
    related: related
      .filter(({ frames }) => frames.some(inModule))
      .map(({ title, frames }) => [scrub(title), ...(ours(frames) ?? [])]),
  };
}
