// SPDX-License-Identifier: Apache-2.0
import { detectorOff, findReports, leakReports, parseKmemleak, type Report } from '../console/index.ts';
import type { Kit } from '../kit/kit.ts';
import { moduleSpace } from '../machine/address-space.ts';
import type { Change } from '../machine/integrity.ts';
import type { LogRecord } from '../machine/log-ring.ts';
import { BringupError } from '../shared/errors.ts';
import type { Build } from './build.ts';
import { concerns, distinct, framesOf, messagesOf, textOf, toFinding } from './findings.ts';
import type { CheckRun } from './run.ts';
import { placesAt, symbolizer } from './symbolize.ts';
import type { Finding, OwnKind } from './verdict.ts';
import type { Sources } from './workspace.ts';

/** What was seen of a machine from outside at the end of a run. */
export interface Observation {
  records: LogRecord[];
  /** Records that were overwritten by later ones. */
  lost: number;
  changes: Change[];
  /** Bits of the kernel's taint mask that were not set before. */
  taint: bigint;
  /** What kmemleak reported, as its debugfs file has it. */
  leaks: string;
  residue: string[];
}

/** Out of tree and unsigned: every learner's module is. */
const expectedTaint = (1n << 12n) | (1n << 13n);
/**
 * Allocation profiling warns when memory for its own records could not be had, which happens when a
 * failure was asked for (mm/slub.c, prepare_slab_obj_exts_hook). The allocation itself went well.
 */
const artifact = /Failed to create slab extension vector/;
const proprietary = 1n << 0n;

/** The switch of a detector → what `detectorOff` calls the detector. */
const switches: Record<string, string> = {
  debug_locks: 'lockdep',
  kmemleak_enabled: 'kmemleak',
  debug_objects_enabled: 'debugobjects',
};
/** The taint that a real report leaves: end_report(), __warn(), oops_end() in the kernel source. */
const marks: Partial<Record<Report['kind'], bigint>> = {
  kasan: 1n << 5n,
  warning: 1n << 9n,
  oops: 1n << 7n,
  bug: 1n << 7n,
};

function marked(report: Report, taint: bigint): boolean {
  const mark = marks[report.kind];
  return mark === undefined || (taint & mark) !== 0n;
}

/**
 * Draws the findings from what was seen. Throws what is ours and not the learner's: E-DETECTOR,
 * E-KERNEL-REPORT.
 */
export async function judge(
  kit: Kit,
  module: string,
  build: Build,
  sources: Sources,
  run: CheckRun,
  seen: Observation,
): Promise<Finding[]> {
  const messages = messagesOf(seen.records);
  // The kernel has races of its own, known and left alone, which say nothing of the run.
  const all = findReports(messages).filter(
    (report) => report.kind !== 'kcsan' || concerns(report, module, textOf(report, messages)),
  );
  const reports = all.filter((report) => !artifact.test(textOf(report, messages)));
  const leaked = leakReports(parseKmemleak(seen.leaks)).filter((report) => framesOf(report).some(inModules));
  const locate = build.file
    ? await locator(kit, build.file, module, [...reports, ...leaked], sources)
    : () => undefined;
  const context = { messages, run, module, sources, locate };

  const theirs = reports.filter((report) => concerns(report, module, textOf(report, messages)));
  const findings = [...theirs, ...leaked].map((report) => toFinding(report, context));
  findings.push(...ownFindings(run, seen, all.length > 0));
  const hang = findings.find(({ name }) => name === 'hang');
  if (hang && run.hangAt && build.file) hang.places = await placesAt(kit, build.file, run.hangAt, sources);
  if (findings.length === 0) {
    const stranger = reports[0];
    if (stranger && !marked(stranger, seen.taint)) {
      findings.push(
        own(
          'tampering',
          'log',
          'the log has a report that the kernel did not make',
          `"${stranger.title}" was printed, and no detector found anything`,
        ),
      );
      return findings;
    }
    if (stranger)
      throw new BringupError(
        'E-KERNEL-REPORT',
        `the kernel reported ${stranger.title} (${stranger.detail}), and the module has no part in it`,
      );
    const off = messages.map(detectorOff).find((name) => name !== undefined);
    const hasSwitch = Object.values(switches).some((name) => name === off);
    if (off && hasSwitch && !seen.changes.some(({ what }) => switches[what] === off)) {
      findings.push(
        own(
          'tampering',
          'log',
          `the log says that ${off} is off, and it is on`,
          'a line of the log was made up: the switch of the detector has not changed',
        ),
      );
      return findings;
    }
    if (off) throw new BringupError('E-DETECTOR', `the detector ${off} switched itself off during the run`);
  }
  return distinct(findings);
}

