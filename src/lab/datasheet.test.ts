// SPDX-License-Identifier: Apache-2.0
// A data sheet says what the chip is like. How a driver does it is the learner's work, whatever their seed.
import { assert, asyncProperty, integer } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toMarkdown } from '../silicon/sheet/markdown.ts';
import { sheetOf } from '../silicon/sheet/sheet-of.ts';
import { allLabs, loadChip } from './lab.ts';

const code = [
  /#\s*(include|define)\b/,
  /\b(ioread|iowrite)\d+|\b(read|write)[bwlq]\b/,
  /\b(pci|devm|dma|irq|i2c|spi|gpiod?|regmap|platform|module|kmalloc|kzalloc|copy|request|readl|mutex|spin)_[a-z]/,
  // Calls, members through pointers, ends of statements, comments.
  /\w\(\)|\w\(&|\w->\w|[;{}]\s*$|\/\*|\*\//m,
  /\b(struct|unsigned int|u8|u16|u32|u64|__iomem|GFP_\w+|EXPORT_SYMBOL\w*|MODULE_\w+)\b/,
  /\bE(BUSY|IO|INVAL|NODEV|NOMEM|FAULT|AGAIN|TIMEDOUT)\b/,
  /\b(printk|pr_\w+|dev_(err|info|warn)|msleep|udelay|usleep_range|kernel|Linux)\b/,
];

/** Characters that our fonts have, or that a PDF has others for. */
const printed = /^[\n\x20-\x7e²³µμ×÷−–—…°·‘’“”→←≤≥]*$/;

describe.each(allLabs().filter(({ silicon }) => silicon !== undefined))('$id', (lab) => {
  test('its data sheet has no code and names nothing of the kernel, in letters that can be printed', async () => {
    await assert(
      asyncProperty(integer({ min: 0, max: 0xffff_ffff }), async (seed) => {
        const text = toMarkdown(sheetOf(await loadChip(lab, seed)));
        expect(text.split('\n').filter((line) => !printed.test(line))).toEqual([]);
        expect(code.flatMap((words) => words.exec(text)?.[0] ?? [])).toEqual([]);
        expect([...text.matchAll(/^```(\w*)$/gm)].map(([, kind]) => kind).filter((kind) => kind)).toEqual(
          [...text.matchAll(/^```text$/gm)].map(() => 'text'),
        );
      }),
      { numRuns: 40 },
    );
  });
});
