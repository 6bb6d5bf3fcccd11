// SPDX-License-Identifier: Apache-2.0
import type { Explanation, KindId } from '../console/index.ts';
import type { Trace } from '../silicon/trace/trace.ts';
import type { ErrorCode } from '../shared/error-catalog.ts';
import type { Diagnostic } from './diagnostics.ts';
import type { Note } from './inspect.ts';

export type Outcome = 'pass' | 'fail' | 'inconclusive';

export interface RequirementResult {
  id: string;
  says: string;
  result: 'pass' | 'fail' | 'not-reached';
  /** Why it failed. */
  evidence?: string;
  /** Real milliseconds. */
  time: number;
}

/** Kinds of findings that are not reports of the kernel. */
export type OwnKind =
  'bus-rule' | 'build' | 'hang' | 'stuck-module' | 'residue' | 'tampering' | 'taint' | 'log-flood';

export interface Place {
  fn: string;
  file?: string;
  line?: number;
  /** Lines around it: [number, text]. */
  excerpt?: [number, string][];
  /** What happened there: 'here', 'allocated', 'freed'. */
  role: string;
}

/** Something wrong with the learner's code that is not a requirement of the lab. */
export interface Finding {
  kind: KindId | OwnKind;
  /** Name for people: 'KASAN'. */
  name: string;
  title: string;
  detail: string;
  /** Where in the learner's code, most telling first; may be empty. */
  places: Place[];
  /** The step in which it happened. */
  step?: string;
  /** The kernel's own words. */
  report: string;
  explanation?: Explanation;
}

/** Milliseconds of real time. `restore` and `warm` overlap with `build`. */
export interface Timings {
  build: number;
  restore: number;
  warm: number;
  check: number;
  epilogue: number;
  judge: number;
  total: number;
}

/** The judgement of one run, the same in the terminal, in JSON and on the web. */
export interface Verdict {
  lab: string;
  outcome: Outcome;
  /** Judged on a kernel without detectors: never counts as a pass. */
  provisional: boolean;
  kernel: { id: string; release: string; flavor: string };
  template?: string;
  machine: { lanes: ('steady' | 'racing' | 'kvm')[]; start: 'restored' };
  requirements: RequirementResult[];
  findings: Finding[];
  diagnostics: Diagnostic[];
  /** Remarks of sparse and checkpatch; they do not decide. */
  notes: Note[];
  build?: { how: 'kbuild' | 'replay'; confirmed: boolean };
  /** Allocations failed on purpose. */
  faults: number;
  /** Names of the detectors that watched. */
  detectors: string[];
  timings: Timings;
  seed: number;
  /** What the chip saw, in a lab with one. */
  trace?: Trace;
  at: string;
  /** Why it could not be judged; only with outcome "inconclusive". */
  error?: { code: ErrorCode; message: string; next: string };
}
