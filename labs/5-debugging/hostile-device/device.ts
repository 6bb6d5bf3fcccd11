// SPDX-License-Identifier: Apache-2.0
import { describe, DmaError } from '#bringup/silicon';

const ms = 1_000_000;
/** The chip takes no longer than this for an answer, whatever it may take. */
const usual = 40 * ms;

/** What a check writes to TEST: a low byte that says what, and a slot in the next. */
const tricks = { none: 0, tell: 1, change: 2, grow: 3 } as const;

/** What the chip keeps beside its registers. */
interface Memory {
  /** Slot → what is under way in it: asked for, and neither told by DONE nor cancelled. */
  asked: Map<number, { number: number; timer: { cancel: () => void } }>;
  /** Slots that DONE has still to tell. */
  finished: number[];
  /** The slot that was asked for last. */
  last: number;
  /** What LIMITS said before it grew. */
  before: Geometry | undefined;
}

/** Slots, and bytes of each. */
interface Geometry {
  slots: number;
  bytes: number;
}

/** How the store is divided, whatever LIMITS says by now. */
function geometry(chip: {
  get: (path: 'LIMITS.SLOTS' | 'LIMITS.BYTES') => number;
  memory: Memory;
}): Geometry {
  return chip.memory.before ?? { slots: chip.get('LIMITS.SLOTS'), bytes: chip.get('LIMITS.BYTES') };
}

/** The entry of a number: its text, or why there is none. Text fits into a slot of so many bytes. */
function entry(
  number: number,
  header: number,
  bytes: number,
): { status: 'good' | 'unknown' | 'damaged'; text: string } {
  if (number % 16 === 15) return { status: 'unknown', text: '' };
  if (number % 16 === 14) return { status: 'damaged', text: '' };
  const length = 1 + ((number * 7919) % (bytes - header - 12));
  return {
    status: 'good',
    text: `${String(number).padStart(5, '0')}.`.repeat(Math.ceil(length / 6)).slice(0, length),
  };
}

