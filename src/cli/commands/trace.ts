// SPDX-License-Identifier: Apache-2.0
// bringup trace [DIR]: what the driver and the chip did on the bus in the last check.
import { writeFileSync } from 'node:fs';
import { openLabFolder } from '../../lab/folder.ts';
import { loadChip } from '../../lab/lab.ts';
import { BringupError, exit } from '../../shared/errors.ts';
import type { Chip } from '../../silicon/layout/chip.ts';
import { traceForm } from '../../silicon/trace/form.ts';
import { parseTime } from '../../silicon/trace/time.ts';
import type { Trace } from '../../silicon/trace/trace.ts';
import { vcdOf } from '../../silicon/trace/vcd.ts';
import { renderTrace, traceJson, type TraceChoice } from '../view/trace.ts';
import { lastVerdict } from './check.ts';

export interface TraceOptions {
  register?: string;
  from?: string;
  to?: string;
  violations?: boolean;
  json?: boolean;
  vcd?: string;
}

/** Shows the trace of the last verdict of a folder, as text, JSON or VCD. Throws E-INPUT when there is none. */
export async function trace(path: string | undefined, options: TraceOptions): Promise<number> {
  const folder = openLabFolder(path ?? '.');
  if (!folder.lab.silicon) {
    throw new BringupError('E-INPUT', `${folder.lab.id} has no chip of ours, so there is no bus to trace`, {
      next: 'Labs with a data sheet have one: `bringup labs` lists all labs.',
    });
  }
  const choice: TraceChoice = {
    register: options.register,
    from: timeOf('--from', options.from),
    to: timeOf('--to', options.to),
    violations: options.violations ?? false,
  };
  const verdict = lastVerdict(folder);
  const parsed = traceForm.safeParse(verdict.trace);
  if (!parsed.success) {
    const why = verdict.trace === undefined ? 'has no trace' : 'has a trace that can not be read';
    const unbuilt = verdict.findings.some(({ kind }) => kind === 'build');
    throw new BringupError('E-INPUT', `the last verdict of ${folder.path}, of ${verdict.at}, ${why}`, {
      next: unbuilt
        ? 'The module was not built, so nothing reached the chip. Mend that, and run `bringup check`.'
        : 'Run `bringup check`, and then this again.',
    });
  }
  const chip = chipOf(await loadChip(folder.lab, parsed.data.seed), parsed.data);
  if (options.vcd !== undefined) return writeVcd(options.vcd, parsed.data, chip);
  process.stdout.write(
    options.json
      ? `${JSON.stringify(traceJson(parsed.data, chip, choice), null, 2)}\n`
      : renderTrace(parsed.data, chip, choice),
  );
  return exit.ok;
}

/** The chip that a trace was made with, or undefined when the lab has another one meanwhile. */
function chipOf(chip: Chip, { part }: Trace): Chip | undefined {
  return chip.part === part ? chip : undefined;
}

function timeOf(option: string, text: string | undefined): number | undefined {
  const time = text === undefined ? undefined : parseTime(text);
  if (text !== undefined && time === undefined)
    throw new BringupError('E-INPUT', `${option} ${JSON.stringify(text)} is no time`, {
      next: 'Write a number and ns, us, ms or s, such as 12.5ms.',
    });
  return time;
}

function writeVcd(file: string, trace: Trace, chip: Chip | undefined): number {
  const text = vcdOf(trace, chip);
  if (file === '-') {
    process.stdout.write(text);
    return exit.ok;
  }
  try {
    writeFileSync(file, text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BringupError('E-INPUT', `${file} could not be written: ${why}`, { cause });
  }
  process.stdout.write(
    `${file}: ${trace.events.length} events; open it with gtkwave or another viewer of VCD\n`,
  );
  return exit.ok;
}
