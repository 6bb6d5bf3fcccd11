// SPDX-License-Identifier: Apache-2.0
import { commonRules } from '../describe/rules.ts';
import type { Chip } from '../layout/chip.ts';
import { offsetDigits } from '../sheet/blocks.ts';
import { wordsOf } from '../sheet/words.ts';
import { hexValue, meaning, registerOf } from './decode.ts';
import type { Line } from './lines.ts';
import { printable } from './printable.ts';
import { span } from './time.ts';
import type { TraceEvent } from './trace.ts';

/** A line of a trace in words; each may be empty. */
export interface Said {
  /** What happened: `read`, `interrupt`. */
  readonly what: string;
  /** To or with what: the name of a register or interrupt. */
  readonly to: string;
  /** Where that is: an offset, a vector. */
  readonly where: string;
  /** `→ 0x01` what the driver read, `← 0x01` what it wrote. */
  readonly value: string;
  /** What it means. */
  readonly note: string;
  /** How often and for how long, of a run. */
  readonly run: string;
}

/** A line in words. Without the chip, numbers stay as they were on the bus. */
export function say({ event, count, at, until }: Line, chip: Chip | undefined): Said {
  const run = count === 1 ? '' : `× ${count} over ${span(until - at)}`;
  return { to: '', where: '', value: '', note: '', run, ...sayEvent(event, chip) };
}

function sayEvent(event: TraceEvent, chip: Chip | undefined): Partial<Said> & { what: string } {
  switch (event.kind) {
    case 'read':
    case 'write': {
      const { kind, offset, bytes, value, register: name } = event;
      const register = registerOf(chip, event);
      return {
        what: kind,
        to: name === undefined ? 'no register' : printable(name),
        where: `0x${offset.toString(16).padStart(chip ? offsetDigits(chip) : 3, '0')}`,
        value: `${kind === 'read' ? '→' : '←'} ${hexValue(value, bytes)}`,
        note: register ? meaning(register, event) : '',
      };
    }
    case 'dma-read':
    case 'dma-write': {
      const { kind, address, bytes, fault } = event;
      return {
        what: kind === 'dma-read' ? 'DMA read' : 'DMA write',
        to: 'memory',
        where: address,
        value: `${bytes} ${bytes === 1 ? 'byte' : 'bytes'}`,
        note: fault === undefined ? '' : `refused: ${refusals[fault] ?? printable(fault)}`,
      };
    }
    case 'message':
      return {
        what: 'interrupt',
        to: printable(event.interrupt),
        where: `vector ${event.vector}`,
        note: event.lost ? 'lost: nobody got it' : '',
      };
    case 'violation':
      return { what: 'rule broken', to: ruleSays(chip, event.rule), note: printable(event.detail) };
    case 'fault':
      return { what: 'check', note: printable(event.what) };
    case 'reset':
      return { what: 'reset', note: 'everything is as after power on' };
  }
}

const refusals: Readonly<Record<string, string>> = {
  unmapped: 'nothing is mapped there',
  disabled: 'the chip may not master the bus',
  aborted: 'the bus failed',
};

/** What the data sheet says of a rule, as one sentence; the rule's id when it is not known. */
export function ruleSays(chip: Chip | undefined, rule: string): string {
  const own = chip?.description.rules ?? {};
  if (chip && Object.hasOwn(own, rule)) {
    const words = wordsOf(chip, own[rule]!.says);
    return words.map((word) => (typeof word === 'string' ? word : word.code)).join('');
  }
  return Object.hasOwn(commonRules, rule) ? commonRules[rule as keyof typeof commonRules] : printable(rule);
}
