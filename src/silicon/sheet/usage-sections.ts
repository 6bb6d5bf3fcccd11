// SPDX-License-Identifier: Apache-2.0
// The parts of a data sheet about how the chip is used.
import type { Access } from '../describe/registers.ts';
import { commonRules, type CommonRule } from '../describe/rules.ts';
import type { Chip } from '../layout/chip.ts';
import { accessMasks } from '../layout/value.ts';
import { duration } from './numbers.ts';
import type { Block, Section, Words } from './sheet.ts';
import { parameterText, path, timeSymbol, wordsOf } from './words.ts';

/** Undefined where a chip has nothing of the kind. */
type Maybe = Section | undefined;

const section = (id: string, title: string, ...blocks: Block[]): Section => {
  return { id, title, blocks, sections: [] };
};

export function parameterSection(chip: Chip): Maybe {
  const all = Object.entries(chip.description.parameters ?? {});
  if (all.length === 0) return undefined;
  const rows = all.map(([name, { says }]): Words[] => [wordsOf(chip, says), [parameterText(chip, name)]]);
  return section('limits', 'Limits', { kind: 'table', columns: ['What', 'Value'], rows });
}

export function stateSection(chip: Chip): Maybe {
  const states = Object.entries(chip.description.states);
  if (states.length === 0) return undefined;
  const rows = states.flatMap(([name, { says, next = {} }]): Words[][] => {
    const followers = Object.entries(next);
    const all = followers.length > 0 ? followers : [['', '']];
    return all.map(([to, when], at) => [
      at === 0 ? [{ code: name }] : [],
      at === 0 ? wordsOf(chip, says) : [],
      wordsOf(chip, when!),
      to === '' ? [] : [{ code: to! }],
    ]);
  });
  const words: Words = ['After reset the chip is in state ', { code: states[0]![0] }, '.'];
  return section(
    'states',
    'States',
    { kind: 'paragraph', words },
    { kind: 'table', columns: ['State', 'What it is', 'Left by', 'To'], rows },
  );
}

export function sequenceSection(chip: Chip): Maybe {
  const all = Object.entries(chip.description.sequences ?? {});
  if (all.length === 0) return undefined;
  const sections = all.map(([name, { title, says, steps }]) => {
    const items = steps.map((step) => wordsOf(chip, step));
    const before: Block[] = says === undefined ? [] : [{ kind: 'paragraph', words: wordsOf(chip, says) }];
    return section(`sequence-${name}`, title, ...before, { kind: 'list', ordered: true, items });
  });
  return { id: 'sequences', title: 'Programming sequences', blocks: [], sections };
}

export function interruptSection(chip: Chip): Maybe {
  const all = Object.entries(chip.interrupts);
  if (all.length === 0) return undefined;
  const pci = chip.bus.kind === 'pci';
  const rows = all.map(([name, { status, enable, mask, vector }]): Words[] => [
    [{ code: name }],
    ...(pci ? [[`${vector}`]] : []),
    [path(status)],
    enable ? [path(enable), ' = 1'] : mask ? [path(mask), ' = 0'] : ['always'],
    wordsOf(chip, chip.description.interrupts[name]!.says),
  ]);
  const words = `The chip sets the status bit when the cause occurs. ${
    pci
      ? 'It sends the message when the status bit and its condition come to hold together: at the cause, or when a cause that waits is let through. While the status bit stays 1, the same cause signals nothing more.'
      : 'It holds the interrupt line low as long as a status bit is 1 and its condition holds, for any of the interrupts; otherwise the line is high.'
  }`;
  return section(
    'interrupts',
    'Interrupts',
    { kind: 'paragraph', words: [words] },
    {
      kind: 'table',
      columns: ['Interrupt', ...(pci ? ['Message'] : []), 'Status', 'Let through while', 'Cause'],
      rows,
    },
  );
}

export function ringBlocks(chip: Chip): Block[] {
  const all = Object.entries(chip.description.rings ?? {});
  if (all.length === 0) return [];
  const rows = all.map(([name, { says, format, entries }]): Words[] => [
    [{ code: name }],
    [{ code: format, to: `format-${format}` }],
    [parameterText(chip, entries)],
    wordsOf(chip, says),
  ]);
  return [{ kind: 'table', columns: ['Ring', 'Entry', 'Entries', 'What it is'], rows }];
}