async function locator(
  kit: Kit,
  file: string,
  module: string,
  reports: readonly Report[],
  sources: Sources,
): ReturnType<typeof symbolizer> {
  const frames = reports.flatMap(framesOf);
  return frames.length === 0 ? () => undefined : symbolizer(kit, file, module, frames, sources);
}

function inModules(frame: { address?: bigint; module?: string; fn: string }): boolean {
  const address = frame.address ?? (frame.fn.startsWith('0x') ? BigInt(frame.fn) : undefined);
  return (
    frame.module !== undefined ||
    (address !== undefined && address >= moduleSpace.start && address < moduleSpace.end)
  );
}

function own(kind: OwnKind, name: string, title: string, detail: string): Finding {
  return { kind, name, title, detail, places: [], report: '' };
}

function ownFindings(run: CheckRun, seen: Observation, reported: boolean): Finding[] {
  const findings: Finding[] = [];
  if (run.fatal === 'hang') {
    findings.push(
      own('hang', 'hang', 'the machine hangs', 'the processor computes without end and nothing else runs'),
    );
  }
  if (run.fatal === 'down' && !reported)
    findings.push(own('hang', 'down', 'the kernel went down', 'without a word in its log'));
  for (const { module, errno } of run.stuck) {
    findings.push(
      own(
        'stuck-module',
        'unload',
        `${module} can not be unloaded`,
        `delete_module() failed with ${errno}, though no file of the check is open`,
      ),
    );
  }
  // A report that repeats without end floods the log too, and is told already.
  if (seen.lost > 0 && !reported) {
    findings.push(
      own(
        'log-flood',
        'log',
        'the kernel log was flooded',
        `${seen.lost} messages were overwritten before they could be read`,
      ),
    );
  }
  // Lockdep stops after the first report, and some detectors say that they stop; that explains no other.
  const stopped = new Set(seen.records.map(detectorOff).filter((name) => name !== undefined));
  if (reported) stopped.add('lockdep');
  const tampering = seen.changes.filter(({ what }) => !stopped.has(switches[what] ?? ''));
  for (const change of tampering) {
    const detail =
      change.kind === 'detector'
        ? `${change.what} does not have the value it had before the module was loaded`
        : change.what;
    findings.push(own('tampering', 'integrity', 'the kernel was changed under the check', detail));
  }
  if (run.stuck.length === 0 && seen.residue.length > 0) {
    findings.push(
      own(
        'residue',
        'residue',
        'something was left behind after unloading',
        seen.residue.slice(0, 5).join(', '),
      ),
    );
  }
  if (seen.taint & proprietary) {
    findings.push(
      own(
        'taint',
        'taint',
        'the kernel is tainted as proprietary',
        'the module has no MODULE_LICENSE() that the kernel accepts as GPL-compatible',
      ),
    );
  } else if (!reported && (seen.taint & ~expectedTaint) !== 0n) {
    findings.push(
      own(
        'taint',
        'taint',
        'the kernel is tainted',
        `mask 0x${seen.taint.toString(16)} (Documentation/admin-guide/tainted-kernels.rst)`,
      ),
    );
  }
  return findings;
}
