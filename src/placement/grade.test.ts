// SPDX-License-Identifier: Apache-2.0
import { describe, expect, test } from 'vitest';
import { readRoadmap } from '../roadmap/read.ts';
import { grade } from './grade.ts';

// Grading: exact for each kind, forgiving only about how a short answer is written. All items are the real ones.

const { items } = readRoadmap().roadmap;
const find = (id: string): (typeof items)[number] => items.find((item) => item.id === id)!;
const order = (item: (typeof items)[number]): number[] =>
  item.kind === 'choose'
    ? item.answers.map((_, at) => at)
    : item.kind === 'order'
      ? item.steps.map((_, at) => at)
      : [];

describe('choose', () => {
  const item = find('table-after-weeks');

  test('counts as it was shown, not as it stands in the file', () => {
    // The right answer, number 3 of the file, was shown first.
    expect(grade(item, [3, 0, 1, 2], { kind: 'choose', answer: 0 })).toBe('right');
    expect(grade(item, [3, 0, 1, 2], { kind: 'choose', answer: 3 })).toBe('wrong');
  });

  test('an answer that was not shown is none', () => {
    expect(grade(item, order(item), { kind: 'choose', answer: 4 })).toBeUndefined();
  });
});

describe('line', () => {
  const item = find('wrong-label');

  test('only the one line is right', () => {
    expect(grade(item, [], { kind: 'line', line: 21 })).toBe('right');
    expect(grade(item, [], { kind: 'line', line: 20 })).toBe('wrong');
  });

  test('a line that is not there is none', () => {
    expect(grade(item, [], { kind: 'line', line: 500 })).toBeUndefined();
  });
});

describe('order', () => {
  const item = find('unbind-backwards');

  test('every step has to be in its place', () => {
    expect(grade(item, [4, 3, 2, 1, 0], { kind: 'order', order: [4, 3, 2, 1, 0] })).toBe('right');
    expect(grade(item, [4, 3, 2, 1, 0], { kind: 'order', order: [0, 1, 2, 3, 4] })).toBe('wrong');
    expect(grade(item, [4, 3, 2, 1, 0], { kind: 'order', order: [4, 3, 2, 0, 1] })).toBe('wrong');
  });

  test('steps that are missing or there twice are no answer', () => {
    expect(grade(item, order(item), { kind: 'order', order: [0, 1, 2, 3] })).toBeUndefined();
    expect(grade(item, order(item), { kind: 'order', order: [0, 1, 2, 3, 3] })).toBeUndefined();
  });
});

describe('short', () => {
  const says = (id: string, text: string): string | undefined => grade(find(id), [], { kind: 'short', text });

  test.each([
    ['pci_set_master'],
    ['  PCI_Set_Master() ; '],
    ['pci_set_master(pdev);'],
    ['pci_set_master(box->pdev)'],
    ['`pci_set_master()`'],
  ])('%j is a way to write pci_set_master()', (text) => {
    expect(says('neither-dma-nor-msi', text)).toBe('right');
  });

  test.each([['pci_set_masters'], ['pci_set_master pci_enable_msi'], ['pci_clear_master(pci_set_master())']])(
    '%j is not',
    (text) => {
      expect(says('neither-dma-nor-msi', text)).toBe('wrong');
    },
  );

  test('space inside, and another sign for minus, do not matter', () => {
    expect(says('crystal-on-the-board', '250  kBit/s')).toBe('right');
    expect(says('word-from-the-sensor', '\u221225.5')).toBe('right');
  });

  test('an empty field says "I don\'t know"', () => {
    expect(says('neither-dma-nor-msi', ' ')).toBe('unknown');
  });
});

test('"I don\'t know" fits every kind, and an answer of another kind none', () => {
  for (const item of items) {
    expect(grade(item, order(item), { kind: 'unknown' })).toBe('unknown');
    const other =
      item.kind === 'line' ? ({ kind: 'short', text: '1' } as const) : ({ kind: 'line', line: 1 } as const);
    expect(grade(item, order(item), other)).toBeUndefined();
  }
});

test('of every short item each accepted spelling is right, and each tempting one wrong', () => {
  for (const item of items) {
    if (item.kind !== 'short') continue;
    for (const text of item.accepts) expect(grade(item, [], { kind: 'short', text }), text).toBe('right');
    for (const { says: text } of item.tempting)
      expect(grade(item, [], { kind: 'short', text }), `${item.id}: ${text}`).toBe('wrong');
  }
});