export function timingSection(chip: Chip): Maybe {
  const all = Object.entries(chip.times);
  if (all.length === 0) return undefined;
  const shown = (time: number | undefined): Words => [time === undefined ? '–' : duration(time)];
  const rows = all.map(([name, { min, max }]): Words[] => [
    [{ code: timeSymbol(name) }],
    wordsOf(chip, chip.description.timing![name]!.says),
    shown(min),
    shown(max),
  ]);
  return section('timing', 'Timing', {
    kind: 'table',
    columns: ['Symbol', 'What', 'Minimum', 'Maximum'],
    rows,
  });
}

export function ruleSection(chip: Chip): Section {
  const own = Object.entries(chip.description.rules).map(([name, { says }]) => ({ name, says }));
  const common = Object.entries(commonRules).filter(([name]) => applies(chip, name as CommonRule));
  const rows = [...own, ...common.map(([name, says]) => ({ name, says }))].map(({ name, says }): Words[] => [
    [{ code: name }],
    wordsOf(chip, says),
  ]);
  const words: Words = [
    'What the chip does when one of these is broken is not specified, even where it seems to work.',
  ];
  return section(
    'rules',
    'Rules of use',
    { kind: 'paragraph', words },
    { kind: 'table', columns: ['Rule', 'What must hold'], rows },
  );
}

/** Whether a rule of all chips can be broken on this one. */
function applies({ bus, registers }: Chip, rule: CommonRule): boolean {
  const pci = bus.kind === 'pci';
  /** Whether some register has bits of these kinds, and none of another one. */
  const only = (...kinds: Access[]): boolean =>
    registers.some((register) => {
      const bits = Object.entries(accessMasks(register)).filter(
        ([kind, mask]) => mask > 0 && kind !== 'reserved',
      );
      return bits.length > 0 && bits.every(([kind]) => kinds.includes(kind as Access));
    });
  const cases: Record<CommonRule, boolean> = {
    'access-size': true,
    'unused-offset': true,
    'read-only': only('ro', 'rc'),
    'write-only': only('wo'),
    'reserved-bits': registers.some((register) => accessMasks(register).reserved > 0),
    'listed-values': registers.some(({ fields }) => fields.some(({ values }) => values)),
    powered: pci,
    'bus-master': pci && bus.dmaBits > 0,
    'mapped-memory': pci && bus.dmaBits > 0,
  };
  return cases[rule];
}

export function errataSection(chip: Chip): Maybe {
  const all = Object.entries(chip.description.errata ?? {});
  if (all.length === 0) return undefined;
  const { name: own } = chip.revision;
  const sections = all.map(([name, { title, says, workaround, affects }]) => {
    const mine = chip.errata.includes(name)
      ? `this part (${own}) has it`
      : `this part (${own}) does not have it`;
    return section(
      `erratum-${name}`,
      title,
      { kind: 'paragraph', words: [`Revisions ${affects.join(', ')}; ${mine}.`] },
      { kind: 'paragraph', words: wordsOf(chip, says) },
      { kind: 'paragraph', words: ['Workaround: ', ...wordsOf(chip, workaround)] },
    );
  });
  return { id: 'errata', title: 'Errata', blocks: [], sections };
}

export function historySection(chip: Chip): Section {
  const { revisions, history } = chip.description;
  const silicon = Object.entries(revisions).map(([name, { code, says }]): Words[] => [
    [{ code: name }, name === chip.revision.name ? ' (this part)' : ''],
    [{ code: `0x${code.toString(16).toUpperCase().padStart(2, '0')}` }],
    wordsOf(chip, says),
  ]);
  const document = history.map(({ version, date, says }): Words[] => [
    [version],
    [date],
    wordsOf(chip, says),
  ]);
  return section(
    'revisions',
    'Revision history',
    { kind: 'table', columns: ['Silicon', 'Code', 'What is new'], rows: silicon },
    { kind: 'table', columns: ['Document', 'Date', 'What is new'], rows: document },
  );
}