/** A book of tables on a card: numbers in, text out, by DMA. Each value it gives can be made a lie. */
export default describe({
  name: 'almanac',
  title: 'nautical almanac',
  overview: [
    'The chip holds the tables of a nautical almanac: entries of text, each with a number. Software gives it a piece of memory, the store, which is divided into slots of {LIMITS.BYTES} bytes; slot 0 is at the beginning, and the others follow without gaps. A write to {ASK} asks for an entry and names the slot that the answer is to go to. After {answer} the chip writes the answer to that slot, and tells by {DONE} and a message (MSI) that the slot is finished.',
    'An answer begins with a header, which is at the beginning of its slot. The text of the entry is somewhere behind it in the same slot: the header says where, and how long it is. The chip writes nothing outside of the slot, and nothing to it that was not asked for.',
    'Each slot has one request at a time. Requests of different slots are independent of each other, and need not be finished in the order in which they were asked for.',
    'How many slots there are, and how large they are, depends on the firmware of the card. {LIMITS} says it; the values after reset in this document are those of the firmware the card was shipped with.',
  ],
  features: [
    'Up to {slots-most} requests at a time',
    'Answers of up to {bytes-most}, header included, by DMA',
    'One message (MSI) for all slots, and a list of those that are finished',
    'Firmware that can be updated in the field',
  ],
  bus: {
    kind: 'pci',
    vendor: { from: 0x1f80, to: 0x1fbf },
    device: { from: 0x0100, to: 0xfeff },
    class: 0x0b8000,
    bar: { oneOf: [0, 2, 4] },
    vectors: 1,
    dmaBits: 32,
  },
  parameters: {
    'slots-least': { says: 'Slots of any firmware, at least', value: 2 },
    'slots-most': { says: 'Slots of any firmware, at most', value: { from: 6, to: 9 } },
    'bytes-least': { says: 'Size of a slot of any firmware, at least', value: 128, unit: 'bytes' },
    'bytes-most': {
      says: 'Size of a slot of any firmware, at most',
      value: { oneOf: [640, 768, 896, 1024] },
      unit: 'bytes',
    },
    'bytes-step': { says: 'The size of a slot is a multiple of', value: 64, unit: 'bytes' },
  },
  timing: {
    answer: {
      says: 'From the write to {ASK} until {DONE} tells that the slot is finished',
      min: { from: 20 * ms, to: 30 * ms, step: 2 * ms },
      max: { from: 120 * ms, to: 150 * ms, step: 5 * ms },
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
        ENABLE: {
          bits: 1,
          says: 'The chip takes requests. Clearing it abandons all that are under way and empties the list behind {DONE}; from then on the chip does not touch the store.',
        },
      },
    },
    LIMITS: {
      access: 'ro',
      says: 'What the firmware of this card can do.',
      fields: {
        SLOTS: {
          bits: 8,
          says: 'How many slots there are: {slots-least} to {slots-most}.',
          reset: { from: 2, to: 4 },
        },
        BYTES: {
          bits: 16,
          says: 'Size of a slot in bytes: {bytes-least} to {bytes-most}, a multiple of {bytes-step}.',
          reset: { from: 192, to: 512, step: 64 },
        },
      },
    },
    STORE_LOW: { access: 'rw', says: 'Where the store is: bits 31 to 0 of its bus address.' },
    STORE_HIGH: {
      access: 'rw',
      says: 'Bits 63 to 32 of the address of the store. The chip drives 32 bits of an address, so they are 0.',
    },
    ASK: {
      access: 'wo',
      says: 'A write asks for an entry.',
      fields: {
        SLOT: { bits: 8, says: 'The slot that the answer is to go to, below {LIMITS.SLOTS}.' },
        NUMBER: { bits: 16, says: 'The number of the entry.' },
      },
    },
    CANCEL: {
      access: 'wo',
      width: 16,
      says: 'A write abandons the request of a slot: the chip does not touch the slot any more, and {DONE} does not tell it. A slot without a request stays as it is.',
      fields: { SLOT: { bits: 8, says: 'The slot.' } },
    },
    DONE: {
      access: 'ro',
      says: 'A slot that is finished. Each read takes one off the list of those that were not told yet.',
      fields: {
        VALID: { bits: 1, says: 'There was one. While this is 0, {DONE.SLOT} says nothing.' },
        SLOT: { bits: 8, says: 'The slot. Its header and text are in the store.' },
      },
    },
    CAUSE: {
      access: 'w1c',
      width: 16,
      says: 'Why a message was sent. A bit is acknowledged by writing 1 to it.',
      fields: {
        READY: { bits: 1, says: 'A slot was finished since the last acknowledgement.' },
      },
    },
    MESSAGES: {
      access: 'rw',
      width: 16,
      says: 'Which causes send a message.',
      fields: {
        READY: { bits: 1, says: 'The message of {CAUSE.READY} is sent.' },
      },
    },
    TEST: { access: 'reserved', says: 'For test at the factory.' },
  },
  formats: {
    header: {
      says: 'The beginning of an answer, at the beginning of its slot.',
      fields: {
        NUMBER: { bits: 16, says: 'The number of the entry, as it was asked for.' },
        STATUS: {
          bits: 4,
          says: 'Whether there is a text.',
          values: {
            good: 'There is one. LENGTH and OFFSET say where.',
            unknown: 'There is no entry with this number. LENGTH and OFFSET say nothing.',
            damaged: 'The entry can not be read any more. LENGTH and OFFSET say nothing.',
          },
        },
        LENGTH: { bits: 32, says: 'Bytes of the text; at least 1.' },
        OFFSET: {
          bits: 32,
          says: 'Where the text begins, in bytes from the beginning of the slot: behind the header. The text ends within the slot.',
        },
      },
    },
  },
  interrupts: {
    ready: {
      says: 'A slot is finished: {DONE} tells which. One message may stand for several.',
      status: 'CAUSE.READY',
      enable: 'MESSAGES.READY',
    },
  },
  revisions: {
    A0: { code: 0x00, says: 'First silicon.' },
    A1: { code: 0x01, says: 'Takes less power while no request is under way.' },
    B0: { code: 0x10, says: 'DONE.SLOT is 0 when there is nothing to tell; see the errata.' },
  },
  states: {
    off: { says: 'The store is not touched.', next: { on: '{CONTROL.ENABLE} is set' } },
    on: { says: 'Requests are taken.', next: { off: '{CONTROL.ENABLE} is cleared' } },
  },
  rules: {
    'on-first': {
      says: '{ASK} and {CANCEL} must be written only while {CONTROL.ENABLE} is 1.',
      when: { write: ['ASK', 'CANCEL'] },
      require: { 'CONTROL.ENABLE': 1 },
    },
    'store-stays': {
      says: '{STORE_LOW} and {STORE_HIGH} must be written only while {CONTROL.ENABLE} is 0.',
      when: { write: ['STORE_LOW', 'STORE_HIGH'] },
      require: { 'CONTROL.ENABLE': 0 },
    },
    'slot-there': { says: '{ASK.SLOT} and {CANCEL.SLOT} must be below {LIMITS.SLOTS}.' },
    'slot-free': {
      says: 'A slot must not be asked for while it has a request: until {DONE} has told it, or the request was abandoned by {CANCEL}.',
    },
  },
  errata: {
    'stale-slot': {
      title: 'DONE.SLOT repeats the last slot',
      says: 'While {DONE.VALID} is 0, {DONE.SLOT} holds the slot that was told last.',
      workaround: 'Software looks at {DONE.VALID} first, as it has to anyway.',
      affects: ['A0', 'A1'],
    },
  },
  sequences: {
    on: {
      title: 'Bring the chip up',
      steps: [
        'Compare {ID.CHIP} with its value after reset in this document.',
        'Read {LIMITS}.',
        'Write the address of the store to {STORE_LOW} and {STORE_HIGH}. It has {LIMITS.SLOTS} × {LIMITS.BYTES} bytes.',
        'Set {CONTROL.ENABLE}.',
        'Set {MESSAGES.READY} when software is ready to be interrupted.',
      ],
    },
    ask: {
      title: 'Ask for an entry',
      says: 'The slot has no request.',
      steps: [
        'Write slot and number to {ASK}.',
        'Wait until {DONE} has told the slot, for at most the maximum of {answer}.',
        'If it has not, abandon the request by {CANCEL}. The slot can be used again at once.',
        'Else take header and text out of the slot.',
      ],
    },
    message: {
      title: 'Find out which slots are finished',
      says: 'On a message.',
      steps: [
        'Acknowledge {CAUSE.READY}. A slot that is finished from here on sends a message again.',
        'Read {DONE}, until {DONE.VALID} is 0.',
      ],
    },
    off: {
      title: 'Shut the chip down',
      steps: [
        'Write 0 to {MESSAGES}.',
        'Write 0 to {CONTROL}.',
        'Only then take away the store, and the right to master the bus.',
      ],
    },
  },
  blocks: [
    { title: 'Control', registers: ['ID', 'CONTROL', 'LIMITS'] },
    { title: 'Requests', registers: ['ASK', 'CANCEL'] },
    { title: 'Store', registers: ['STORE_LOW', 'STORE_HIGH'] },
    { title: 'Messages', registers: ['DONE', 'CAUSE', 'MESSAGES'] },
  ],
  history: [
    { version: '2.0', date: '2026-08-31', says: 'Slots and their size depend on the firmware.' },
    {
      version: '1.1',
      date: '2026-04-22',
      says: 'What DONE holds when there is nothing to tell added to the errata.',
    },
    { version: '1.0', date: '2025-11-03', says: 'First release.' },
  ],
  memory: (): Memory => ({ asked: new Map(), finished: [], last: 0, before: undefined }),
  behaviour: {
    read: {
      DONE(chip) {
        const slot = chip.memory.finished.shift();
        chip.set('DONE.VALID', slot === undefined ? 0 : 1);
        if (slot !== undefined || !chip.has('stale-slot')) chip.set('DONE.SLOT', slot ?? 0);
        if (slot !== undefined) chip.memory.asked.delete(slot);
      },
      LIMITS(chip) {
        const grown = chip.memory.before;
        if ((chip.get('TEST') & 0xff) === tricks.grow) chip.memory.before ??= geometry(chip);
        if (!grown) return;
        chip.set('LIMITS.SLOTS', chip.parameter('slots-most') + 1);
        chip.set('LIMITS.BYTES', chip.parameter('bytes-most') + chip.parameter('bytes-step'));
      },
    },
    write: {
      CONTROL(chip) {
        const on = chip.get('CONTROL.ENABLE') === 1;
        if (on && chip.state === 'off') chip.enter('on');
        if (on || chip.state === 'off') return;
        for (const { timer } of chip.memory.asked.values()) timer.cancel();
        chip.memory.asked.clear();
        chip.memory.finished.length = 0;
        chip.set('CAUSE.READY', 0);
        chip.enter('off');
      },
      ASK(chip) {
        const { memory } = chip;
        const [slot, number] = [chip.get('ASK.SLOT'), chip.get('ASK.NUMBER')];
        const { slots, bytes } = geometry(chip);
        if (slot >= slots) return chip.violate('slot-there', `slot ${slot} of ${slots} was asked for`);
        if (chip.state === 'off') return;
        const before = memory.asked.get(slot);
        if (before) {
          chip.violate('slot-free', `slot ${slot} was asked for again`);
          before.timer.cancel();
        }
        memory.last = slot;
        const base = (BigInt(chip.get('STORE_HIGH')) << 32n) + BigInt(chip.get('STORE_LOW'));
        const place = base + BigInt(slot * bytes);
        // Whether the request is still the one that was made; a transfer takes a moment.
        const current = (): boolean => memory.asked.get(slot) === request;
        const answer = async (): Promise<void> => {
          const size = chip.encode('header', { NUMBER: 0, STATUS: 'good', LENGTH: 0, OFFSET: 0 }).length;
          const { status, text } = entry(number, size, bytes);
          const offset = text === '' ? size : size + 4 * (number % 4);
          const header = { NUMBER: number, STATUS: status, LENGTH: text.length, OFFSET: offset };
          const written = Buffer.alloc(offset + text.length);
          written.set(chip.encode('header', header));
          written.write(text, offset);
          await chip.dma.write(place, written);
          if (!current()) return;
          memory.finished.push(slot);
          chip.raise('ready');
        };
        const request = { number, timer: chip.after(Math.min(chip.time('answer'), usual), answer) };
        memory.asked.set(slot, request);
      },
      CANCEL(chip) {
        const { memory } = chip;
        const slot = chip.get('CANCEL.SLOT');
        const { slots } = geometry(chip);
        if (slot >= slots) return chip.violate('slot-there', `slot ${slot} of ${slots} was to be abandoned`);
        memory.asked.get(slot)?.timer.cancel();
        memory.asked.delete(slot);
        memory.finished = memory.finished.filter((one) => one !== slot);
      },
    },
    world: {
      /** Bits 0 to 7: a trick; 8 to 15: a slot, 255 standing for the one that was asked for last. */
      async TEST(chip) {
        const { memory } = chip;
        const test = chip.get('TEST');
        const [trick, given] = [test & 0xff, (test >>> 8) & 0xff];
        const slot = given === 0xff ? memory.last : given;
        if (trick === tricks.none && memory.before) {
          chip.set('LIMITS.SLOTS', memory.before.slots);
          chip.set('LIMITS.BYTES', memory.before.bytes);
          memory.before = undefined;
        }
        if (trick !== tricks.tell && trick !== tricks.change) return;
        chip.set('TEST', tricks.none);
        if (trick === tricks.tell) {
          // Whatever it was doing for this slot, it says that it is over.
          memory.asked.get(slot)?.timer.cancel();
          memory.finished.push(slot);
          return chip.raise('ready');
        }
        const base = (BigInt(chip.get('STORE_HIGH')) << 32n) + BigInt(chip.get('STORE_LOW'));
        const bytes = Buffer.alloc(geometry(chip).bytes, '!');
        const header = { NUMBER: 0, STATUS: 'good' as const, LENGTH: 4 * bytes.length, OFFSET: 32 };
        bytes.set(chip.encode('header', header));
        try {
          await chip.dma.write(base + BigInt(slot * bytes.length), bytes);
        } catch (thrown) {
          if (!(thrown instanceof DmaError)) throw thrown;
        }
      },
    },
  },
});
