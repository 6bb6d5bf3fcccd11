// SPDX-License-Identifier: Apache-2.0
// The page of a verdict whose lab has a chip: what was on the bus can be found and read, with and without script.
import { appendFileSync, mkdirSync } from 'node:fs';
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { dataFolder } from '../../src/shared/paths.ts';
import { around } from '../../src/silicon/trace/text.ts';
import type { Trace } from '../../src/silicon/trace/trace.ts';
import { carelessDriver } from './bus.ts';
import { visiting } from './visit.ts';

const visit = visiting();

interface Kept {
  trace?: Trace;
  findings?: unknown[];
}

/** Records an attempt and goes to its page. */
async function judged(page: Page, { trace, findings = [] }: Kept): Promise<void> {
  const line = {
    lab: 'pci-mmio',
    folder: '/home/someone/lab',
    at: new Date().toISOString(),
    outcome: 'fail',
    provisional: false,
    kernel: 'core',
    verdict: { requirements: [{ id: 'a', says: 'it computes', result: 'pass', time: 1 }], findings, trace },
  };
  mkdirSync(dataFolder(), { recursive: true });
  appendFileSync(dataFolder('attempts.jsonl'), `${JSON.stringify(line)}\n`);
  await page.goto('/work');
  await page.locator('#attempts a[href^="/work/attempts/"]').first().click();
}

const rows = (page: Page): Promise<string[]> => page.locator('#bus tbody tr').allInnerTexts();

async function axeFinds(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(() =>
    (window as unknown as { axe: typeof axe }).axe.run(document, {
      resultTypes: ['violations'],
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }),
  );
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

it('shows the finding with what was around it, and leads to what one looks for, without script', async () => {
  const { chip, trace } = carelessDriver(7, 200);
  const index = trace.events.findIndex(({ kind }) => kind === 'violation');
  const finding = {
    kind: 'bus-rule',
    name: 'start-while-busy',
    title: 'START must not be written while STATUS.BUSY is 1.',
    detail: 'seen',
    step: 'computes',
    report: around(trace, chip, index),
  };
  await visit({ javaScriptEnabled: false }, async (page) => {
    await judged(page, { trace, findings: [finding] });
    const told = await page.locator('.finding').innerText();
    expect(told).toContain('during: computes');
    expect(told).toMatch(/▸.*✗ START must not be written/);
    // The first broken rule is in sight from the beginning.
    expect((await rows(page)).filter((row) => row.includes('✗1'))).toHaveLength(1);
    expect(await page.locator('#bus svg').innerHTML()).toContain('✗1');
    await page.getByRole('link', { name: 'Next broken rule' }).click();
    expect((await rows(page)).some((row) => row.includes('✗2'))).toBe(true);
    // A part of the time, seen closer and closer.
    const before = (await rows(page)).length;
    await page.getByRole('link', { name: 'Zoom in' }).click();
    expect((await rows(page)).length).toBeLessThan(before);
    await page.getByRole('link', { name: 'Later' }).click();
    await page.getByRole('link', { name: 'All', exact: true }).click();
    expect(await page.getByText('events are left out here').count()).toBe(1);
    // One register.
    await page.getByLabel('Register').selectOption('CONTROL');
    await page.getByRole('button', { name: 'Show' }).click();
    const texts = await rows(page);
    expect(texts.some((row) => row.includes('ENABLE=1'))).toBe(true);
    expect(texts.every((row) => /CONTROL|✗|left out/.test(row))).toBe(true);
    const sheet = page.locator('#bus tbody a').first();
    const address = '/labs/pci-mmio/datasheet?seed=7#register-control';
    expect(await sheet.getAttribute('href')).toBe(address);
    expect(await (await page.request.get(address)).text()).toContain('id="register-control"');
    // What can not be understood is said.
    await page.goto(`${new URL(page.url()).pathname}?from=yesterday&register=NONE`);
    expect(await page.getByRole('alert').innerText()).toContain('12.5ms');
  });
});

it('is moved by keys, and fits all eyes and a phone', async () => {
  await visit({}, async (page) => {
    await judged(page, { trace: carelessDriver(8, 40).trace });
    const pane = page.locator('[data-timeline]');
    const before = (await rows(page)).length;
    await pane.focus();
    await page.keyboard.press('+');
    await page.waitForFunction((many) => document.querySelectorAll('#bus tbody tr').length < many, before);
    expect(page.url()).toContain('from=');
    expect(await pane.evaluate((one) => one === document.activeElement)).toBe(true);
    await page.keyboard.press('0');
    await page.waitForFunction((many) => document.querySelectorAll('#bus tbody tr').length > many, before);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect(await axeFinds(page), colorScheme).toEqual([]);
    }
    await page.setViewportSize({ width: 320, height: 700 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(
      0,
    );
  });
});

it('a page stays small, and what a trace says is no markup', async () => {
  await visit({ javaScriptEnabled: false }, async (page) => {
    const { trace } = carelessDriver(9, 200);
    const hostile = `<img src=x onerror=alert(1)>`;
    const events = trace.events.map((event, at) => {
      if (event.kind === 'read')
        return { ...event, value: at, register: at % 9 === 0 ? hostile : event.register! };
      return event.kind === 'violation' ? { ...event, rule: hostile, detail: hostile } : event;
    });
    expect(events).toHaveLength(2000);
    await judged(page, { trace: { ...trace, events } });
    for (const query of ['', '?from=0ns&to=1000s']) {
      const answer = await page.request.get(`${page.url()}${query}`);
      expect((await answer.body()).length).toBeLessThan(150_000);
    }
    await page.goto(`${page.url()}?from=0ns&to=1000s`);
    expect(await page.locator('#bus img').count()).toBe(0);
    expect(await page.locator('#bus').innerText()).toContain(hostile);
  });
});

it('says nothing of a bus where there was none, or of attempts that are not there', async () => {
  await visit({ javaScriptEnabled: false }, async (page) => {
    await judged(page, {});
    expect(await page.locator('h1').innerText()).toContain('not passed');
    expect(await page.locator('#bus').count()).toBe(0);
    expect((await page.request.get('/work/attempts/none')).status()).toBe(404);
  });
});
