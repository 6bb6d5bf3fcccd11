// SPDX-License-Identifier: Apache-2.0
import { describe } from '#bringup/silicon';

const ms = 1_000_000;
/** Events of a shower come so far apart. */
const apart = 3 * ms;
/** An event that is to come at a bad moment comes so long after the moment that did not. */
const atLast = 60 * ms;

interface Sample {
  channel: number;
  value: number;
}

/** Events of one moment under conversion. */
interface Conversion {
  values: readonly number[];
  over: boolean;
  timer: { cancel: () => void };
}

/** What a check writes to TEST: events that come now, one that follows at a bad moment, or a shower of them. */
const kinds = ['now', 'followed', 'shower'] as const;

const causes = ['DATA', 'OVERRUN', 'SHOCK'] as const;
type Cause = (typeof causes)[number];

/** What the chip keeps beside its registers. */
interface Memory {
  settled: number;
  queue: Sample[];
  /** In the order of their events, in which they leave the converter too. */
  conversions: Conversion[];
  /** Causes that were set and not acknowledged, and those of them that were read as 1. */
  set: Set<Cause>;
  seen: Set<Cause>;
  peakRead: boolean;
  /** What ENABLE.DATA was. */
  enabled: number;
  /** Amplitudes of events that wait for bad moments. */
  followers: number[];
}

const fresh = (): Memory => ({
  settled: 0,
  queue: [],
  conversions: [],
  set: new Set(),
  seen: new Set(),
  peakRead: false,
  enabled: 0,
  followers: [],
});

/** What the functions below need of the chip's view. */
interface Recorder {
  get: (path: 'THRESHOLD' | 'DROPPED.COUNT') => number;
  set: (
    path: 'CAUSE' | 'STATUS' | 'STATUS.LEVEL' | 'STATUS.BUSY' | 'DROPPED' | 'DROPPED.COUNT' | 'PEAK',
    value: number,
  ) => void;
  parameter: (name: 'depth') => number;
  time: (name: 'convert') => number;
  after: (nanoseconds: number, action: () => void) => { cancel: () => void };
  raise: (interrupt: 'data' | 'overrun' | 'shock') => void;
  enter: (state: 'off' | 'idle' | 'running') => void;
  readonly state: string;
  readonly memory: Memory;
}

function raise(chip: Recorder, cause: Cause): void {
  chip.memory.set.add(cause);
  chip.raise(({ DATA: 'data', OVERRUN: 'overrun', SHOCK: 'shock' } as const)[cause]);
}

/** Catches events that come at one moment, and converts them together. */
function catchEvents(chip: Recorder, values: readonly number[]): void {
  const { memory } = chip;
  if (chip.state !== 'running') return;
  const peak = Math.max(...values);
  if (peak > chip.get('THRESHOLD') && !memory.set.has('SHOCK')) {
    chip.set('PEAK', peak);
    memory.peakRead = false;
    raise(chip, 'SHOCK');
  }
  const conversion: Conversion = { values, over: false, timer: { cancel: () => {} } };
  conversion.timer = chip.after(chip.time('convert'), () => {
    conversion.over = true;
    finish(chip);
  });
  memory.conversions.push(conversion);
  chip.set('STATUS.BUSY', 1);
  raise(chip, 'DATA');
}

/** Lets samples out of the converter that are ready, unless an earlier one is not. */
function finish(chip: Recorder): void {
  const { conversions } = chip.memory;
  while (conversions[0]?.over) {
    const { values } = conversions.shift()!;
    if (conversions.length === 0) chip.set('STATUS.BUSY', 0);
    for (const value of values) keep(chip, { value, channel: value % 4 });
  }
}

function keep(chip: Recorder, sample: Sample): void {
  const { queue } = chip.memory;
  if (queue.length < chip.parameter('depth')) {
    queue.push(sample);
    chip.set('STATUS.LEVEL', queue.length);
  } else {
    chip.set('DROPPED.COUNT', Math.min(255, chip.get('DROPPED.COUNT') + 1));
    raise(chip, 'OVERRUN');
  }
}

/** Lets the next event come that waited for this moment. */
function follow(chip: Recorder): void {
  const value = chip.memory.followers.shift();
  if (value !== undefined) catchEvents(chip, [value]);
}

