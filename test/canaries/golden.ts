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

/** A report without what differs between builds of the kernel and of the module: offsets, lines, pages. */
export function essence(report: Report): object {
  const name = (frame: Frame | undefined): string | undefined =>
    frame && frameName({ ...frame, fn: frame.fn.replace(/\.(?:cold|constprop|isra).*$/, ''), offset: 0 });
  const ours = (frames: readonly Frame[] | undefined): (string | undefined)[] | undefined =>
    frames
      ?.filter(({ module, uncertain }) => module === 'canaries' && !uncertain)
      .map(name)
      // How deep a recursion went differs too.
      .filter((fn, i, all) => fn !== all[i - 1]);
  const { kind, title, detail, object, locks, task, panic, truncated } = report;
  return {
    ...{ kind, title, object, locks, comm: task?.comm, panic, truncated },
    detail: detail.replace(/:\d+$/, '').replace(/^\/work\//, '/lab/'),
    blamed: name(blame(report, ['canaries'])),
    trace: ours(report.trace),
    allocated: ours(report.allocated),
    freed: ours(report.freed),
    related: report.related?.map(({ title }) => title.replace(/[0-9a-f]{8,}/g, '…')),
  };
}
