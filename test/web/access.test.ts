// SPDX-License-Identifier: Apache-2.0
// Every kind of page can be read and worked by all: with any eyes, on any width, with keys alone.
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { pageKinds } from '../../src/web/site/pages.ts';
import { dark, light, paper, unfold, visiting } from './visit.ts';

const kinds = [...pageKinds(), '/no/such/page'];
const visit = visiting();

describe('for everybody', () => {
  it.for(['light', 'dark'] as const)('axe finds nothing on any kind of page, %s', async (colorScheme) => {
    await visit({ colorScheme }, async (page) => {
      for (const path of kinds) {
        await page.goto(path);
        await unfold(page);
        await page.evaluate(axe.source);
        const { violations } = await page.evaluate(() =>
          (window as unknown as { axe: typeof axe }).axe.run(document, {
            resultTypes: ['violations'],
            runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
          }),
        );
        const found = violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
        expect(found, path).toEqual([]);
        expect(await paper(page), path).toBe(colorScheme === 'light' ? light : dark);
      }
    });
  });

  it.for([320, 1280])('no kind of page is wider than a screen of %s', async (width) => {
    await visit({ viewport: { width, height: 800 } }, async (page) => {
      for (const path of kinds) {
        await page.goto(path);
        await unfold(page);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(over, path).toBeLessThanOrEqual(0);
      }
    });
  });

  it('what can be pressed is large enough', async () => {
    await visit({ viewport: { width: 390, height: 800 } }, async (page) => {
      for (const path of kinds) {
        await page.goto(path);
        const small = await page
          .locator('button, input, select, summary, nav a, .btn, .sk')
          .evaluateAll((all) =>
            all
              .map((one) => ({
                box: (one.closest('label') ?? one).getBoundingClientRect(),
                html: one.outerHTML.slice(0, 80),
              }))
              .filter(({ box }) => box.width > 0 && (box.height < 24 || box.width < 24))
              .map(({ html }) => html),
          );
        expect(small, path).toEqual([]);
      }
    });
  });
});

describe('with keys only', () => {
  it('one gets from the first link of the page to a skill', async () => {
    await visit({}, async (page) => {
      await page.goto('/');
      await page.keyboard.press('Tab');
      const skip = page.getByText('Skip to the content');
      expect(await skip.boundingBox()).toMatchObject({ y: expect.any(Number) as number });
      expect((await skip.boundingBox())!.y).toBeGreaterThanOrEqual(0);
      await page.keyboard.press('Enter');
      expect(await page.evaluate(() => document.activeElement?.id)).toBe('main');
      const stops = await walk(page, 60);
      expect(stops.find(({ text }) => text.startsWith('Begin with'))).toBeDefined();
      // The second stage is folded; Enter unfolds it.
      const summary = page.locator('summary').nth(1);
      await summary.focus();
      await page.keyboard.press('Enter');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement?.getAttribute('href'))).toMatch(/^\/skills\//);
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/skills\//);
    });
  });

  it('every stop of every kind of page can be seen, in the order of the page', async () => {
    await visit({}, async (page) => {
      for (const path of kinds) {
        await page.goto(path);
        const stops = await walk(page, 25);
        expect(stops.length, path).toBeGreaterThan(8);
        expect(
          stops.filter(({ seen }) => !seen).map(({ text }) => text),
          path,
        ).toEqual([]);
        expect(
          stops.filter(({ marked }) => !marked).map(({ text }) => text),
          path,
        ).toEqual([]);
        expect(
          stops.filter(({ inOrder }) => !inOrder).map(({ text }) => text),
          path,
        ).toEqual([]);
      }
    });
  });

  it('/ searches, and the results come while one types', async () => {
    await visit({}, async (page) => {
      await page.goto('/skills/rcu');
      await page.keyboard.press('/');
      await page.keyboard.type('refcuont');
      await page.keyboard.press('Enter');
      await page.waitForURL('/search?q=refcuont');
      await page.keyboard.press('/');
      await page.keyboard.type('semd-email');
      await page.waitForURL('/search?q=semd-email');
      expect(await page.locator('#hits').innerText()).toContain('Sending patches');
      expect(await page.locator('#found').innerText()).toMatch(/^\d+ found$/);
    });
  });

  it('a graph is zoomed, and its skills are links', async () => {
    await visit({}, async (page) => {
      await page.goto('/graph');
      const pane = page.locator('.pane');
      await pane.focus();
      const width = (): Promise<number> => page.locator('.pane svg').evaluate((svg) => svg.clientWidth);
      const full = await width();
      await page.keyboard.press('-');
      expect(await width()).toBeLessThan(full);
      await page.keyboard.press('0');
      expect(await width()).toBeLessThanOrEqual(await pane.evaluate((one) => one.clientWidth));
      // The first is the head of the stage, the second a skill that stands alone.
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      expect(await page.locator('.edge.on').count()).toBeGreaterThan(0);
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/skills\//);
    });
  });
});

interface Stop {
  text: string;
  /** It is within the window. */
  seen: boolean;
  /** It looks different from how it does without focus. */
  marked: boolean;
  /** It comes after the stop before it. */
  inOrder: boolean;
}

/** Presses Tab until the page ends, at most so many times; gives what was stopped at. */
async function walk(page: Page, most: number): Promise<Stop[]> {
  const stops: Stop[] = [];
  for (let press = 0; press < most; press++) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => {
      const one = document.activeElement;
      if (!one || one === document.body) return undefined;
      // A field for a date has several stops of its own.
      if (one === (window as { before?: Element }).before && one.matches('[type=date]')) return 'within';
      const shape = one.querySelector(':scope > rect') ?? one;
      const style = (): string => {
        const { outlineStyle, outlineColor, stroke, strokeWidth, fill } = getComputedStyle(shape);
        const text = one.querySelector('text');
        return `${outlineStyle} ${outlineColor} ${stroke} ${strokeWidth} ${fill} ${text ? getComputedStyle(text).fill : ''}`;
      };
      const focused = style();
      const before = (window as { before?: Element }).before;
      (window as { before?: Element }).before = one;
      const box = one.getBoundingClientRect();
      const seen =
        box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth && box.width > 0;
      (one as HTMLElement).blur();
      const plain = style();
      (one as HTMLElement).focus({ preventScroll: true });
      return {
        text: (one.textContent || one.outerHTML).trim().slice(0, 60),
        seen,
        marked: plain !== focused,
        inOrder: !before || (before.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0,
      };
    });
    if (stop === 'within') continue;
    // After the last stop the browser begins again.
    if (!stop || (stops.length > 0 && stop.text === stops[0]!.text)) break;
    stops.push(stop);
  }
  return stops;
}