/** Does what CONTROL has come to say. */
function change(chip: Recorder, on: boolean, run: boolean): void {
  const { memory } = chip;
  if (chip.state === 'running' && !(on && run)) {
    for (const { timer } of memory.conversions) timer.cancel();
    memory.conversions.length = 0;
    chip.set('STATUS.BUSY', 0);
    if (on) chip.enter('idle');
  }
  if (!on && chip.state !== 'off') {
    memory.queue.length = 0;
    memory.set.clear();
    memory.seen.clear();
    for (const register of ['CAUSE', 'STATUS', 'DROPPED', 'PEAK'] as const) chip.set(register, 0);
    chip.enter('off');
  }
  if (on && chip.state === 'off') chip.enter('idle');
  if (on && run && chip.state === 'idle') chip.enter('running');
}

/** A recorder of ground motion: samples in a short queue, three causes with a message each. */
export default describe({
  name: 'tremor',
  title: 'recorder of ground motion',
  overview: [
    'The chip listens to four geophones. When one of them moves, that is an event: the chip catches its amplitude, says so at once by {CAUSE.DATA}, and converts it to a number. The conversion takes a while, {convert}. When it is over the sample is in a queue of {depth} samples, from which software takes it by reading {SAMPLE}.',
    'An event stronger than {THRESHOLD} is a shock. Its amplitude is in {PEAK} at once, without waiting for the conversion, and {CAUSE.SHOCK} says so. It becomes a sample as well, like every event.',
    'A sample for which there is no room in the queue is dropped. {DROPPED} counts them, and {CAUSE.OVERRUN} says so.',
    'Each of the three causes has a message (MSI-X) of its own, which goes out when the cause and its bit in {ENABLE} come to be 1 together. While both stay 1 no other message of this cause goes out: software acknowledges a cause to hear of the next.',
    'Messages are writes on a shared bus. One in a great many is lost there, and now and then one comes for which there is no cause any more. {CAUSE} and {STATUS} are the truth; a message is the hint to look at them.',
  ],
  features: [
    'Four channels, 16 bits of amplitude',
    'A queue of {depth} samples, with a count of those that did not fit',
    'Shocks are told at once, with their peak',
    'Three causes of interrupt on three MSI-X messages',
  ],
  bus: {
    kind: 'pci',
    vendor: { from: 0x1f80, to: 0x1fbf },
    device: { from: 0x0100, to: 0xfeff },
    class: 0x118000,
    bar: { oneOf: [0, 2, 4] },
    vectors: 3,
  },
  parameters: {
    depth: { says: 'Samples that the queue holds', value: { from: 4, to: 8 } },
  },
  timing: {
    settle: {
      says: 'From setting {CONTROL.POWER} to setting {CONTROL.RUN}',
      min: { from: 30 * ms, to: 60 * ms, step: 5 * ms },
    },
    convert: {
      says: 'From an event until its sample is in the queue',
      min: { from: 60 * ms, to: 80 * ms, step: 5 * ms },
      max: { from: 150 * ms, to: 200 * ms, step: 10 * ms },
    },
    watch: {
      says: 'From the last message, or the last look at {CAUSE}, until software looks at {CAUSE} without being told to',
      min: { from: 400 * ms, to: 600 * ms, step: 50 * ms },
      max: { from: 1000 * ms, to: 1400 * ms, step: 50 * ms },
    },
  },
  registers: {
    ID: {
      access: 'ro',
      says: 'Identifies the chip.',
      fields: {
        CHIP: { bits: 16, says: 'Chip number.', reset: { from: 0x1001, to: 0xeffe } },
        REVISION: { bits: 8, says: 'Revision of the silicon.', reset: { revision: true } },
      },
    },
    CONTROL: {
      access: 'rw',
      says: 'Switches the chip on and off.',
      fields: {
        POWER: {
          bits: 1,
          says: 'The front end has power. Clearing it forgets everything: conversions under way, the queue, {CAUSE}, {DROPPED} and {PEAK}.',
        },
        RUN: {
          bits: 1,
          says: 'Events are caught. Clearing it abandons conversions under way; what is in the queue stays there.',
        },
      },
    },
    CAUSE: {
      access: 'w1c',
      says: 'What has happened. A bit is acknowledged by writing 1 to it; bits that are written as 0 keep their value.',
      fields: {
        DATA: {
          bits: 1,
          says: 'An event was caught since the last acknowledgement. Its sample may still be under conversion.',
        },
        OVERRUN: { bits: 1, says: 'A sample was dropped since the last acknowledgement; see {DROPPED}.' },
        SHOCK: {
          bits: 1,
          says: 'There was a shock; {PEAK} has its amplitude. While this bit is 1, further shocks change neither it nor {PEAK}. Acknowledging it clears {PEAK}.',
        },
      },
    },
    ENABLE: {
      access: 'rw',
      says: 'Which causes send their message. {CAUSE} does not depend on it.',
      fields: {
        DATA: { bits: 1, says: 'The message of {CAUSE.DATA} is sent.' },
        OVERRUN: { bits: 1, says: 'The message of {CAUSE.OVERRUN} is sent.' },
        SHOCK: { bits: 1, says: 'The message of {CAUSE.SHOCK} is sent.' },
      },
    },
    STATUS: {
      access: 'ro',
      says: 'What the converter and the queue are doing.',
      fields: {
        LEVEL: { bits: 4, says: 'Samples in the queue.' },
        BUSY: { bits: 1, says: 'At least one event is under conversion.' },
      },
    },
    SAMPLE: {
      access: 'ro',
      order: 'drawn',
      says: 'The oldest sample of the queue. Reading it takes it out.',
      fields: {
        VALUE: { bits: 16, says: 'Amplitude.' },
        CHANNEL: { bits: 2, says: 'Which geophone, 0 to 3.' },
      },
    },
    DROPPED: {
      access: 'rc',
      width: 16,
      says: 'Samples that were dropped since this register was read last. It stops at its largest value.',
      fields: { COUNT: { bits: 8, says: 'How many.' } },
    },
    THRESHOLD: {
      access: 'rw',
      width: 16,
      order: 'drawn',
      reset: 0xffff,
      says: 'An event with a larger amplitude is a shock.',
    },
    PEAK: {
      access: 'ro',
      width: 16,
      order: 'drawn',
      says: 'Amplitude of the shock that set {CAUSE.SHOCK}; 0 while that bit is 0.',
    },
    TEST: { access: 'reserved', says: 'For test at the factory.' },
  },
  interrupts: {
    data: {
      says: 'An event was caught. Its sample is in the queue {convert} later.',
      status: 'CAUSE.DATA',
      enable: 'ENABLE.DATA',
    },
    overrun: { says: 'Samples were dropped.', status: 'CAUSE.OVERRUN', enable: 'ENABLE.OVERRUN' },
    shock: {
      says: 'There was a shock. Its amplitude can be read at once.',
      status: 'CAUSE.SHOCK',
      enable: 'ENABLE.SHOCK',
    },
  },
  revisions: {
    A0: { code: 0x00, says: 'First silicon.' },
    A1: { code: 0x01, says: 'Takes less power while it is not running.' },
    B0: { code: 0x10, says: 'The message when {ENABLE.DATA} is set is gone; see the errata.' },
  },
  states: {
    off: { says: 'Nothing is remembered.', next: { idle: '{CONTROL.POWER} is set' } },
    idle: {
      says: 'Events go by. The queue can be read.',
      next: {
        running: '{CONTROL.RUN} is set',
        off: '{CONTROL.POWER} is cleared',
      },
    },
    running: {
      says: 'Events are caught.',
      next: {
        idle: '{CONTROL.RUN} is cleared',
        off: '{CONTROL.POWER} is cleared',
      },
    },
  },
  rules: {
    'power-first': {
      says: '{CONTROL.RUN} must be set only while {CONTROL.POWER} is 1 already.',
    },
    'settle-first': { says: '{CONTROL.RUN} must be set no earlier than {settle} after {CONTROL.POWER}.' },
    'threshold-while-running': {
      says: '{THRESHOLD} must be written only while {CONTROL.RUN} is 0.',
      when: { write: 'THRESHOLD' },
      require: { 'CONTROL.RUN': 0 },
    },
    'sample-there': {
      says: '{SAMPLE} must not be read while {STATUS.LEVEL} is 0.',
      when: { read: 'SAMPLE' },
      require: { 'STATUS.LEVEL': [1, 2, 3, 4, 5, 6, 7, 8] },
    },
    'seen-first': {
      says: 'A cause must be acknowledged only after it was read as 1 in {CAUSE}.',
    },
    'peak-first': { says: '{CAUSE.SHOCK} must be acknowledged only after {PEAK} was read.' },
    'messages-off-first': {
      says: '{CONTROL.RUN} must be cleared only while all of {ENABLE} is 0.',
    },
  },
  errata: {
    'stray-message': {
      title: 'A message of DATA when it is enabled',
      says: 'When {ENABLE.DATA} is set while {CAUSE.DATA} is 0, the message of {CAUSE.DATA} is sent all the same.',
      workaround: 'Software that finds no cause ignores the message, as it has to anyway.',
      affects: ['A0', 'A1'],
    },
  },
  sequences: {
    on: {
      title: 'Bring the chip up',
      says: 'The firmware of the board may have used the chip, and leaves it as it was: running, enabled, with causes set.',
      steps: [
        'Compare {ID.CHIP} with its value after reset in this document.',
        'Write 0 to {ENABLE}, then 0 to {CONTROL}. Whatever the firmware left is forgotten.',
        'Set {CONTROL.POWER}, and wait {settle}.',
        'Write {THRESHOLD}.',
        'Set {CONTROL.RUN} too.',
        'Set up the three messages (MSI-X), and allow the chip to master the bus, which sending them takes. This may be done earlier, after the second step.',
        'When software is ready to be interrupted, set the bits of {ENABLE}. For a cause that is 1 already, the message goes out at this moment.',
      ],
    },
    data: {
      title: 'Take samples out',
      says: 'On the message of {CAUSE.DATA}, if that bit is 1.',
      steps: [
        'Acknowledge {CAUSE.DATA}. An event that comes from here on sends a message again.',
        'Read {STATUS}. While {STATUS.LEVEL} is not 0, read {SAMPLE} that many times.',
        'If {STATUS.BUSY} was 1, wait a little and go back to the second step. A conversion that is not over the maximum of {convert} after the last sample, or after the first look at {STATUS}, is not waited for any longer.',
      ],
    },
    shock: {
      title: 'Take a shock',
      says: 'On the message of {CAUSE.SHOCK}, if that bit is 1.',
      steps: ['Read {PEAK}.', 'Acknowledge {CAUSE.SHOCK}.'],
    },
    overrun: {
      title: 'Count what was dropped',
      says: 'On the message of {CAUSE.OVERRUN}, if that bit is 1.',
      steps: [
        'Acknowledge {CAUSE.OVERRUN}.',
        'Read {DROPPED}. It may be 0, when its count was read with that of an earlier message.',
      ],
    },
    watch: {
      title: 'Find what a lost message would have told',
      says: 'While the chip runs, {watch} after the last message or the last such look. Not earlier: a chip that is looked at all the time needs no messages.',
      steps: [
        'Read {CAUSE}, and handle each cause that is 1 as if its message had come.',
        'Read {STATUS}. If {STATUS.LEVEL} is not 0, take samples out, whatever {CAUSE.DATA} says: one that took longer than the maximum of {convert} lies there.',
      ],
    },
    off: {
      title: 'Shut the chip down',
      steps: [
        'Write 0 to {ENABLE}. From here on no message is sent; one may still be under way.',
        'Write 0 to {CONTROL}.',
        'Only then give up the messages (MSI-X).',
      ],
    },
  },
  blocks: [
    { title: 'Control', registers: ['ID', 'CONTROL'] },
    { title: 'Front end', registers: ['THRESHOLD', 'PEAK'] },
    { title: 'Converter and queue', registers: ['STATUS', 'SAMPLE', 'DROPPED'] },
    { title: 'Messages', registers: ['CAUSE', 'ENABLE'] },
  ],
  history: [
    { version: '1.2', date: '2026-08-20', says: 'Stray message of the A revisions added to the errata.' },
    { version: '1.1', date: '2026-05-07', says: 'Lost messages: how to find what they would have told.' },
    { version: '1.0', date: '2026-01-15', says: 'First release.' },
  ],
  memory: fresh,
  behaviour: {
    read: {
      CAUSE(chip) {
        for (const cause of causes) if (chip.get(`CAUSE.${cause}`) === 1) chip.memory.seen.add(cause);
      },
      STATUS(chip) {
        const { queue, conversions, followers } = chip.memory;
        const idle = queue.length === 0 && conversions.length === 0;
        // The worst moment for an event: just when the driver sees that there is nothing more.
        if (idle && followers.length === 1) follow(chip);
        chip.set('STATUS.BUSY', idle || conversions.length === 0 ? 0 : 1);
      },
      SAMPLE(chip) {
        const { queue, conversions, followers } = chip.memory;
        const sample = queue.shift();
        if (!sample) return;
        chip.set('SAMPLE.VALUE', sample.value);
        chip.set('SAMPLE.CHANNEL', sample.channel);
        chip.set('STATUS.LEVEL', queue.length);
        if (queue.length > 0 || conversions.length > 0) return;
        // The same for a driver that saw before it took the last one that there would be no more.
        if (followers.length === 2) follow(chip);
        else if (followers.length === 1) chip.after(atLast, () => follow(chip));
      },
      PEAK(chip) {
        chip.memory.peakRead = true;
      },
    },
    write: {
      CONTROL(chip) {
        const on = chip.get('CONTROL.POWER') === 1;
        const run = chip.get('CONTROL.RUN') === 1;
        if (run && chip.state === 'off') chip.violate('power-first', 'POWER was 0');
        if (!run && chip.state === 'running' && chip.get('ENABLE') !== 0)
          chip.violate('messages-off-first', `ENABLE was 0x${chip.get('ENABLE').toString(16)}`);
        if (run && chip.state === 'idle') chip.notBefore('settle-first', chip.memory.settled);
        if (on && chip.state === 'off') chip.memory.settled = chip.earliest() + chip.time('settle');
        change(chip, on, run);
      },
      CAUSE(chip) {
        const { memory } = chip;
        for (const cause of causes) {
          if (!memory.set.has(cause) || chip.get(`CAUSE.${cause}`) === 1) continue;
          if (!memory.seen.has(cause)) chip.violate('seen-first', `${cause} was not read as 1`);
          memory.set.delete(cause);
          memory.seen.delete(cause);
          if (cause !== 'SHOCK') continue;
          if (!memory.peakRead) chip.violate('peak-first', `a peak of ${chip.get('PEAK')} was not read`);
          chip.set('PEAK', 0);
        }
      },
      ENABLE(chip) {
        const { memory } = chip;
        const data = chip.get('ENABLE.DATA');
        if (chip.has('stray-message') && data === 1 && memory.enabled === 0 && !memory.set.has('DATA')) {
          chip.raise('data');
          chip.lower('data');
        }
        memory.enabled = data;
      },
    },
    world: {
      CONTROL(chip) {
        change(chip, chip.get('CONTROL.POWER') === 1, chip.get('CONTROL.RUN') === 1);
      },
      ENABLE(chip) {
        chip.memory.enabled = chip.get('ENABLE.DATA');
      },
      /** Bits 0 to 15: the amplitude of the first event; 16 to 23: how many, each one more than the last; 24 on: a kind. */
      TEST(chip) {
        const test = chip.get('TEST');
        const [value, count, kind] = [test & 0xffff, (test >>> 16) & 0xff, kinds[test >>> 24]];
        chip.set('TEST', 0);
        if (kind === 'followed') chip.memory.followers = [value + 1, value + 2];
        if (kind === 'shower') {
          const next = (n: number): void => {
            catchEvents(chip, [value + n]);
            if (n + 1 < count) chip.after(apart, () => next(n + 1));
          };
          next(0);
        } else
          catchEvents(
            chip,
            kind === 'followed' ? [value] : Array.from({ length: count }, (_, n) => value + n),
          );
      },
    },
  },
});
