// SPDX-License-Identifier: Apache-2.0
// The way of somebody new, whole: home, placement, plan, a lab and its verdict. Once with keys alone on a wide
// screen, with the database killed on the way; once with no script on a phone in the dark.
import { kill } from 'node:process';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { databaseState } from '../../src/store/store.ts';
import { recordAttempt } from './attempt.ts';
import { visiting } from './visit.ts';

const visit = visiting();

/** Presses Tab until what has the focus says that, then Enter or another key. */
async function press(page: Page, says: RegExp, key = 'Enter'): Promise<void> {
  const reached = page.locator(':focus');
  for (let stop = 0; stop < 200; stop++) {
    await page.keyboard.press('Tab');
    const text = await reached.evaluateAll(([one]) => {
      if (!one) return '';
      const label = (one as HTMLInputElement).labels?.[0]?.textContent;
      return (one.getAttribute('aria-label') ?? label ?? one.textContent).replaceAll(/\s+/g, ' ').trim();
    });
    if (!says.test(text)) continue;
    await Promise.all([key === 'Enter' ? page.waitForEvent('load') : undefined, page.keyboard.press(key)]);
    return;
  }
  throw new Error(`no stop of ${page.url()} says ${says}`);
}

const path = (page: Page): string => new URL(page.url()).pathname;

describe('a newcomer', () => {
  it('gets from home to a verdict with keys alone, though the database is killed', async () => {
    await visit({}, async (page) => {
      await page.goto('/');
      expect(await page.locator('.ring').count()).toBe(0);
      await press(page, /^Find where you start$/);
      expect(path(page)).toBe('/start');
      await press(page, /^Begin$/);
      await press(page, /^0 · /, 'Space');
      await press(page, /^1 · /, 'Space');
      await press(page, /^Continue$/);
      await press(page, /^I don't know$/);
      kill(databaseState().pid!, 'SIGKILL');
      let answered = 1;
      for (; path(page) === '/start/item'; answered++) await press(page, /^I don't know$/);
      expect(answered).toBeLessThanOrEqual(20);
      expect(await page.locator('.reviewed').count()).toBe(answered);
      await press(page, /^Make a plan from here$/);
      await press(page, /^Towards/, 'End');
      const target = await page.getByLabel('Towards').inputValue();
      expect(target).not.toBe('');
      await press(page, /^Make the plan$/);
      expect(await page.getByRole('button', { name: /^Done:/ }).count()).toBeGreaterThan(0);
      await press(page, /^A first module/);
      expect(path(page)).toBe('/labs/first-module');
      expect(await page.locator('#verdict').innerText()).toContain('None yet');
      recordAttempt('first-module');
      await page.locator('#verdict summary').waitFor();
      expect(await page.locator('#verdict summary').innerText()).toContain('passed, 1 of 1');
      expect(await page.locator('#live').innerText()).toBe('A new verdict is here.');
      await press(page, /^Roadmap$/);
      expect(await page.locator('.ring .had').count()).toBeGreaterThan(0);
    });
  });

  it('gets there without script on a phone in the dark, and sees the skills that are theirs', async () => {
    const phone = { viewport: { width: 390, height: 844 }, colorScheme: 'dark' } as const;
    await visit({ javaScriptEnabled: false, ...phone }, async (page) => {
      await page.goto('/start');
      await page.getByLabel('I start at stage').selectOption('1');
      await page.getByRole('button', { name: 'Start there' }).click();
      expect(await page.locator('h1').innerText()).toMatch(/^You start at stage 1/);
      await page.getByRole('link', { name: 'Make a plan from here' }).click();
      await page.getByLabel('Towards').selectOption('stage-2');
      await page.getByRole('button', { name: /plan/ }).last().click();
      await page.locator('main a[href="/labs/char-echo"]').first().click();
      recordAttempt('char-echo');
      await page.reload();
      expect(await page.locator('#verdict summary').innerText()).toContain('passed');
      await page.goto('/?mine=have');
      const shown = await page.locator('li[data-depth]:visible').all();
      expect(shown.length).toBeGreaterThan(0);
      for (const one of shown) expect(await one.innerText()).toContain('you have it');
      await page.getByLabel('Mine').selectOption('planned');
      await page.getByRole('button', { name: 'Show' }).click();
      const ahead = await page.locator('li[data-depth]:visible').allInnerTexts();
      expect(ahead.length).toBeGreaterThan(0);
      expect(ahead.join()).not.toContain('you have it');
      await page.locator('li[data-depth]:visible a').first().click();
      expect(await page.locator('main').innerText()).toContain('Your plan has it ahead of you');
    });
  });

  it('sees the same with script as a filter is chosen', async () => {
    await visit({}, async (page) => {
      const shown = (): Promise<string[]> => page.locator('li[data-depth]:visible').allInnerTexts();
      await page.goto('/?mine=planned');
      const server = await shown();
      await page.goto('/');
      await page.getByLabel('Mine').selectOption('planned');
      expect(await shown()).toEqual(server);
      expect(new URL(page.url()).search).toBe('?mine=planned');
    });
  });
});
