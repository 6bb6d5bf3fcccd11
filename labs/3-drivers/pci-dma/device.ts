// SPDX-License-Identifier: Apache-2.0
import { describe, DmaError } from '#bringup/silicon';

const ms = 1_000_000;
const descriptorBytes = 32;

/** A byte with its bits in the other order. */
function mirrored(byte: number): number {
  let turned = 0;
  for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) turned |= 0x80 >> bit;
  return turned;
}

/** What an operation makes of one byte. */
const operations = {
  copy: (byte: number) => byte,
  invert: (byte: number) => ~byte & 0xff,
  mirror: mirrored,
};

/** Whether memory from `at` on goes beyond the next multiple of 4096. */
const crosses = (at: bigint, length: number): boolean => Number(at % 4096n) + length > 4096;

/** A mover of data: a ring of descriptors in memory says what to carry from where to where. */
export default describe({
  name: 'ferry',
  title: 'data mover with a descriptor ring',
  overview: [
    'The chip carries data from one place in memory to another, and can change every byte on the way. What it is to carry is told by descriptors in memory: each names a source, a target, a length and an operation. The {entries} descriptors lie one after the other and form a ring: after the last one comes the first.',
    'Each descriptor belongs to software or to the chip, as its field OWNER says. Software fills in descriptors that are its own, hands them over by OWNER, and writes to {DOORBELL} the index behind the last one it handed over. The chip takes one descriptor after the other, from {HEAD} until just before the index in the doorbell. When it has carried the data of one it hands it back by OWNER, moves {HEAD} on, and signals if the descriptor asks for it.',
    'The engine works while {CONTROL.ENABLE} is 1. When it can not go on it halts, and says why in {STATUS.CAUSE}.',
  ],
  features: [
    'Carries up to {longest} with one descriptor',
    'Three operations on each byte: as it is, inverted, or with its bits in the other order',
    'A ring of {entries} descriptors, walked without help of software',
    'One message-signaled interrupt with two causes',
    'Halts at the first thing that is wrong, without guessing',
  ],
  bus: {
    kind: 'pci',
    vendor: { from: 0x1f80, to: 0x1fbf },
    device: { from: 0x0100, to: 0xfeff },
    class: 0x088000,
    bar: { oneOf: [0, 2, 4] },
    vectors: 1,
    dmaBits: { from: 34, to: 44 },
  },
  parameters: {
    entries: { says: 'Descriptors in the ring', value: { from: 5, to: 7 } },
    longest: {
      says: 'The most that one descriptor carries',
      value: { from: 1230, to: 1950, step: 40 },
      unit: 'bytes',
    },
    alignment: {
      says: 'Every source and every target begins at a multiple of this',
      value: { oneOf: [64, 128] },
      unit: 'bytes',
    },
    ring_bits: {
      says: 'Bits of an address that the chip drives when it reaches the ring',
      value: { from: 28, to: 31 },
      unit: 'bits',
    },
  },
  timing: {
    usual: {
      says: 'From the moment it is the turn of a descriptor until the chip has handed it back, while nothing else uses the bus',
      min: { from: 6 * ms, to: 10 * ms, step: ms },
      max: { from: 16 * ms, to: 30 * ms, step: 2 * ms },
    },
    transfer: {
      says: 'The same, whatever else uses the bus',
      max: { from: 400 * ms, to: 600 * ms, step: 20 * ms },
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
      says: 'Switches the engine on and off.',
      fields: {
        ENABLE: {
          bits: 1,
          says: 'The engine works while this is 1. Clearing it abandons at once whatever is under way: from then on the chip reaches no memory. Clearing it also clears {HEAD} and {EVENTS}, and {STATUS} is as after reset.',
        },
      },
    },
    STATUS: {
      access: 'ro',
      says: 'What the engine is doing.',
      fields: {
        ACTIVE: { bits: 1, says: 'It is the turn of a descriptor.' },
        HALTED: {
          bits: 1,
          says: 'The engine has halted, and does nothing until it was switched off and on.',
        },
        CAUSE: {
          bits: 3,
          says: 'Why it has halted.',
          values: {
            nothing: 'It has not.',
            bus: 'Memory could not be reached.',
            descriptor: 'A descriptor asked for what the chip does not do, or was not handed over.',
          },
        },
      },
    },
    RING: {
      access: 'rw',
      order: 'drawn',
      says: 'The bus address of the first descriptor: a multiple of 256, of at most {ring_bits}.',
    },
    DOORBELL: {
      access: 'wo',
      width: 16,
      order: 'drawn',
      says: 'The index behind the last descriptor that was handed over: below {entries}, as after the last descriptor of the ring comes the first. While the engine has halted, writing it has no effect.',
    },
    HEAD: {
      access: 'ro',
      width: 16,
      order: 'drawn',
      says: 'The index of the descriptor whose turn it is, or will be next. When it is the one last written to {DOORBELL} there is nothing to do. At most one less than the {entries} descriptors of the ring can therefore be handed over at a time.',
    },
    EVENTS: {
      access: 'w1c',
      says: 'Causes of the interrupt since they were cleared.',
      fields: {
        DONE: { bits: 1, says: 'A descriptor with SIGNAL was handed back.' },
        HALTED: { bits: 1, says: 'The engine has halted.' },
      },
    },
    SIGNALS: {
      access: 'rw',
      says: 'Which causes are signaled.',
      fields: {
        DONE: { bits: 1, says: 'Signals {EVENTS.DONE}.' },
        HALTED: { bits: 1, says: 'Signals {EVENTS.HALTED}.' },
      },
    },
    TEST: { access: 'reserved', says: 'For test at the factory.' },
  },
  formats: {
    descriptor: {
      size: descriptorBytes,
      says: 'What to carry. The chip reads a descriptor whole when it is its turn, and writes it back whole with OWNER changed. Bits that no field takes must be zero.',
      fields: {
        SOURCE: { bits: 64, says: 'Bus address of the first byte to read.' },
        TARGET: {
          bits: 64,
          says: 'Bus address of the first byte to write: that of the source, or of memory that has no byte in common with it.',
        },
        LENGTH: { bits: 16, says: 'How many bytes: 1 up to the most that one descriptor carries.' },
        COOKIE: { bits: 24, says: 'Free for software. Comes back as it was.' },
        OPERATION: {
          bits: 3,
          says: 'What happens to each byte.',
          values: {
            copy: 'It arrives as it is.',
            invert: 'Each bit is inverted.',
            mirror:
              'Its bits are put in the other order: bit 0 becomes bit 7, bit 1 becomes bit 6, and so on.',
          },
        },
        SIGNAL: { bits: 1, says: '1: handing it back sets DONE among the events.' },
        OWNER: {
          bits: 1,
          says: 'Whose the descriptor is. All of it, and the memory it names, is for the owner alone.',
          values: {
            software: 'Software may change it.',
            chip: 'The chip will carry, or is carrying, its data.',
          },
        },
      },
    },
  },
  rings: {
    ring: {
      says: 'The descriptors that the chip walks, from {RING} on.',
      format: 'descriptor',
      entries: 'entries',
    },
  },
  interrupts: {
    done: {
      says: 'A descriptor that asks for it was handed back.',
      status: 'EVENTS.DONE',
      enable: 'SIGNALS.DONE',
    },
    halted: { says: 'The engine has halted.', status: 'EVENTS.HALTED', enable: 'SIGNALS.HALTED' },
  },
  revisions: {
    A0: { code: 0x00, says: 'First silicon.' },
    A1: { code: 0x01, says: 'Drives its messages with more strength; nothing changes for software.' },
    B0: { code: 0x10, says: 'Corrects how transfers are split into bursts.' },
  },
  states: {
    off: {
      says: 'Reaches no memory.',
      next: { idle: '{CONTROL.ENABLE} is set' },
    },
    idle: {
      says: '{HEAD} is the index in the doorbell.',
      next: { off: '{CONTROL.ENABLE} is cleared', carrying: 'another index is written to {DOORBELL}' },
    },
    carrying: {
      says: 'It is the turn of the descriptor at {HEAD}.',
      next: {
        idle: 'the last descriptor before the index in the doorbell is handed back',
        halted: 'something is wrong with it, or memory can not be reached',
        off: '{CONTROL.ENABLE} is cleared',
      },
    },
    halted: {
      says: 'Nothing is done, and nothing more is handed back.',
      next: { off: '{CONTROL.ENABLE} is cleared' },
    },
  },
  rules: {
    'ring-while-on': {
      says: '{RING} must not be written while {CONTROL.ENABLE} is 1.',
      when: { write: 'RING' },
      require: { 'CONTROL.ENABLE': 0 },
    },
    'ring-in-reach': { says: '{RING} must be a multiple of 256 and have at most {ring_bits}.' },
    'doorbell-while-off': {
      says: '{DOORBELL} must not be written while {CONTROL.ENABLE} is 0.',
      when: { write: 'DOORBELL' },
      require: { 'CONTROL.ENABLE': 1 },
    },
    'doorbell-in-ring': { says: '{DOORBELL} must be written with an index of the ring.' },
    'handed-over': {
      says: 'Every descriptor before the index in the doorbell must be owned by the chip when the index is written.',
    },
    'hands-off': { says: 'A descriptor that the chip owns must not be changed.' },
    'zero-bits': { says: 'Bits of a descriptor that no field takes must be zero.' },
    'listed-operation': { says: 'The OPERATION of a descriptor must be one of those listed.' },
    length: { says: 'The LENGTH of a descriptor must be 1 to {longest}.' },
    aligned: { says: 'SOURCE and TARGET of a descriptor must be multiples of {alignment}.' },
    overlap: {
      says: 'Source and target of a descriptor must be the same memory, or have no byte in common.',
    },
  },
  errata: {
    crossing: {
      title: 'Transfers across a boundary of 4096 bytes halt the engine',
      says: 'When the memory of a source or of a target goes beyond a multiple of 4096 bytes, the engine halts with {STATUS.CAUSE=descriptor} in place of carrying it.',
      workaround:
        'End a descriptor at the boundary, and carry what is beyond it with the next one. A boundary is a multiple of any alignment that the chip asks for.',
      affects: ['A0', 'A1'],
    },
  },
  sequences: {
    on: {
      title: 'Switch the engine on',
      says: 'The chip may master the bus, the ring is in memory, and all of its descriptors are owned by software.',
      steps: [
        'Write the address of the ring to {RING}.',
        'Set what is to be signaled in {SIGNALS}.',
        'Set {CONTROL.ENABLE}. {HEAD} is 0, and so is the index in the doorbell.',
      ],
    },
    carry: {
      title: 'Carry data',
      says: 'A descriptor is software’s, and it is not the last one of the ring that is: one always stays free.',
      steps: [
        'Fill in the descriptor, all but OWNER. The memory that it names is ready.',
        'Hand it over by OWNER. The chip must not see OWNER changed before the rest.',
        'Write the index behind it to {DOORBELL}. Several descriptors may be handed over before that.',
        'Wait for the message, or look at OWNER, for at most the maximum of {transfer} for each descriptor before and including it.',
        'When OWNER is software again the data has arrived.',
      ],
    },
    answer: {
      title: 'Answer a message',
      steps: [
        'Read {EVENTS}, and write back what was read to clear it.',
        'Only then look at the descriptors: a message goes out when an event comes to be set, and one that was set already sends none.',
      ],
    },
    recover: {
      title: 'Recover the engine',
      says: '{STATUS.HALTED} is 1, or a descriptor was not handed back after the maximum of {transfer}.',
      steps: [
        'Clear {CONTROL.ENABLE}. What was handed over is software’s again, whatever its OWNER says, and how far its data got is not known.',
        'Make all descriptors software’s, and switch the engine on. It begins at index 0.',
      ],
    },
    off: {
      title: 'Switch the engine off',
      steps: [
        'Clear {CONTROL.ENABLE}. Ring and data may be taken away after that, and not before.',
        'Bus mastering may be switched off.',
      ],
    },
  },
  blocks: [
    { title: 'Control', registers: ['ID', 'CONTROL', 'STATUS'] },
    { title: 'Ring', registers: ['RING', 'DOORBELL', 'HEAD'] },
    { title: 'Interrupt', registers: ['EVENTS', 'SIGNALS'] },
  ],
  history: [
    { version: '1.2', date: '2026-09-04', says: 'Revision B0 added.' },
    { version: '1.1', date: '2026-03-17', says: 'Erratum on boundaries of 4096 bytes added.' },
    { version: '1.0', date: '2025-11-20', says: 'First release.' },
  ],
  memory: () => ({
    head: 0,
    /** The index in the doorbell. */
    tail: 0,
    /** Counts up whenever what is under way is abandoned. */
    run: 0,
    transfer: { cancel: () => {} },
    /** Takes the descriptor at `head`. */
    take: async (): Promise<void> => {},
  }),
  behaviour: {
    reset(chip) {
      const m = chip.memory;
      const place = (): bigint => BigInt(chip.get('RING') + m.head * descriptorBytes);
      const halt = (cause: 'bus' | 'descriptor'): void => {
        m.run++;
        chip.set('STATUS.ACTIVE', 0);
        chip.set('STATUS.HALTED', 1);
        chip.set('STATUS.CAUSE', cause);
        chip.enter('halted');
        chip.raise('halted');
      };
      /** Does something that reaches memory; what the bus refuses halts the engine. */
      const reach = async (run: number, work: () => Promise<void>): Promise<void> => {
        try {
          await work();
        } catch (thrown) {
          if (!(thrown instanceof DmaError)) throw thrown;
          if (m.run === run) halt('bus');
        }
      };

      m.take = async () => {
        const run = m.run;
        await reach(run, async () => {
          const bytes = await chip.dma.read(place(), descriptorBytes);
          if (m.run !== run) return;
          const descriptor = chip.decode('descriptor', bytes);
          const { SOURCE: from, TARGET: to, LENGTH: length, OPERATION: operation, OWNER: owner } = descriptor;
          const longest = chip.parameter('longest');
          const alignment = BigInt(chip.parameter('alignment'));
          const which = `descriptor ${m.head}`;
          if (owner !== 'chip') {
            chip.violate('handed-over', `the chip came to ${which}, and it was still software's`);
            return halt('descriptor');
          }
          const again = chip.encode('descriptor', descriptor);
          if (operation === undefined) chip.violate('listed-operation', `${which} had none of them`);
          else if (!again.every((byte, at) => byte === bytes[at]))
            chip.violate('zero-bits', `${which} had others`);
          if (length < 1 || length > longest)
            chip.violate('length', `that of ${which} was ${length}, of at most ${longest}`);
          for (const [name, at] of Object.entries({ SOURCE: from, TARGET: to }))
            if (at % alignment !== 0n)
              chip.violate('aligned', `${name} of ${which} was 0x${at.toString(16)}`);
          const apart = from - to < 0n ? to - from : from - to;
          if (apart !== 0n && apart < BigInt(length)) chip.violate('overlap', `those of ${which} overlapped`);
          if (
            operation === undefined ||
            length < 1 ||
            length > longest ||
            (chip.has('crossing') && (crosses(from, length) || crosses(to, length)))
          )
            return halt('descriptor');

          m.transfer = chip.after(chip.time('usual'), () => {
            void reach(run, async () => {
              const data = await chip.dma.read(from, length);
              if (m.run !== run) return;
              await chip.dma.write(to, data.map(operations[operation]));
              if (m.run !== run) return;
              const now = await chip.dma.read(place(), descriptorBytes);
              if (m.run !== run) return;
              if (!now.every((byte, at) => byte === bytes[at]))
                chip.violate('hands-off', `${which} was changed before it was handed back`);
              await chip.dma.write(place(), chip.encode('descriptor', { ...descriptor, OWNER: 'software' }));
              if (m.run !== run) return;
              m.head = (m.head + 1) % chip.parameter('entries');
              chip.set('HEAD', m.head);
              if (m.head === m.tail) {
                chip.set('STATUS.ACTIVE', 0);
                chip.enter('idle');
              }
              if (descriptor.SIGNAL === 1) chip.raise('done');
              if (m.head !== m.tail) await m.take();
            });
          });
        });
      };
    },
    write: {
      RING(chip, written) {
        if (written % 256 !== 0 || written >= 2 ** chip.parameter('ring_bits'))
          chip.violate('ring-in-reach', `0x${written.toString(16)} was written`);
      },
      CONTROL(chip) {
        const m = chip.memory;
        const on = chip.get('CONTROL.ENABLE') === 1;
        if (on && chip.state === 'off') {
          m.head = m.tail = 0;
          chip.enter('idle');
        } else if (!on && chip.state !== 'off') {
          m.run++;
          m.transfer.cancel();
          chip.set('STATUS.ACTIVE', 0);
          chip.set('STATUS.HALTED', 0);
          chip.set('STATUS.CAUSE', 'nothing');
          chip.set('HEAD', 0);
          chip.set('EVENTS', 0);
          chip.enter('off');
        }
      },
      DOORBELL(chip, written) {
        const m = chip.memory;
        const entries = chip.parameter('entries');
        if (chip.state === 'off' || chip.state === 'halted') return;
        if (written >= entries)
          return chip.violate('doorbell-in-ring', `${written} was written, of 0 to ${entries - 1}`);
        m.tail = written;
        if (chip.state === 'carrying' || m.head === m.tail) return;
        chip.enter('carrying');
        chip.set('STATUS.ACTIVE', 1);
        return m.take();
      },
    },
  },
});
