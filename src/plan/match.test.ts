// SPDX-License-Identifier: Apache-2.0
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRoadmap } from '../roadmap/read.ts';
import { largestJob, matchJob } from './match.ts';

const { roadmap } = readRoadmap();
const phrases = (text: string): string[] => matchJob(roadmap, text).matches.map((match) => match.text);
const skills = (text: string): string[] => matchJob(roadmap, text).skills.map(({ skill }) => skill);
const { covered, outside } = roadmap.aliases;

describe('the table', () => {
  test('has more than 200 phrases, and every skill can be asked for', () => {
    const known = new Set(covered.flatMap((entry) => entry.skills));
    expect(covered.flatMap((entry) => [...entry.phrases, ...entry.exact]).length).toBeGreaterThan(200);
    expect(roadmap.skills.map(({ id }) => id).filter((id) => !known.has(id))).toEqual([]);
  });

  test('finds each of its own phrases, whole', () => {
    const all = [...covered, ...outside].flatMap((entry) =>
      [...entry.phrases, ...entry.exact].map((phrase) => ({ phrase, entry })),
    );
    const found = matchJob(roadmap, all.map(({ phrase }) => phrase).join('\n\n'));
    const places = [...found.matches, ...found.outside].sort((a, b) => a.from - b.from);
    expect(places.map(({ text }) => text)).toEqual(all.map(({ phrase }) => phrase));
    expect(places.map((place) => ('skills' in place ? place.skills : place.says))).toEqual(
      all.map(({ entry }) => ('skills' in entry ? entry.skills : entry.says)),
    );
  });

  test.each([
    ['device tree', 'device-tree'],
    ['DTS', 'device-tree'],
    ['DMA-BUF', 'dma-buf'],
    ['NVMe', 'storage-subsystem'],
    ['PREEMPT_RT', 'real-time-kernel'],
    ['SoC bring-up', 'soc-bring-up'],
    ['kdump', 'crash-dumps'],
    ['upstream', 'patch-series'],
    ['b4', 'sending-patches'],
    ['RDMA/RoCE', 'rdma'],
    ['io_uring', 'io-uring'],
    ['KVM', 'virtualization'],
    ['eBPF', 'bpf-programs'],
    ['confidential computing', 'confidential-computing'],
  ])('%s asks for %s', (phrase, skill) => {
    expect(skills(phrase)).toContain(skill);
  });

  test('says of Yocto that it is not covered', () => {
    const { matches, outside: found, unknown } = matchJob(roadmap, 'Experience with Yocto');
    expect([matches, found.map(({ text }) => text), unknown.lines]).toEqual([[], ['Yocto'], []]);
  });
});

describe('a phrase', () => {
  test.each([
    ['You can do this', []],
    ['CAN and can', ['CAN']],
    ['scan, CANADA, iCAN', []],
    ['recurrence of rcu_read_lock', []],
    ['Linux Device-Tree bindings', ['Device-Tree bindings']],
    ['device\n  tree', ['device tree']],
    ['device, tree', []],
    ['device trees; PMICs', ['device trees', 'PMICs']],
    ['I²C', ['I²C']],
    ['dma-buf and DMA_BUF', ['dma-buf']],
    ['CS degree, C', []],
    ['RISC-V, x86-64', ['RISC-V', 'x86-64']],
    ['PCIe/NVMe', ['PCIe', 'NVMe']],
    ['lore.kernel.org', ['lore.kernel.org']],
  ])('in %j is found as a whole word: %j', (text, expected) => {
    expect(phrases(text)).toEqual(expected);
  });

  test('that is longer wins over those in it', () => {
    expect(skills('Linux security modules')).toEqual(['security-modules']);
    expect(skills('PCIe controller driver')).toEqual(['pcie-and-cxl']);
  });

  test('is counted as often as it is there', () => {
    expect(matchJob(roadmap, 'RCU, rcu and KASAN').skills).toEqual([
      { skill: 'rcu', count: 2, phrases: ['RCU'] },
      { skill: 'kasan', count: 1, phrases: ['KASAN'] },
    ]);
  });
});

describe('what is not known', () => {
  test('is shown: names of technology, and lines that ask for something', () => {
    const text = `KEY SKILLS
      - Exposure to FooBus and XYZ42 in the USA
      - Ability to explain things to managers
      - RCU knowledge`;
    const { unknown } = matchJob(roadmap, text);
    expect(unknown.terms.map((term) => term.text)).toEqual(['FooBus', 'XYZ42']);
    expect(unknown.lines.map((line) => line.text)).toEqual([
      'Exposure to FooBus and XYZ42 in the USA',
      'Ability to explain things to managers',
    ]);
  });

  test('is shown in one line, and steers no terminal', () => {
    const { unknown } = matchJob(roadmap, 'strong \u001b[2J experience with \u202e things');
    expect(unknown.lines[0]!.text).toBe('strong [2J experience with things');
  });
});

describe('any text', () => {
  const pieces = covered.slice(0, 60).flatMap((entry) => [...entry.phrases, ...entry.exact]);
  const texts = fc
    .array(
      fc.oneof(
        fc.constantFrom(...pieces),
        fc.string({ unit: 'binary', maxLength: 12 }),
        fc.constantFrom('\n', '. ', 's '),
      ),
    )
    .map((parts) => parts.join(' '));

  test('is matched at places that are in it, in order and apart', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const { matches, outside: others, skills: found } = matchJob(roadmap, text);
        const all = [...matches, ...others].sort((a, b) => a.from - b.from);
        all.forEach(({ from, to }, at) => {
          expect(from).toBeGreaterThanOrEqual(all[at - 1]?.to ?? 0);
          expect(to <= text.length && from < to).toBe(true);
        });
        expect(found.reduce((sum, { count }) => sum + count, 0)).toBe(
          matches.reduce((sum, match) => sum + match.skills.length, 0),
        );
      }),
    );
  });

  test('larger than 64 KiB is refused', () => {
    expect(() => matchJob(roadmap, 'é'.repeat(largestJob / 2))).not.toThrow();
    expect(() => matchJob(roadmap, 'é'.repeat(largestJob / 2 + 1))).toThrowError(
      expect.objectContaining({ code: 'E-INPUT' }),
    );
  });

  test.each([
    ['one word', 'a'],
    ['the start of a phrase', 'device '],
    ['phrases', 'CAN can '],
    ['line breaks', '\n'],
    ['spaces', ' '],
    ['names', 'A1 '],
    ['names in lines', 'AB\n'],
    ['headings', 'EXPERIENCE QQ;\n'],
    ['letters that unfold', '\ufdfa'],
    ['dots', 'a.1'],
    ['signs', '+#.-/'],
    ['sentences', 'experience with. '],
  ])('of 64 KiB is read in time in proportion: %s', (_, piece) => {
    const time = (size: number): number => {
      const text = piece.repeat(Math.floor(size / Buffer.byteLength(piece)));
      const begun = performance.now();
      matchJob(roadmap, text);
      return performance.now() - begun;
    };
    time(largestJob);
    expect(Math.min(time(largestJob), time(largestJob), time(largestJob))).toBeLessThan(1000);
  });
});
