// SPDX-License-Identifier: Apache-2.0
// A chip that runs, worked with as its data sheet says: by a driver that knows names and finds offsets, places and
// codes in the chip. What it does must be the same on every chip that a seed makes.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Timer } from '../describe/behaviour.ts';
import type { Chip } from '../layout/chip.ts';
import { registerNamed } from '../layout/find.ts';
import { layOut } from '../layout/lay-out.ts';
import { extract, insert, swapBytes } from '../layout/value.ts';
import { describe as describeChip } from '../describe/describe.ts';
import { tally } from '../tally.ts';
import { Faults } from './faults.ts';
import { Model } from './model.ts';
import type { TraceEvent } from '../trace/trace.ts';
import type { World } from './world.ts';

/** A bus with a clock that stands still unless it is moved. */
class Board implements World {
  time = 0;
  lag = 0;
  earliest = (): number => this.time;
  readonly faults = new Faults();
  mastering = true;
  awake = true;
  readonly events: TraceEvent[] = [];
  readonly messages: number[] = [];
  #due: { at: number; action: () => void }[] = [];

  now = (): number => this.time;
  busMaster = (): boolean => this.mastering;
  powered = (): boolean => this.awake;
  signal = (vector: number): boolean => this.messages.push(vector) > 0;
  trace = (event: TraceEvent): void => void this.events.push(event);
  dmaRead = (): Uint8Array => new Uint8Array();
  dmaWrite = (): void => {};
  schedule = (at: number, action: () => void): Timer => {
    const one = { at, action };
    this.#due.push(one);
    return { cancel: () => (this.#due = this.#due.filter((other) => other !== one)) };
  };

  pass(nanoseconds: number): void {
    const end = this.time + nanoseconds;
    for (;;) {
      const next = this.#due.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#due = this.#due.filter((one) => one !== next);
      this.time = Math.max(this.time, next.at);
      next.action();
    }
    this.time = end;
  }

  get violations(): string[] {
    return this.events.flatMap((event) => (event.kind === 'violation' ? [event.rule] : []));
  }
}

/** Reads and writes by name, as somebody does who has the data sheet. */
class Driver {
  readonly chip: Chip;
  readonly board = new Board();
  readonly model: Model;

  constructor(seed: number) {
    this.chip = layOut(tally, seed);
    this.model = new Model(this.chip, this.board);
  }

  read(path: string): number | string | undefined {
    const [name, fieldName] = path.split('.') as [string, string?];
    const register = registerNamed(this.chip, name)!;
    const bus = this.model.read(register.offset, register.width / 8);
    const value = register.order === 'big' ? swapBytes(bus, register.width) : bus;
    const field = register.fields.find((one) => one.name === fieldName);
    if (!field) return value;
    const code = extract(field, value);
    return field.values ? field.values.find((one) => one.code === code)?.name : code;
  }

  write(name: string, values: number | Record<string, number | string>): void {
    const register = registerNamed(this.chip, name)!;
    let value = typeof values === 'number' ? values : 0;
    for (const field of register.fields) {
      const wanted = typeof values === 'number' ? undefined : values[field.name];
      const first = field.values?.[0]?.code ?? 0;
      const code = field.values?.find((one) => one.name === wanted)?.code ?? Number(wanted ?? first);
      if (typeof values !== 'number') value = insert(field, value, code);
    }
    const bus = register.order === 'big' ? swapBytes(value, register.width) : value;
    this.model.write(register.offset, register.width / 8, bus);
  }

  start(overflow = 'wrap'): void {
    this.write('CONTROL', { ENABLE: 1, CLEAR: 1, OVERFLOW: overflow });
    this.board.pass(this.chip.times['settle']!.min!);
  }

  operate(operation: string, operand: number): void {
    this.write('OPERAND', operand);
    this.write('COMMAND', { OP: operation, TAG: 7 });
    this.write('DOORBELL', 1);
    this.board.pass(this.chip.times['operation']!.max! + 1000);
  }
}

const seeds = fc.nat({ max: 0xffffffff });

describe('on every chip', () => {
  test('a driver that follows the data sheet breaks no rule and gets its results', () => {
    fc.assert(
      fc.property(seeds, fc.nat(), fc.nat({ max: 1000 }), (seed, a, b) => {
        const driver = new Driver(seed);
        expect(driver.read('ID')).toBe(registerNamed(driver.chip, 'ID')!.reset);
        driver.start();
        driver.operate('load', a);
        driver.operate('add', b);
        expect([driver.read('STATUS.DONE'), driver.read('STATUS.FAILED')]).toEqual([1, 0]);
        expect(driver.read('RESULT')).toBe((a + b) % 2 ** 32);
        driver.operate('remainder', 0);
        expect([driver.read('STATUS.FAILED'), driver.read('FAULTS'), driver.read('FAULTS')]).toEqual([
          1, 1, 0,
        ]);
        expect(driver.read('STATE.TAG')).toBe(7);
        expect(driver.board.violations).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test('it is busy as long as it says, and the state machine knows', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const driver = new Driver(seed);
        driver.start();
        const { min, max } = driver.chip.times['operation']!;
        driver.write('DOORBELL', 1);
        driver.board.pass(min! - 1);
        expect([driver.read('STATUS.BUSY'), driver.read('STATUS.DONE')]).toEqual([1, 0]);
        driver.board.pass(max! - min! + 1);
        expect([driver.read('STATUS.BUSY'), driver.read('STATUS.DONE')]).toEqual([0, 1]);
      }),
      { numRuns: 50 },
    );
  });

  test('a message goes out once, and again only after it was acknowledged', () => {
    const driver = new Driver(5);
    driver.write('INT_MASK', { DONE: 0, FAULT: 1 });
    driver.start();
    driver.operate('load', 1);
    driver.operate('load', 2);
    expect(driver.board.messages).toHaveLength(1);
    driver.write('INT_STATUS', { DONE: 1, FAULT: 0 });
    expect(driver.read('INT_STATUS.DONE')).toBe(0);
    driver.operate('load', 3);
    expect(driver.board.messages).toHaveLength(2);
  });

  test('a cause that was held back signals when its mask goes', () => {
    const driver = new Driver(6);
    driver.start();
    driver.operate('load', 1);
    expect(driver.board.messages).toEqual([]);
    driver.write('INT_MASK', { DONE: 0, FAULT: 1 });
    expect(driver.board.messages).toHaveLength(1);
  });

  test('a reset calls off what is under way', () => {
    const driver = new Driver(7);
    driver.start();
    driver.write('DOORBELL', 1);
    driver.model.reset();
    driver.board.pass(1_000_000);
    expect([driver.read('STATUS.BUSY'), driver.read('STATUS.DONE')]).toEqual([0, 0]);
    expect(driver.read('CONTROL')).toBe(registerNamed(driver.chip, 'CONTROL')!.reset);
  });
});

describe('a rule is broken by', () => {
  const broken = (work: (driver: Driver) => void): string[] => {
    const driver = new Driver(11);
    driver.start();
    work(driver);
    return driver.board.violations;
  };
  const at = ({ chip }: Driver, name: string): number => registerNamed(chip, name)!.offset;

  test.each<[string, string, (driver: Driver) => void]>([
    [
      'a doorbell while it is busy',
      'doorbell-while-busy',
      (one) => [1, 2].forEach((n) => one.write('DOORBELL', n)),
    ],
    [
      'a doorbell too early',
      'settle-first',
      (one) => {
        one.write('CONTROL', { ENABLE: 0 });
        one.write('CONTROL', { ENABLE: 1 });
        one.write('DOORBELL', 1);
      },
    ],
    ['half of a register', 'access-size', (one) => one.model.read(at(one, 'STATUS'), 2)],
    ['an offset within a register', 'access-size', (one) => one.model.read(at(one, 'STATUS') + 2, 2)],
    ['an offset of none', 'unused-offset', (one) => one.model.read(4092, 4)],
    ['writing what can only be read', 'read-only', (one) => one.write('RESULT', 5)],
    ['reading what can only be written', 'write-only', (one) => one.read('DOORBELL')],
    ['a reserved register', 'reserved-bits', (one) => one.write('RESERVED0', 1)],
    ['an access while it sleeps', 'powered', (one) => ((one.board.awake = false), one.read('STATUS'))],
  ])('%s', (_, rule, work) => {
    expect(broken(work)).toEqual([rule]);
  });

  test('a code that stands for nothing', () => {
    const driver = new Driver(12);
    const register = registerNamed(driver.chip, 'COMMAND')!;
    const field = register.fields.find(({ name }) => name === 'OP')!;
    const unused = Array.from({ length: 16 }, (_, code) => code).find((code) =>
      field.values!.every((one) => one.code !== code),
    )!;
    driver.write('COMMAND', insert(field, 0, unused));
    expect(driver.board.violations).toEqual(['listed-values']);
  });
});

test('no access of any size at any offset with any value throws, and what happened is in the trace', () => {
  const accesses = fc.array(
    fc.record({
      write: fc.boolean(),
      at: fc.nat({ max: 4095 }),
      bytes: fc.constantFrom(1, 2, 4),
      value: fc.nat({ max: 0xffffffff }),
      pass: fc.nat({ max: 50_000 }),
    }),
    { maxLength: 60 },
  );
  fc.assert(
    fc.property(seeds, accesses, (seed, list) => {
      const { model, board, chip } = new Driver(seed);
      for (const { write, at, bytes, value, pass } of list) {
        // Half of them meet a register.
        const offset = at % 2 === 0 ? chip.registers[at % chip.registers.length]!.offset : at;
        if (write) model.write(offset, bytes, value % 2 ** (8 * bytes));
        else expect(model.read(offset, bytes)).toBeLessThan(2 ** (8 * bytes));
        board.pass(pass);
      }
      const seen = board.events.filter(({ kind }) => kind === 'read' || kind === 'write');
      expect(seen).toHaveLength(list.length);
    }),
    { numRuns: 300 },
  );
});

test('what the world around the chip changes, the chip takes notice of; what the driver writes there is another thing', () => {
  const doorbell = describeChip({
    name: 'doorbell',
    title: 'a bell',
    overview: [],
    features: [],
    bus: { kind: 'pci', vendor: 1, device: 2, class: 3 },
    registers: {
      BUTTON: { access: 'rw', says: 'Pressed.', fields: { DOWN: { bits: 1, says: 'It is.' } } },
      RINGS: { access: 'ro', says: 'How often it rang.' },
    },
    revisions: { A: { code: 0, says: 'First.' } },
    history: [],
    behaviour: {
      world: { BUTTON: (chip) => chip.set('RINGS', chip.get('RINGS') + chip.get('BUTTON.DOWN')) },
    },
  });
  const chip = layOut(doorbell, 7);
  const model = new Model(chip, new Board());
  model.set('BUTTON.DOWN', 1);
  model.set('BUTTON.DOWN', 0);
  model.set(
    'BUTTON',
    registerNamed(chip, 'BUTTON')!.fields[0]!.bits << registerNamed(chip, 'BUTTON')!.fields[0]!.low,
  );
  expect(model.get('RINGS')).toBe(2);
  model.write(registerNamed(chip, 'BUTTON')!.offset, 4, 0);
  expect(model.get('RINGS')).toBe(2);
});
