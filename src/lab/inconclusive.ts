// SPDX-License-Identifier: Apache-2.0
import type { BringupError } from '../shared/errors.ts';
import type { Lab } from './lab.ts';
import type { Verdict } from './verdict.ts';

/** The verdict on something that could not even be begun, for a reason that is ours. */
export function blankVerdict(lab: Lab, seed: number, error: BringupError): Verdict {
  return {
    lab: lab.id,
    outcome: 'inconclusive',
    provisional: false,
    kernel: { id: '', release: '', flavor: lab.flavor },
    machine: { lanes: ['steady'], start: 'restored' },
    requirements: lab.requirements.map((requirement) => ({ ...requirement, result: 'not-reached', time: 0 })),
    findings: [],
    diagnostics: [],
    notes: [],
    faults: 0,
    detectors: [],
    timings: { build: 0, restore: 0, warm: 0, check: 0, epilogue: 0, judge: 0, total: 0 },
    seed,
    at: new Date().toISOString(),
    error: error.toJSON(),
  };
}
