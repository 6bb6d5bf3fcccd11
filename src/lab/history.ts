// SPDX-License-Identifier: Apache-2.0
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { dataFolder } from '../shared/paths.ts';
import type { Verdict } from './verdict.ts';

const file = (): string => dataFolder('attempts.jsonl');

/** One line of the learner's history. */
export interface Attempt {
  lab: string;
  folder: string;
  at: string;
  outcome: Verdict['outcome'];
  provisional: boolean;
  kernel: string;
  verdict: Verdict;
}

/**
 * Adds a verdict to the history. Inconclusive ones are not recorded: they say nothing of the learner.
 * One line is written at once, so that two checks at a time do not mix.
 */
export function record(folder: string, verdict: Verdict): void {
  if (verdict.outcome === 'inconclusive') return;
  const { lab, at, outcome, provisional } = verdict;
  mkdirSync(dirname(file()), { recursive: true });
  const attempt: Attempt = { lab, folder, at, outcome, provisional, kernel: verdict.kernel.id, verdict };
  appendFileSync(file(), `${endsWithin() ? '\n' : ''}${JSON.stringify(attempt)}\n`);
}

/** True when a crash cut the last line short: what is added must not become part of it. */
function endsWithin(): boolean {
  return existsSync(file()) && !/(^|\n)$/.test(readFileSync(file(), 'utf8'));
}

/** All attempts, oldest first. A line that a crash cut short is left out. */
export function attempts(): Attempt[] {
  if (!existsSync(file())) return [];
  return readFileSync(file(), 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return line ? [JSON.parse(line) as Attempt] : [];
      } catch {
        return [];
      }
    });
}

/** Ids of labs that were passed; a provisional verdict is no pass. */
export function passed(): Set<string> {
  return new Set(
    attempts()
      .filter((a) => a.outcome === 'pass' && !a.provisional)
      .map((a) => a.lab),
  );
}
