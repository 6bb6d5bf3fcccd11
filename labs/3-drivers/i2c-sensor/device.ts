// SPDX-License-Identifier: Apache-2.0
import { describe } from '#bringup/silicon';

const ms = 1_000_000;
const resultBits = 12;
const limitBits = 9;

const signed = (code: number, bits: number): number => (code < 2 ** (bits - 1) ? code : code - 2 ** bits);

interface Memory {
  /** What it is around the chip: what a check sets TEMPERATURE.VALUE to, and the next result shows. */
  sensed: number;
  shown: number;
  /** When the first result came. */
  first: number;
  period: 'quick' | 'normal' | 'slow' | 'rare';
  conversion: { cancel: () => void };
  /** To be called when the next result may be another one; results that change nothing are not made. */
  look: () => void;
}

/** A temperature sensor with two limits, on an I2C bus. */
export default describe({
  name: 'ember',
  title: 'temperature sensor with alert',
  overview: [
    'The chip measures its own temperature, again and again while {CONFIG.MODE} is {CONFIG.MODE=continuous}, and keeps the newest result in {TEMPERATURE.VALUE}. Each result is compared with two limits. A result above {HIGH} sets {STATUS.HOT}, one below {LOW} sets {STATUS.COLD}; with {CONFIG.ALERT} either of them pulls the interrupt line low.',
    'All registers have 16 bits. Temperatures are signed numbers in two’s complement, in the field VALUE of their register: a result counts steps of {resolution}, a limit counts steps of {step}.',
    'After reset the chip is off. Its registers can be written and read in every state; while it is off nothing is measured, and the limits and the period stay as they are.',
  ],
  features: [
    'Results of 12 bits in steps of {resolution}',
    'Limits of 9 bits in steps of {step}, compared with every result',
    'One result every {quick}, {normal}, {slow} or {rare}',
    'Interrupt line for both limits',
  ],
  bus: { kind: 'i2c', address: { from: 0x40, to: 0x4f } },
  parameters: {
    resolution: {
      says: 'Temperature of one step of {TEMPERATURE.VALUE}',
      value: { oneOf: [50, 60, 75, 80, 100, 120, 125] },
      unit: 'm°C',
    },
    step: {
      says: 'Temperature of one step of {HIGH.VALUE} and {LOW.VALUE}',
      value: { oneOf: [400, 500, 600, 750, 800, 1000] },
      unit: 'm°C',
    },
    quick: { says: 'Period {CONFIG.PERIOD=quick}', value: { oneOf: [175, 200, 220] }, unit: 'ms' },
    normal: { says: 'Period {CONFIG.PERIOD=normal}', value: { oneOf: [300, 350, 400] }, unit: 'ms' },
    slow: { says: 'Period {CONFIG.PERIOD=slow}', value: { oneOf: [600, 700, 800] }, unit: 'ms' },
    rare: { says: 'Period {CONFIG.PERIOD=rare}', value: { oneOf: [1000, 1200, 1280] }, unit: 'ms' },
  },
  timing: {
    conversion: {
      says: 'From setting {CONFIG.MODE} to {CONFIG.MODE=continuous} until {STATUS.READY} is 1',
      min: { from: 25 * ms, to: 45 * ms, step: 5 * ms },
      max: { from: 120 * ms, to: 160 * ms, step: 10 * ms },
    },
  },
  registers: {
    ID: {
      access: 'ro',
      width: 16,
      order: 'drawn',
      says: 'Identifies the chip. Other chips of this family are fitted at the same address, so software has to compare {ID.CHIP} before it uses anything else.',
      fields: {
        CHIP: { bits: 12, says: 'Chip number.', reset: { from: 0x101, to: 0xefe } },
        REVISION: { bits: 4, says: 'Revision of the silicon.', reset: { revision: true } },
      },
    },
    CONFIG: {
      access: 'rw',
      width: 16,
      order: 'drawn',
      says: 'What the chip does, and how often.',
      fields: {
        MODE: {
          bits: 2,
          says: 'Switches the chip on and off.',
          values: {
            off: 'Nothing is measured; {STATUS.READY} is 0.',
            continuous: 'Measures once every period, beginning now.',
          },
        },
        PERIOD: {
          bits: 3,
          says: 'From one result to the next.',
          values: {
            quick: 'One result every {quick}.',
            normal: 'One result every {normal}.',
            slow: 'One result every {slow}.',
            rare: 'One result every {rare}.',
          },
        },
        ALERT: { bits: 1, says: 'While 1, {STATUS.HOT} and {STATUS.COLD} pull the interrupt line low.' },
      },
    },
    STATUS: {
      access: 'w1c',
      width: 16,
      order: 'drawn',
      says: 'What the chip has found. Changes by itself.',
      fields: {
        READY: {
          bits: 1,
          access: 'ro',
          says: 'There is a result since {CONFIG.MODE} was last set to {CONFIG.MODE=continuous}. Stays 1 until the chip is switched off.',
        },
        HOT: {
          bits: 1,
          says: 'A result was above {HIGH}. Set again by every result that is, so it does not stay clear while the cause lasts.',
        },
        COLD: { bits: 1, says: 'A result was below {LOW}. Set again by every result that is.' },
      },
    },
    TEMPERATURE: {
      access: 'ro',
      width: 16,
      order: 'drawn',
      says: 'The newest result. Changes by itself.',
      fields: {
        VALUE: { bits: resultBits, says: 'The temperature, in two’s complement, in steps of {resolution}.' },
        COUNT: { bits: 3, says: 'How many results followed the first one, modulo 8.' },
      },
    },
    HIGH: {
      access: 'rw',
      width: 16,
      order: 'drawn',
      says: 'The upper limit. A result equal to it is within.',
      fields: {
        VALUE: {
          bits: limitBits,
          says: 'The limit, in two’s complement, in steps of {step}.',
          reset: 2 ** (limitBits - 1) - 1,
        },
      },
    },
    LOW: {
      access: 'rw',
      width: 16,
      order: 'drawn',
      says: 'The lower limit. A result equal to it is within.',
      fields: {
        VALUE: {
          bits: limitBits,
          says: 'The limit, in two’s complement, in steps of {step}.',
          reset: 2 ** (limitBits - 1),
        },
      },
    },
    TEST: { access: 'reserved', width: 16, says: 'For test at the factory.' },
  },
  interrupts: {
    hot: { says: 'A result was above {HIGH}.', status: 'STATUS.HOT', enable: 'CONFIG.ALERT' },
    cold: { says: 'A result was below {LOW}.', status: 'STATUS.COLD', enable: 'CONFIG.ALERT' },
  },
  revisions: {
    A0: { code: 0x1, says: 'First silicon.' },
    A1: { code: 0x2, says: 'Takes less power while it is off.' },
    B0: { code: 0x8, says: '{STATUS.COLD} is right from the first result on.' },
  },
  states: {
    off: { says: 'Nothing is measured.', next: { on: '{CONFIG.MODE} is set to {CONFIG.MODE=continuous}' } },
    on: {
      says: 'One result every period, the first one after {conversion}.',
      next: { off: '{CONFIG.MODE} is set to {CONFIG.MODE=off}' },
    },
  },
  rules: {
    'result-when-ready': {
      says: '{TEMPERATURE} must not be read while {STATUS.READY} is 0.',
      when: { read: 'TEMPERATURE' },
      require: { 'STATUS.READY': 1 },
    },
    'period-while-off': {
      says: '{CONFIG.PERIOD} must be changed only while {CONFIG.MODE} is {CONFIG.MODE=off}, or in the write that sets {CONFIG.MODE} to {CONFIG.MODE=continuous} from there.',
    },
  },
  errata: {
    'false-cold': {
      title: 'The first result may set COLD',
      says: 'When {CONFIG.MODE} is set to {CONFIG.MODE=continuous}, the first result sets {STATUS.COLD} whatever the temperature is. Later results set it only if they are below {LOW}.',
      workaround:
        'Switch the chip on with {CONFIG.ALERT} = 0. When {STATUS.READY} is 1, write 1 to {STATUS.COLD}, then set {CONFIG.ALERT}. If the first result was below {LOW} in truth, the next one tells.',
      affects: ['A0', 'A1'],
    },
  },
  sequences: {
    on: {
      title: 'Switch the chip on',
      says: '{CONFIG.MODE} is {CONFIG.MODE=off}.',
      steps: [
        'Read {ID}, and compare {ID.CHIP} with its value after reset in this document.',
        'Set {CONFIG.MODE} to {CONFIG.MODE=continuous}, with {CONFIG.ALERT} = 0.',
        'Wait until {STATUS.READY} is 1, which takes {conversion}.',
        'Write 1 to {STATUS.COLD} where the errata ask for it.',
        'Set {CONFIG.ALERT} to hear of the limits.',
      ],
    },
    period: {
      title: 'Change the period',
      steps: [
        'Set {CONFIG.MODE} to {CONFIG.MODE=off}.',
        'Set {CONFIG.PERIOD}.',
        'Switch the chip on again, with all its steps but the first.',
      ],
    },
    alert: {
      title: 'Answer the interrupt',
      steps: [
        'Read {STATUS}.',
        'Write 1 to those of {STATUS.HOT} and {STATUS.COLD} that were read as 1, and to nothing else. The line goes high when both are 0.',
      ],
    },
  },
  blocks: [
    { title: 'Control', registers: ['ID', 'CONFIG'] },
    { title: 'Converter', registers: ['TEMPERATURE'] },
    { title: 'Comparator', registers: ['HIGH', 'LOW', 'STATUS'] },
  ],
  history: [
    {
      version: '1.2',
      date: '2026-04-20',
      says: 'Erratum of the first result added; sequences changed accordingly.',
    },
    { version: '1.1', date: '2025-10-07', says: 'Rule for the period added.' },
    { version: '1.0', date: '2025-03-15', says: 'First release.' },
  ],
  memory: (): Memory => ({
    sensed: 0,
    shown: 0,
    first: 0,
    period: 'quick',
    conversion: { cancel: () => {} },
    look: () => {},
  }),
  behaviour: {
    write: {
      CONFIG(chip) {
        const { memory } = chip;
        const period = chip.get('CONFIG.PERIOD') ?? memory.period;
        if (chip.state === 'on' && period !== memory.period)
          chip.violate('period-while-off', `it was changed from ${memory.period} to ${period}`);
        memory.period = period;
        const on = chip.get('CONFIG.MODE') === 'continuous';
        if (!on && chip.state === 'on') {
          memory.conversion.cancel();
          memory.look = () => {};
          chip.set('STATUS.READY', 0);
          chip.enter('off');
        } else if (on && chip.state === 'off') {
          chip.enter('on');
          const convert = (): void => {
            memory.shown = memory.sensed;
            chip.set('TEMPERATURE.VALUE', memory.shown);
            const result = signed(memory.shown, resultBits) * chip.parameter('resolution');
            const limit = (code: number): number => signed(code, limitBits) * chip.parameter('step');
            const hot = result > limit(chip.get('HIGH.VALUE'));
            const cold = result < limit(chip.get('LOW.VALUE'));
            if (hot) chip.raise('hot');
            if (cold) chip.raise('cold');
            if (hot || cold) memory.look();
          };
          memory.conversion = chip.after(chip.time('conversion'), () => {
            memory.first = chip.now();
            chip.set('STATUS.READY', 1);
            if (chip.has('false-cold')) chip.raise('cold');
            convert();
          });
          memory.look = () => {
            if (chip.get('STATUS.READY') === 0) return;
            const every = chip.parameter(memory.period) * ms;
            memory.conversion.cancel();
            memory.conversion = chip.after(every - ((chip.now() - memory.first) % every), convert);
          };
        }
      },
      HIGH: (chip) => chip.memory.look(),
      LOW: (chip) => chip.memory.look(),
    },
    read: {
      TEMPERATURE(chip) {
        const every = chip.parameter(chip.memory.period) * ms;
        const results = chip.state === 'on' ? Math.floor((chip.now() - chip.memory.first) / every) : 0;
        chip.set('TEMPERATURE.COUNT', results % 8);
      },
    },
    world: {
      TEMPERATURE(chip) {
        // What was set is around the chip now; the register goes on showing the last result.
        chip.memory.sensed = chip.get('TEMPERATURE.VALUE');
        chip.set('TEMPERATURE.VALUE', chip.memory.shown);
        chip.memory.look();
      },
    },
  },
});
