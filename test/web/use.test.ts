// SPDX-License-Identifier: Apache-2.0
// What one does on the pages works without script as with it, nothing that a stranger put into an address is
// run, and what is printed is whole.
import { describe, expect, it } from 'vitest';
import { site } from '../../src/web/site/site.ts';
import { dark, light, paper, visiting } from './visit.ts';

const visit = visiting();

describe('without script', () => {
  const options = { javaScriptEnabled: false };

  it('the log unfolds and is filtered', async () => {
    await visit(options, async (page) => {
      await page.goto('/');
      const second = page.locator('details').nth(1);
      expect(await second.locator('li').first().isVisible()).toBe(false);
      await second.locator('summary').click();
      expect(await second.locator('li').first().isVisible()).toBe(true);
      await page.getByRole('checkbox', { name: 'expert' }).check();
      await page.getByLabel('Domain').selectOption({ index: 1 });
      await page.getByRole('button', { name: 'Show' }).click();
      expect(page.url()).toContain('depth=expert');
      const shown = await page.locator('li[data-depth]:visible').all();
      expect(shown.length).toBeGreaterThan(0);
      for (const item of shown) expect(await item.getAttribute('data-depth')).toBe('expert');
      expect(await page.getByRole('checkbox', { name: 'expert' }).isChecked()).toBe(true);
      await page.getByRole('link', { name: 'Show all' }).click();
      expect(new URL(page.url()).search).toBe('');
    });
  });

  it('one searches, reads a brief and sees a graph', async () => {
    await visit(options, async (page) => {
      await page.goto('/');
      await page.getByRole('searchbox').fill('charcter devise');
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/search\?q=charcter/);
      await page.getByRole('link', { name: 'A character device that gives back what was written' }).click();
      expect(await page.locator('.brief').innerText()).toContain('The text and the places');
      expect(await page.locator('.command').innerText()).toContain('bringup get char-echo');
      await page.goto('/graph?stage=core');
      await page.locator('.pane a', { hasText: 'Read-copy update' }).click();
      expect(await page.locator('h1').innerText()).toBe('Read-copy update');
    });
  });

  it('the theme is chosen and kept', async () => {
    await visit({ ...options, colorScheme: 'light' }, async (page) => {
      await page.goto('/skills');
      expect(await paper(page)).toBe(light);
      await page.getByRole('button', { name: 'dark' }).click();
      expect(new URL(page.url()).pathname).toBe('/skills');
      expect(await paper(page)).toBe(dark);
      await page.goto('/labs');
      expect(await paper(page)).toBe(dark);
      await page.getByRole('button', { name: 'as the system' }).click();
      expect(await paper(page)).toBe(light);
    });
  });
});

describe('with script', () => {
  it('a filter shows what the server would', async () => {
    await visit({}, async (page) => {
      await page.goto('/');
      await page.getByRole('checkbox', { name: 'advanced' }).check();
      await page.getByLabel('Specialization').selectOption('ebpf');
      const shown = (): Promise<string[]> => page.locator('li[data-depth]:visible').allInnerTexts();
      const counts = (): Promise<string[]> => page.locator('.cnt').allInnerTexts();
      const [mine, myCounts] = [await shown(), await counts()];
      expect(new URL(page.url()).search).toBe('?depth=advanced&specialization=ebpf');
      await page.reload();
      expect(await shown()).toEqual(mine);
      expect(await counts()).toEqual(myCounts);
      expect(mine.length).toBeGreaterThan(3);
    });
  });

  it('says so when a filter leaves nothing', async () => {
    await visit({}, async (page) => {
      const direct = site().roadmap.domains.find(({ id }) => id === 'storage-systems')!;
      await page.goto(`/?domain=${direct.id}`);
      for (const depth of ['expert', 'advanced', 'working', 'foundation']) {
        await page.goto(`/?domain=${direct.id}&depth=${depth}`);
        const none = (await page.locator('li[data-depth]:visible').count()) === 0;
        expect(await page.locator('#none').isVisible(), depth).toBe(none);
      }
    });
  });

  it('the theme changes at once and stays', async () => {
    await visit({ colorScheme: 'dark' }, async (page) => {
      await page.goto('/');
      const kept = page.waitForResponse('/theme');
      await page.getByRole('button', { name: 'light' }).click();
      expect(await paper(page)).toBe(light);
      await kept;
      await page.reload();
      expect(await paper(page)).toBe(light);
    });
  });

  it('a graph is dragged without following the link under the mouse', async () => {
    await visit({}, async (page) => {
      await page.goto('/graph');
      const node = (await page.locator('.pane a[data-id]').first().boundingBox())!;
      await page.mouse.move(node.x + 60, node.y + 10);
      await page.mouse.down();
      await page.mouse.move(node.x + 10, node.y - 90, { steps: 4 });
      await page.mouse.up();
      expect(new URL(page.url()).pathname).toBe('/graph');
      expect(await page.locator('.pane').evaluate((pane) => pane.scrollTop)).toBeGreaterThan(50);
    });
  });
});

describe('from strangers', () => {
  const attacks = [
    '<script>window.hit=1</script>',
    '"><img src=x onerror="window.hit=1">',
    "'-window.hit=1-'",
    '</title><svg onload=window.hit=1>',
    '{@html "<img src=x onerror=window.hit=1>"}',
    'javascript:window.hit=1',
    '%00\u202e<b>',
    'a'.repeat(5000),
  ];

  it('nothing in an address is run, with the policy or without it', async () => {
    for (const bypassCSP of [false, true])
      await visit({ bypassCSP }, async (page) => {
        for (const attack of attacks) {
          const value = encodeURIComponent(attack);
          for (const path of [
            `/search?q=${value}`,
            `/?depth=${value}&domain=${value}`,
            `/skills/${value.slice(0, 300)}`,
          ]) {
            await page.goto(path);
            expect(await page.evaluate(() => (window as { hit?: number }).hit), path).toBeUndefined();
            expect(await page.locator('main img, main script').count(), path).toBe(0);
          }
        }
        await page.goto('/search');
        await page.locator('#q').fill(attacks[1]!);
        await page.waitForResponse(/search\.json/);
        expect(await page.evaluate(() => (window as { hit?: number }).hit)).toBeUndefined();
      });
  });
});

describe('on paper', () => {
  it('the whole log is printed, and no controls', async () => {
    await visit({}, async (page) => {
      await page.goto('/');
      await page.emulateMedia({ media: 'print' });
      const all = site().roadmap.skills.length;
      expect(
        await page
          .locator('li[data-depth]')
          .evaluateAll(
            (items) =>
              items.filter(
                (one) =>
                  one.checkVisibility({ contentVisibilityAuto: true }) &&
                  one.getBoundingClientRect().height > 0,
              ).length,
          ),
      ).toBe(all);
      for (const gone of ['nav.main', '.filters', 'footer.end', '.find'])
        expect(await page.locator(gone).isVisible(), gone).toBe(false);
      await page.goto('/graph');
      expect(await page.locator('.zoom').isVisible()).toBe(false);
    });
  });
});
