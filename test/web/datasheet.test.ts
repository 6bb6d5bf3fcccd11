// SPDX-License-Identifier: Apache-2.0
// The data sheet on the web: a driver written for somebody else's chip does not work, so a page says whose it is.
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { findLab, loadChip } from '../../src/lab/lab.ts';
import { registerAnchor } from '../../src/silicon/sheet/words.ts';
import { recordAttempt } from './attempt.ts';
import { visiting } from './visit.ts';

const visit = visiting();
const address = '/labs/pci-mmio/datasheet';
const plainPage = { javaScriptEnabled: false };
const chipOf = (seed: number): ReturnType<typeof loadChip> => loadChip(findLab('pci-mmio'), seed);

/** Title and the words about whose chip it is. */
async function shown(page: Page, path: string): Promise<{ title: string; about: string }> {
  await page.goto(path);
  return {
    title: await page.locator('h1').innerText(),
    about: await page.locator('main > p.text').innerText(),
  };
}

describe('the data sheet of a lab', () => {
  it('is the one of the seed that is asked for, with a place for each register', async () => {
    await visit(plainPage, async (page) => {
      for (const seed of [0, 7, 0xffff_ffff]) {
        const chip = await chipOf(seed);
        const { title, about } = await shown(page, `${address}?seed=${seed}`);
        expect(title).toContain(chip.part);
        expect(about).toContain(`the chip of the seed ${seed}`);
        for (const { name } of chip.registers)
          expect(await page.locator(`#${registerAnchor(name)}`).innerText()).toContain(name);
      }
    });
  });

  it('is an example before the first verdict and says so; after it, it is the chip that was judged', async () => {
    await visit(plainPage, async (page) => {
      expect((await shown(page, address)).about).toMatch(/an example.*bringup datasheet/s);
      recordAttempt('pci-mmio', 4242);
      // A database that starts for the first time may take longer than a page waits for it.
      await expect
        .poll(async () => (await shown(page, address)).about, { timeout: 60_000 })
        .toMatch(/^This is your chip/);
      const { title } = await shown(page, address);
      expect(title).toContain((await chipOf(4242)).part);
      await page.goto('/labs/pci-mmio');
      await page.getByRole('link', { name: 'Data sheet' }).click();
      expect(await page.locator('h1').innerText()).toBe(title);
    });
  });

  it.for(['', '-1', '1.5', '0x10', '4294967296', '1e3', '<b>'])(
    'with the seed "%s" is refused',
    async (seed) => {
      await visit(plainPage, async (page) => {
        const answer = await page.goto(`${address}?seed=${encodeURIComponent(seed)}`);
        expect(answer!.status()).toBe(400);
        expect(await page.locator('h1').innerText()).toBe('A seed is a whole number from 0 to 4294967295');
      });
    },
  );

  it.for(['/labs/char-echo/datasheet', '/labs/none/datasheet'])('is not there at %s', async (path) => {
    await visit(plainPage, async (page) => {
      expect((await page.goto(path))!.status()).toBe(404);
    });
  });

  it('is printed with all of each table and drawing', async () => {
    await visit({ viewport: { width: 700, height: 1000 } }, async (page) => {
      await page.goto(address);
      await page.emulateMedia({ media: 'print' });
      const cut = await page
        .locator('.sheet .wide')
        .evaluateAll(
          (all) =>
            all.filter((one) => one.scrollWidth > one.clientWidth + 1 && one.querySelector('svg')).length,
        );
      expect(cut).toBe(0);
    });
  });
});
