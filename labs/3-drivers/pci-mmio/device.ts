// SPDX-License-Identifier: Apache-2.0
import { describe } from '#bringup/silicon';

const ms = 1_000_000;

type Operation = 'add' | 'subtract' | 'multiply' | 'divide' | undefined;

/** What an operation gives, or undefined when it can not be done. */
function calculate(operation: Operation, a: number, b: number): number | undefined {
  if (operation === undefined || (operation === 'divide' && b === 0)) return undefined;
  const exact = {
    add: a + b,
    subtract: a - b,
    multiply: Number(BigInt.asUintN(32, BigInt(a) * BigInt(b))),
    divide: Math.floor(a / b),
  }[operation];
  return exact >>> 0;
}

/** An arithmetic unit that is polled: operands in, start, wait, result out. */
export default describe({
  name: 'reckoner',
  title: 'arithmetic unit',
  overview: [
    'The chip does one operation at a time on two unsigned 32-bit operands. The operands are written to {OPERAND_A} and {OPERAND_B}, the operation is chosen in {OPERATION.CODE}, and a write to {START} begins it. While it is under way {STATUS.BUSY} is 1. When it is over {STATUS.DONE} becomes 1, and {RESULT} holds the result.',
    'All registers are in one memory window. The chip neither accesses memory nor signals interrupts; software polls {STATUS}.',
    'After reset the unit is off. It has to be switched on, and takes a while until it accepts the first operation.',
  ],
  features: [
    'Addition, subtraction, multiplication and division of unsigned 32-bit numbers, modulo 2³²',
    'Operations that can not be done are reported',
    'A unit that hangs is recovered by switching it off and on',
  ],
  bus: {
    kind: 'pci',
    vendor: { from: 0x1f80, to: 0x1fbf },
    device: { from: 0x0100, to: 0xfeff },
    class: 0x0b4000,
    bar: { oneOf: [0, 2, 4] },
    vectors: 0,
  },
  timing: {
    operation: {
      says: 'From the write to {START} until {STATUS.DONE} is 1',
      min: { from: 5 * ms, to: 10 * ms, step: ms },
      max: { from: 80 * ms, to: 160 * ms, step: 10 * ms },
    },
    settle: {
      says: 'From setting {CONTROL.ENABLE} to the first write to {START}',
      min: { from: 30 * ms, to: 80 * ms, step: 5 * ms },
    },
  },
  registers: {
    ID: {
      access: 'ro',
      says: 'Identifies the chip. Boards carry other chips of this family behind the same PCI identifiers, so software has to compare {ID.CHIP} before it uses anything else.',
      fields: {
        CHIP: { bits: 16, says: 'Chip number.', reset: { from: 0x1001, to: 0xeffe } },
        REVISION: { bits: 8, says: 'Revision of the silicon.', reset: { revision: true } },
      },
    },
    CONTROL: {
      access: 'rw',
      says: 'Switches the unit on and off.',
      fields: {
        ENABLE: {
          bits: 1,
          says: 'The unit works while this is 1. Clearing it abandons the operation under way and clears {STATUS}.',
        },
        TRIM: {
          bits: 4,
          says: 'Set at the factory. Software must write back what it read here.',
          reset: { from: 1, to: 14 },
        },
      },
    },
    STATUS: {
      access: 'ro',
      says: 'What the unit is doing.',
      fields: {
        BUSY: { bits: 1, says: 'An operation is under way.' },
        DONE: { bits: 1, says: 'The last operation is over. Cleared by the next write to {START}.' },
        FAILED: { bits: 1, says: 'The last operation could not be done. Valid while {STATUS.DONE} is 1.' },
        COUNT: { bits: 8, says: 'Operations since the unit was switched on, modulo 256.' },
      },
    },
    OPERATION: {
      access: 'rw',
      says: 'What the next write to {START} begins.',
      fields: {
        CODE: {
          bits: 4,
          says: 'The operation on the operands A and B.',
          values: {
            add: 'A + B.',
            subtract: 'A − B.',
            multiply: 'A × B.',
            divide: 'A ÷ B, rounded down. Fails when B is 0.',
          },
        },
      },
    },
    OPERAND_A: { access: 'rw', says: 'The operand A.', order: 'drawn' },
    OPERAND_B: { access: 'rw', says: 'The operand B.', order: 'drawn' },
    RESULT: { access: 'ro', says: 'The result of the last operation that could be done.', order: 'drawn' },
    START: { access: 'wo', width: 16, says: 'A write of any value begins the operation in {OPERATION}.' },
    TEST: { access: 'reserved', says: 'For test at the factory.' },
  },
  revisions: {
    A0: { code: 0x00, says: 'First silicon.' },
    A1: { code: 0x01, says: 'Takes less power while no operation is under way.' },
    B0: { code: 0x10, says: 'Made in a smaller process; nothing changes for software.' },
  },
  states: {
    off: {
      says: 'Nothing is done; a write to {START} has no effect.',
      next: { idle: '{CONTROL.ENABLE} is set' },
    },
    idle: {
      says: 'Waits for a write to {START}.',
      next: { off: '{CONTROL.ENABLE} is cleared', busy: 'a write to {START}' },
    },
    busy: {
      says: 'An operation is under way.',
      next: { idle: 'the operation is over', off: '{CONTROL.ENABLE} is cleared' },
    },
  },
  rules: {
    'start-while-busy': {
      says: '{START} must not be written while {STATUS.BUSY} is 1.',
      when: { write: 'START' },
      require: { 'STATUS.BUSY': 0 },
    },
    'start-while-off': {
      says: '{START} must not be written while {CONTROL.ENABLE} is 0.',
      when: { write: 'START' },
      require: { 'CONTROL.ENABLE': 1 },
    },
    'operands-while-busy': {
      says: '{OPERATION}, {OPERAND_A} and {OPERAND_B} must not be written while {STATUS.BUSY} is 1.',
      when: { write: ['OPERATION', 'OPERAND_A', 'OPERAND_B'] },
      require: { 'STATUS.BUSY': 0 },
    },
    'result-when-done': {
      says: '{RESULT} must not be read while {STATUS.DONE} is 0.',
      when: { read: 'RESULT' },
      require: { 'STATUS.DONE': 1 },
    },
    'settle-first': { says: 'The first write to {START} must wait {settle} after {CONTROL.ENABLE} was set.' },
    'keep-trim': { says: '{CONTROL.TRIM} must be written back as it was read.' },
  },
  sequences: {
    on: {
      title: 'Switch the unit on',
      steps: [
        'Read {ID}, and compare {ID.CHIP} with its value after reset in this document.',
        'Read {CONTROL}, set {CONTROL.ENABLE} in what was read, and write it back.',
        'Wait {settle}.',
      ],
    },
    operate: {
      title: 'Do one operation',
      says: 'The unit is on, and {STATUS.BUSY} is 0.',
      steps: [
        'Write the operands to {OPERAND_A} and {OPERAND_B}, and the operation to {OPERATION.CODE}.',
        'Write any value to {START}.',
        'Read {STATUS} until {STATUS.DONE} is 1, for at most the maximum of {operation}.',
        'If {STATUS.FAILED} is 1, there is no result. Else read {RESULT}.',
      ],
    },
    recover: {
      title: 'Recover a unit that hangs',
      says: '{STATUS.DONE} is still 0 after the maximum of {operation}.',
      steps: [
        'Clear {CONTROL.ENABLE}, keeping {CONTROL.TRIM}.',
        'Switch the unit on again, with all its steps.',
      ],
    },
  },
  blocks: [
    { title: 'Control', registers: ['ID', 'CONTROL', 'STATUS'] },
    {
      title: 'Arithmetic unit',
      registers: ['OPERAND_A', 'OPERAND_B', 'OPERATION', 'START', 'RESULT'],
    },
  ],
  history: [
    { version: '1.1', date: '2026-06-02', says: 'Recovery of a unit that hangs added.' },
    { version: '1.0', date: '2025-12-11', says: 'First release.' },
  ],
  memory: () => ({ settled: 0, trim: 0, operation: { cancel: () => {} } }),
  behaviour: {
    reset(chip) {
      chip.memory.trim = chip.get('CONTROL.TRIM');
    },
    write: {
      CONTROL(chip) {
        if (chip.get('CONTROL.TRIM') !== chip.memory.trim) {
          chip.violate(
            'keep-trim',
            `${chip.get('CONTROL.TRIM')} was written in place of ${chip.memory.trim}`,
          );
          chip.set('CONTROL.TRIM', chip.memory.trim);
        }
        const on = chip.get('CONTROL.ENABLE') === 1;
        if (on && chip.state === 'off') {
          chip.memory.settled = chip.earliest() + chip.time('settle');
          chip.enter('idle');
        } else if (!on && chip.state !== 'off') {
          chip.memory.operation.cancel();
          chip.set('STATUS', 0);
          chip.enter('off');
        }
      },
      START(chip) {
        if (chip.state !== 'idle') return;
        chip.notBefore('settle-first', chip.memory.settled);
        chip.enter('busy');
        chip.set('STATUS.BUSY', 1);
        chip.set('STATUS.DONE', 0);
        chip.set('STATUS.FAILED', 0);
        const [a, b] = [chip.get('OPERAND_A'), chip.get('OPERAND_B')];
        const operation = chip.get('OPERATION.CODE');
        chip.memory.operation = chip.after(chip.time('operation'), () => {
          const result = calculate(operation, a, b);
          if (result !== undefined) chip.set('RESULT', result);
          chip.set('STATUS.COUNT', (chip.get('STATUS.COUNT') + 1) & 0xff);
          chip.set('STATUS.BUSY', 0);
          chip.set('STATUS.DONE', 1);
          chip.set('STATUS.FAILED', result === undefined ? 1 : 0);
          chip.enter('idle');
        });
      },
    },
  },
});
