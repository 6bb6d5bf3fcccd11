// SPDX-License-Identifier: Apache-2.0
import { GuestDown, GuestHangs } from '../machine/vital.ts';
import type { Template } from '../machine/template.ts';
import { placeInModule, type CodePlace } from '../machine/whereabouts.ts';
import { jiffies } from '../machine/suspects.ts';
import { BringupError } from '../shared/errors.ts';
import { numbers } from '../shared/random.ts';
import type { Check } from './api.ts';
import { Failure, FatalFailure } from './failure.ts';
import { Faults } from './faults.ts';
import { Guest } from './guest.ts';
import type { Lab } from './lab.ts';
import { SyscallError } from './pending.ts';
import type { Rig } from './rig.ts';
import type { RequirementResult } from './verdict.ts';

/** Ends a check of which enough is known; not a failure. */
class Enough extends Error {}

/** How a check went, before anything was concluded from it. */
export interface CheckRun {
  requirements: RequirementResult[];
  /** Step → last sequence number of the log in it, and how many events the chip had seen. */
  marks: { step: string; seq: number; events: number }[];
  /** Why the machine was beyond use before the end. */
  fatal?: 'down' | 'hang' | 'stuck';
  /** Where in a module the processor was when it hung. */
  hangAt?: CodePlace;
  /** Modules that could not be unloaded: name and errno. */
  stuck: { module: string; errno: string }[];
  faults: number;
  /** It was ended early: a requirement failed that was all the caller wanted to know. */
  enough: boolean;
  /** The guest's clock when the learner's part began. */
  since: bigint;
  checkTime: number;
}

/**
 * Runs a lab's check in a machine and unloads what it left loaded. Failures of the learner's code are
 * recorded; what is thrown is ours: E-MACHINE-LOST, E-DEADLINE, E-CHECK-BROKEN. The check ends with the first
 * requirement of `enough` that fails.
 */
export async function runCheck(
  lab: Lab,
  check: Check,
  { machine, silicon }: Rig,
  template: Template,
  modules: ReadonlyMap<string, Buffer>,
  { seed, enough = [] }: { seed: number; enough?: readonly string[] },
): Promise<CheckRun> {
  const start = performance.now();
  machine.startLog();
  const guest = new Guest(machine, modules);
  const faults = new Faults(guest, template.survey);
  const results = new Map<string, RequirementResult>();
  const result: CheckRun = {
    requirements: [],
    marks: [],
    stuck: [],
    faults: 0,
    enough: false,
    since: jiffies(machine.space),
    checkTime: 0,
  };

  const step = async (id: string, work: () => Promise<void>): Promise<void> => {
    const requirement = lab.requirements.find((candidate) => candidate.id === id);
    if (!requirement)
      throw new BringupError('E-CHECK-BROKEN', `check.ts has a step "${id}" that lab.yaml does not name`);
    const begun = performance.now();
    const record = (outcome: 'pass' | 'fail', evidence?: string): void => {
      const time = performance.now() - begun;
      results.set(id, { ...requirement, result: outcome, time, ...(evidence !== undefined && { evidence }) });
    };
    try {
      await work();
      record('pass');
    } catch (error) {
      if (error instanceof GuestDown || error instanceof GuestHangs) record('fail', error.message);
      else if (error instanceof Failure) record('fail', error.message);
      if (!(error instanceof Failure) || error instanceof FatalFailure) throw error;
    } finally {
      const seq = machine.vital.lost ? -1 : (machine.logSinceStart().at(-1)?.seq ?? -1);
      const events = machine.vital.lost ? 0 : ((await silicon?.events())?.length ?? 0);
      result.marks.push({ step: id, seq, events });
    }
    if (results.get(id)?.result === 'fail' && enough.includes(id)) throw new Enough();
    await guest.endStep();
  };

  process.on('unhandledRejection', leftBehind);
  try {
    const next = numbers(seed, lab.id);
    const draw = (count = 2 ** 32): number => Math.floor(next() * count);
    const word = (length: number): string =>
      Array.from({ length }, () => String.fromCharCode(0x61 + draw(26))).join('');
    const drawn = { seed, draw, word };
    await check({ step, guest, faults, module: lab.module, ...drawn, ...(silicon && { silicon }) });
    await unloadAll(guest, result);
  } catch (error) {
    if (error instanceof Enough) result.enough = true;
    else if (error instanceof GuestDown) result.fatal = 'down';
    else if (error instanceof GuestHangs) {
      result.fatal = 'hang';
      const place = await placeInModule(machine, template.structs).catch(() => undefined);
      if (place) result.hangAt = place;
    } else if (error instanceof BringupError) throw error;
    else if (error instanceof FatalFailure) result.fatal = 'stuck';
    else if (!(error instanceof Failure)) {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      throw new BringupError('E-CHECK-BROKEN', `check.ts of ${lab.id} threw: ${message}`, { cause: error });
    }
  } finally {
    process.off('unhandledRejection', leftBehind);
  }
  result.requirements = lab.requirements.map(
    (requirement) => results.get(requirement.id) ?? { ...requirement, result: 'not-reached', time: 0 },
  );
  result.faults = faults.injected;
  result.checkTime = performance.now() - start;
  return result;
}

/** A call that a step began and left when it failed may fail as well, and nobody waits for it any more. */
function leftBehind(reason: unknown): void {
  if (!(reason instanceof Failure)) throw reason;
}

/** Unloads what is loaded, last first, and lets what was deferred run to its end. */
async function unloadAll(guest: Guest, result: CheckRun): Promise<void> {
  for (const module of guest.loaded.reverse()) {
    try {
      await guest.unload(module);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      result.stuck.push({ module, errno: error instanceof SyscallError ? error.errno : error.message });
    }
  }
  await guest.sleep('100ms');
}
