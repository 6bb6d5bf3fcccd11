// SPDX-License-Identifier: Apache-2.0
// The device that the tests of this folder use: small, and with one of everything that a description can say.
import { describe } from './describe/describe.ts';

/** An accumulator: OPERAND goes in, the doorbell starts an operation, RESULT comes out some microseconds later. */
export const tally = describe({
  name: 'tally',
  title: 'accumulating arithmetic unit',
  overview: [
    'The chip keeps one 32-bit accumulator and applies one operation at a time to it. The operand is written to {OPERAND}, the operation is chosen in {COMMAND.OP}, and a write to {DOORBELL} starts it. While it works, {STATUS.BUSY} is 1; when it has finished, {STATUS.DONE} becomes 1 and {RESULT} holds the accumulator.',
    'All registers are in one memory window. The chip does not access memory by itself.',
  ],
  features: [
    'Four operations on 32-bit unsigned numbers, modulo 2³²',
    'Up to {chain} operations on one accumulator before it must be cleared',
    'Completion by polling or by message-signaled interrupt',
    'Operations that can not be done are reported, with the accumulator kept',
  ],
  bus: {
    kind: 'pci',
    vendor: { from: 0x1f80, to: 0x1fbf },
    device: { from: 0x0100, to: 0xfeff },
    class: 0x0b4000,
    bar: { oneOf: [0, 2, 4] },
    vectors: 1,
  },
  parameters: {
    chain: { says: 'Operations on one accumulator before it must be cleared', value: { oneOf: [8, 16, 32] } },
  },
  timing: {
    operation: {
      says: 'From the doorbell until {STATUS.DONE} is 1',
      min: { from: 5_000, to: 20_000, step: 1000 },
      max: { from: 40_000, to: 90_000, step: 5000 },
    },
    settle: {
      says: 'From setting {CONTROL.ENABLE} to the first doorbell',
      min: { from: 2_000, to: 10_000, step: 1000 },
    },
  },
  registers: {
    ID: {
      access: 'ro',
      at: 0x0,
      says: 'Identifies the chip. Read it before anything else.',
      fields: {
        CHIP: { bits: 16, says: 'Chip number.', reset: { from: 0x1001, to: 0xeffe } },
        REVISION: { bits: 8, says: 'Revision of the silicon.', reset: { revision: true } },
      },
    },
    CONTROL: {
      access: 'rw',
      says: 'Switches the unit on, and chooses how it treats overflow.',
      fields: {
        ENABLE: {
          bits: 1,
          says: 'The unit works while this is 1. Clearing it abandons the operation under way.',
        },
        OVERFLOW: {
          bits: 2,
          says: 'What an operation does whose result is larger than 32 bits.',
          values: {
            wrap: 'Keeps the lower 32 bits.',
            saturate: 'Keeps the largest number.',
            refuse: 'Fails.',
          },
        },
        CLEAR: {
          bits: 1,
          access: 'wo',
          says: 'Writing 1 clears the accumulator and the count of operations.',
        },
      },
    },
    STATUS: {
      access: 'ro',
      says: 'What the unit is doing.',
      fields: {
        BUSY: { bits: 1, says: 'An operation is under way.' },
        DONE: { bits: 1, says: 'The last operation has finished. Cleared by the next doorbell.' },
        FAILED: {
          bits: 1,
          says: 'The last operation could not be done, or {chain} were done since the accumulator was cleared. Valid while {STATUS.DONE} is 1.',
        },
        COUNT: { bits: 6, says: 'Operations since the accumulator was cleared.' },
      },
    },
    COMMAND: {
      access: 'rw',
      says: 'The operation that the next doorbell starts.',
      fields: {
        OP: {
          bits: 4,
          says: 'What is done with the accumulator and the operand.',
          values: {
            load: 'The operand becomes the accumulator.',
            add: 'Adds the operand.',
            multiply: 'Multiplies by the operand.',
            remainder: 'Keeps the remainder after division by the operand. Fails for an operand of 0.',
          },
        },
        TAG: { bits: 8, says: 'Any number; shown in {STATE.TAG} when the operation has finished.' },
      },
    },
    OPERAND: { access: 'rw', says: 'The operand.', order: 'drawn' },
    RESULT: { access: 'ro', says: 'The accumulator, after the last operation.', order: 'drawn' },
    DOORBELL: { access: 'wo', width: 16, says: 'A write of any value starts the operation in {COMMAND}.' },
    FAULTS: { access: 'rc', width: 16, says: 'Number of operations that failed since it was last read.' },
    STATE: {
      access: 'ro',
      says: 'For diagnosis.',
      fields: {
        TAG: { bits: 8, says: 'The tag of the last operation that finished.' },
        LIMIT: {
          bits: 8,
          says: 'Operations before the accumulator must be cleared.',
          reset: { parameter: 'chain' },
        },
      },
    },
    INT_STATUS: {
      access: 'w1c',
      says: 'Causes of an interrupt that have not been acknowledged.',
      fields: {
        DONE: { bits: 1, says: 'An operation finished.' },
        FAULT: { bits: 1, says: 'An operation could not be done.' },
      },
    },
    INT_MASK: {
      access: 'rw',
      says: 'Holds causes back.',
      fields: {
        DONE: { bits: 1, says: 'While 1, {INT_STATUS.DONE} signals nothing.', reset: 1 },
        FAULT: { bits: 1, says: 'While 1, {INT_STATUS.FAULT} signals nothing.', reset: 1 },
      },
    },
    RESERVED0: { access: 'reserved', says: 'For test at the factory.' },
  },
  interrupts: {
    done: { says: 'An operation finished.', status: 'INT_STATUS.DONE', mask: 'INT_MASK.DONE' },
    fault: { says: 'An operation could not be done.', status: 'INT_STATUS.FAULT', mask: 'INT_MASK.FAULT' },
  },
  revisions: {
    A0: { code: 0x00, says: 'First silicon.' },
    A1: { code: 0x01, says: 'Takes less power while no operation is under way.' },
    B0: { code: 0x10, says: 'The status is settled when {STATUS.DONE} becomes 1.' },
  },
  states: {
    off: { says: 'Nothing is done; doorbells have no effect.', next: { idle: '{CONTROL.ENABLE} is set' } },
    idle: {
      says: 'Waits for a doorbell.',
      next: { off: '{CONTROL.ENABLE} is cleared', busy: 'a write to {DOORBELL}' },
    },
    busy: {
      says: 'An operation is under way.',
      next: { idle: 'the operation has finished', off: '{CONTROL.ENABLE} is cleared' },
    },
  },
  rules: {
    'doorbell-while-busy': {
      says: '{DOORBELL} must not be written while {STATUS.BUSY} is 1.',
      when: { write: 'DOORBELL' },
      require: { 'STATUS.BUSY': 0 },
    },
    'command-while-busy': {
      says: '{COMMAND} and {OPERAND} must not be written while {STATUS.BUSY} is 1.',
      when: { write: ['COMMAND', 'OPERAND'] },
      require: { 'STATUS.BUSY': 0 },
    },
    'settle-first': { says: 'The first doorbell must wait {settle} after {CONTROL.ENABLE} was set.' },
  },
  errata: {
    'late-failed': {
      title: 'FAILED is late',
      says: '{STATUS.FAILED} becomes valid up to 1 µs after {STATUS.DONE} became 1.',
      workaround: 'Read {STATUS} again 1 µs or more after it first showed {STATUS.DONE}.',
      affects: ['A0', 'A1'],
    },
  },
  sequences: {
    start: {
      title: 'Start the unit',
      steps: [
        'Read {ID}, and compare {ID.CHIP} with its value after reset in this document.',
        'Choose what overflow does in {CONTROL.OVERFLOW}, and set {CONTROL.ENABLE} and {CONTROL.CLEAR} in the same write.',
        'Wait {settle}.',
      ],
    },
    operate: {
      title: 'Do one operation',
      says: 'The unit is on, and {STATUS.BUSY} is 0.',
      steps: [
        'Write the operand to {OPERAND}.',
        'Write the operation to {COMMAND.OP}, such as {COMMAND.OP=add}.',
        'Write any value to {DOORBELL}.',
        'Wait until {STATUS.DONE} is 1, for at most the maximum of {operation}; or for the interrupt, and acknowledge it by writing 1 to {INT_STATUS.DONE}.',
        'If {STATUS.FAILED} is 1, the accumulator is as it was. Else read {RESULT}.',
      ],
    },
  },
  blocks: [
    { title: 'Control', registers: ['CONTROL', 'STATUS', 'ID', 'STATE'] },
    { title: 'Arithmetic unit', registers: ['OPERAND', 'COMMAND', 'DOORBELL', 'RESULT', 'FAULTS'] },
    { title: 'Interrupts', registers: ['INT_STATUS', 'INT_MASK'] },
  ],
  history: [
    { version: '1.1', date: '2026-05-18', says: 'Time to settle added; sequence corrected accordingly.' },
    { version: '1.0', date: '2025-11-03', says: 'First release.' },
  ],
  memory: () => ({ accumulator: 0, count: 0, settled: 0, operation: { cancel: () => {} } }),
  behaviour: {
    write: {
      CONTROL(chip) {
        if (chip.get('CONTROL.CLEAR') === 1) {
          Object.assign(chip.memory, { accumulator: 0, count: 0 });
          chip.set('STATUS.COUNT', 0);
        }
        const on = chip.get('CONTROL.ENABLE') === 1;
        if (on && chip.state === 'off') {
          chip.memory.settled = chip.earliest() + chip.time('settle');
          chip.enter('idle');
        } else if (!on && chip.state !== 'off') {
          chip.memory.operation.cancel();
          chip.set('STATUS.BUSY', 0);
          chip.enter('off');
        }
      },
      DOORBELL(chip) {
        if (chip.state !== 'idle') return;
        chip.notBefore('settle-first', chip.memory.settled);
        chip.enter('busy');
        chip.set('STATUS.BUSY', 1);
        chip.set('STATUS.DONE', 0);
        chip.set('STATUS.FAILED', 0);
        const operand = chip.get('OPERAND');
        const operation = chip.get('COMMAND.OP');
        const tag = chip.get('COMMAND.TAG');
        chip.memory.operation = chip.after(chip.time('operation'), () => {
          const result = calculate(operation, chip.memory.accumulator, operand, chip.get('CONTROL.OVERFLOW'));
          const failed = result === undefined || chip.memory.count >= chip.parameter('chain');
          if (failed) chip.set('FAULTS', Math.min(0xffff, chip.get('FAULTS') + 1));
          else Object.assign(chip.memory, { accumulator: result, count: chip.memory.count + 1 });
          chip.set('RESULT', chip.memory.accumulator);
          chip.set('STATUS.COUNT', chip.memory.count);
          chip.set('STATE.TAG', tag);
          chip.set('STATUS.BUSY', 0);
          chip.set('STATUS.DONE', 1);
          if (failed && chip.has('late-failed')) chip.after(1000, () => chip.set('STATUS.FAILED', 1));
          else chip.set('STATUS.FAILED', failed ? 1 : 0);
          chip.enter('idle');
          chip.raise('done');
          if (failed) chip.raise('fault');
        });
      },
    },
  },
});

type Operation = 'load' | 'add' | 'multiply' | 'remainder' | undefined;

/** The new accumulator, or undefined when the operation can not be done. */
function calculate(
  operation: Operation,
  accumulator: number,
  operand: number,
  overflow: 'wrap' | 'saturate' | 'refuse' | undefined,
): number | undefined {
  const limit = 2n ** 32n;
  const [a, b] = [BigInt(accumulator), BigInt(operand)];
  if (operation === undefined || (operation === 'remainder' && b === 0n)) return undefined;
  const exact = { load: b, add: a + b, multiply: a * b, remainder: b && a % b }[operation];
  if (exact < limit || overflow === 'wrap') return Number(exact % limit);
  return overflow === 'saturate' ? 0xffffffff : undefined;
}
