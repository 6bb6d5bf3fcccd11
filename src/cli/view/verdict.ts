// SPDX-License-Identifier: Apache-2.0
import type { Finding, Place, RequirementResult, Verdict } from '../../lab/verdict.ts';
import { columns, paint, wrap } from './style.ts';

/** A verdict as it appears in the terminal: one screen, the cause first. */
export function renderVerdict(verdict: Verdict, next?: string): string {
  if (verdict.outcome === 'inconclusive') return inconclusive(verdict);
  if (verdict.outcome === 'pass') return pass(verdict, next);
  const lines = [head(verdict), '', ...verdict.requirements.map(requirement)];
  verdict.findings.forEach((finding, i) => lines.push('', ...renderFinding(finding, i + 1)));
  return `${[...lines, '', ...summary(verdict)].join('\n')}\n`;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;

function spread(left: string, right: string, visible = left.length): string {
  return `${left}${' '.repeat(Math.max(2, columns - visible - right.length))}${paint('dim', right)}`;
}

const lanes = { steady: 'TCG', racing: '2×TCG', kvm: '2×KVM' };

function head(verdict: Verdict): string {
  const { kernel, machine, timings } = verdict;
  const left = `${verdict.lab}  ${kernel.flavor} ${kernel.release}  ${machine.start} · ${machine.lanes.map((lane) => lanes[lane]).join(', ')}`;
  return spread(
    paint('bold', left),
    `build ${seconds(timings.build)}  run ${seconds(timings.check + timings.epilogue)}`,
    left.length,
  );
}

function requirement({ says, result, evidence }: RequirementResult): string {
  const mark = { pass: paint('green', '✓'), fail: paint('red', '✗'), 'not-reached': paint('dim', '·') }[
    result
  ];
  const first = `  ${mark} ${result === 'not-reached' ? paint('dim', says) : says}`;
  return evidence === undefined
    ? first
    : [first, ...wrap(evidence, 6).map((line) => paint('yellow', line))].join('\n');
}

function renderFinding(finding: Finding, number: number): string[] {
  const title = `${finding.name}  ${finding.title}`;
  const main = finding.places[0];
  const where = main ? placeName(main) : '';
  const beside = main ? [finding.detail, where].filter(Boolean) : [];
  const fits = ['', title, ...beside].join('  ').length <= columns;
  const lines = fits
    ? [
        [
          '',
          paint(['red', 'bold'], title),
          ...beside.map((text) => (text === where ? paint('bold', text) : text)),
        ].join('  '),
      ]
    : [
        ...folded(title, 2).map((line) => paint(['red', 'bold'], line)),
        ...beside.flatMap((text) => folded(text, 4)),
      ];
  if (!main && finding.detail) lines.push(...wrap(finding.detail, 4));
  if (main?.excerpt) lines.push(...excerptLines(main));
  for (const place of finding.places.slice(1)) lines.push(`     ${place.role}: ${placeName(place)}`);
  if (finding.step) lines.push(paint('dim', `     during: ${finding.step}`));
  const words = finding.explanation?.meaning;
  if (words && number === 1) lines.push(...wrap(words, 5));
  if (finding.kind === 'build' && !finding.places.length)
    lines.push(
      ...finding.report
        .trim()
        .split('\n')
        .slice(-8)
        .map((l) => `     ${l}`),
    );
  if (finding.kind === 'bus-rule') {
    if (number === 1) lines.push(...busLines(finding.report));
    lines.push(paint('dim', '     bringup trace --violations      what driver and chip did around each'));
  } else if (finding.report && finding.kind !== 'build')
    lines.push(
      paint('dim', `     bringup explain --last ${number}      the whole report and what usually causes it`),
    );
  return lines;
}

/** The bus around a broken rule, its own lines standing out. */
function busLines(report: string): string[] {
  let marked = false;
  return report.split('\n').map((line) => {
    // The line after the marked one is its detail, which has no time of its own.
    marked = line.startsWith('▸') || (marked && /^ {9}/.test(line));
    const text = `   ${line}`.slice(0, 200);
    return marked ? paint('red', text) : paint('dim', text);
  });
}

const mostNotes = 5;

/** Remarks of sparse and checkpatch as they follow a verdict; empty when there are none. */
export function renderNotes(verdict: Verdict): string {
  if (verdict.notes.length === 0) return '';
  const lines = verdict.notes.slice(0, mostNotes).map(({ tool, file, line, message }) => {
    return paint('dim', `  ${tool.padEnd(10)} ${`${file}:${line}`.padEnd(14)} ${message}`.slice(0, columns));
  });
  const more = verdict.notes.length - mostNotes;
  if (more > 0) lines.push(paint('dim', `  and ${more} more remarks (bringup check --json)`));
  return `${lines.join('\n')}\n`;
}

/** Wrapped only when it has to be: as it is, otherwise. */
function folded(text: string, indent: number): string[] {
  return indent + text.length <= columns ? [' '.repeat(indent) + text] : wrap(text, indent);
}

function placeName({ file, line, fn }: Place): string {
  const function_ = fn ? `${fn}()` : '';
  return file ? `${file}:${line}  ${function_}`.trimEnd() : function_;
}

function excerptLines({ excerpt, line }: Place): string[] {
  return (excerpt ?? []).map(([number, text]) => {
    const mark = number === line ? paint('red', '▸') : ' ';
    const body = `   ${mark} ${String(number).padStart(4)} | ${text.replaceAll('\t', '        ')}`.slice(
      0,
      200,
    );
    return number === line ? body : paint('dim', body);
  });
}

function summary(verdict: Verdict): string[] {
  const met = verdict.requirements.filter(({ result }) => result === 'pass').length;
  const count = verdict.findings.length;
  const reports = count === 0 ? '' : `, ${count} ${count === 1 ? 'finding' : 'findings'}`;
  const left = `FAIL  ${met} of ${verdict.requirements.length} requirements${reports}`;
  const lines = [
    spread(paint(['red', 'bold'], 'FAIL') + left.slice(4), seconds(verdict.timings.total), left.length),
  ];
  return [...lines, ...provisionalNote(verdict), paint('dim', '      bringup hint      a nudge')];
}

function provisionalNote(verdict: Verdict): string[] {
  if (!verdict.provisional) return [];
  return wrap(
    "provisional: judged on Debian's kernel, which watches neither memory nor locks. It is judged again by itself when the core kernel is ready.",
    6,
  ).map((line) => paint('yellow', line));
}

function pass(verdict: Verdict, next?: string): string {
  const total = verdict.requirements.length;
  const trust =
    verdict.detectors.length > 0
      ? [
          'no reports',
          ...(verdict.faults ? [`${verdict.faults} allocations failed on purpose`] : []),
          'detectors armed',
        ]
      : ['no detectors'];
  const word = verdict.provisional ? 'PROVISIONAL' : 'PASS';
  const left = `${word}  ${verdict.lab}   ${total} of ${total} · ${trust.join(' · ')}`;
  const painted = paint([verdict.provisional ? 'yellow' : 'green', 'bold'], word) + left.slice(word.length);
  const lines = [spread(painted, seconds(verdict.timings.total), left.length), ...provisionalNote(verdict)];
  if (!verdict.provisional) {
    lines.push(
      paint(
        'dim',
        `      ${next ? `next: ${next}      ` : ''}bringup solution ${verdict.lab}      compare with ours`,
      ),
    );
  }
  return `${lines.join('\n')}\n`;
}

function inconclusive(verdict: Verdict): string {
  const error = verdict.error!;
  const lines = wrap(`INCONCLUSIVE  ${verdict.lab}   ${error.code}: ${error.message.split('\n')[0]}`);
  return `${[...lines, ...wrap(error.next, 6)].join('\n')}\n`;
}
