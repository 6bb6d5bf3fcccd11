// SPDX-License-Identifier: Apache-2.0
import type { Chip } from '../layout/chip.ts';
import { blockDrawing } from './block-drawing.ts';
import { blocksText, blocksView } from './blocks.ts';
import { busSection } from './bus-section.ts';
import { formatSection, registerMap, registerSections } from './register-sections.ts';
import type { Section, Sheet } from './sheet.ts';
import {
  errataSection,
  historySection,
  interruptSection,
  parameterSection,
  ringBlocks,
  ruleSection,
  sequenceSection,
  stateSection,
  timingSection,
} from './usage-sections.ts';
import { wordsOf } from './words.ts';

/** The data sheet of a chip: all that a driver's author needs to know of it, and no code. */
export function sheetOf(chip: Chip): Sheet {
  const { description, part, revision } = chip;
  const formats = Object.entries(chip.formats).map(([name, format]) => formatSection(chip, name, format));
  const memory = { id: 'memory', title: 'Structures in memory', blocks: ringBlocks(chip), sections: formats };
  const sections: (Section | undefined)[] = [
    overview(chip),
    busSection(chip),
    parameterSection(chip),
    registerMap(chip),
    registerSections(chip),
    stateSection(chip),
    sequenceSection(chip),
    interruptSection(chip),
    formats.length > 0 ? memory : undefined,
    timingSection(chip),
    ruleSection(chip),
    errataSection(chip),
    historySection(chip),
  ];
  const version = description.history[0]?.version;
  return {
    title: `${part}: ${description.title}`,
    subtitle: `Data sheet${version === undefined ? '' : ` ${version}`}, silicon revision ${revision.name}`,
    sections: sections.filter((section) => section !== undefined),
  };
}

function overview(chip: Chip): Section {
  const { overview, features } = chip.description;
  const view = blocksView(chip);
  const title = `Block drawing of ${chip.part}`;
  return {
    id: 'overview',
    title: 'Overview',
    blocks: overview.map((text) => ({ kind: 'paragraph', words: wordsOf(chip, text) })),
    sections: [
      {
        id: 'features',
        title: 'Features',
        blocks: [{ kind: 'list', ordered: false, items: features.map((text) => wordsOf(chip, text)) }],
        sections: [],
      },
      {
        id: 'blocks',
        title: 'Block drawing',
        blocks: [
          {
            kind: 'drawing',
            name: 'blocks',
            title,
            svg: blockDrawing(view, chip.part, title),
            text: blocksText(view),
          },
        ],
        sections: [],
      },
    ],
  };
}
