// SPDX-License-Identifier: Apache-2.0
// A newcomer's whole way: placement, plan, a lab and its verdict, kept over a restart and changed by nobody else.
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { site } from '../../src/web/site/site.ts';
import { closeMine } from '../../src/web/state/mine.ts';
import { recordAttempt } from './attempt.ts';
import { visiting } from './visit.ts';

const visit = visiting();
const plainPage = { javaScriptEnabled: false };

/** Answers what a page shows as somebody who knows it all; gives the item's id. */
async function answerRight(page: Page): Promise<string> {
  const id = await page.locator('input[name=asked]').inputValue();
  const item = site().roadmap.items.find((one) => one.id === id);
  if (!item) {
    for (const box of await page.locator('input[name=stage]').all()) await box.check();
    await page.getByRole('button', { name: 'Continue' }).click();
    return id;
  }
  const form = page.locator('form.item');
  // The page sets names of functions apart; the text is the same.
  const plain = (text: string): string => text.replaceAll(/[`\s]+/g, '');
  if (item.kind === 'choose') {
    for (const label of await form.locator('label.pick').all())
      if (plain(await label.innerText()) === plain(item.answers[item.right]!.says)) await label.click();
  } else if (item.kind === 'line') await form.locator(`input[name=line][value="${item.right}"]`).check();
  else if (item.kind === 'order') {
    for (const label of await form.locator('label.pick').all()) {
      const says = plain(await label.locator('span').innerText());
      const place = item.steps.findIndex((step) => plain(step) === says) + 1;
      await label.locator('select').selectOption(String(place));
    }
  } else await form.locator('input[name=text]').fill(item.accepts[0]!);
  await page.getByRole('button', { name: 'Answer' }).click();
  return id;
}

async function answerAll(page: Page): Promise<string[]> {
  const seen: string[] = [];
  while (new URL(page.url()).pathname === '/start/item') seen.push(await answerRight(page));
  return seen;
}

async function knowNothing(page: Page): Promise<void> {
  await page.goto('/start');
  await page.getByRole('button', { name: /again|Begin/ }).click();
  while (new URL(page.url()).pathname === '/start/item') await page.locator('button[name=unknown]').click();
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(() => document.querySelectorAll('details').forEach((one) => (one.open = true)));
  await page.evaluate(axe.source);
  const found = await page.evaluate(() =>
    (window as unknown as { axe: typeof axe }).axe.run(document, {
      resultTypes: ['violations'],
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }),
  );
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

/** In themes, and on a phone's width. */
async function fit(page: Page, themes: ('light' | 'dark')[] = ['light', 'dark']): Promise<void> {
  for (const colorScheme of themes) {
    await page.emulateMedia({ colorScheme });
    expect(await violations(page), `${page.url()} ${colorScheme}`).toEqual([]);
  }
  await page.setViewportSize({ width: 320, height: 700 });
  expect(
    await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
    page.url(),
  ).toBeLessThanOrEqual(0);
  await page.setViewportSize({ width: 1280, height: 800 });
}

describe('placement', () => {
  it('is answered without script, from home to its result, over a restart', async () => {
    await visit(plainPage, async (page) => {
      await page.goto('/');
      await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Start' }).click();
      await page.getByRole('button', { name: 'Begin' }).click();
      expect(await answerRight(page)).toBe('experience');
      const first = await answerRight(page);
      // As after a restart of the web: nothing is in memory.
      await closeMine();
      await page.goto('/start');
      await page.getByRole('link', { name: 'Go on, 1 answered' }).click();
      const now = await page.locator('input[name=asked]').inputValue();
      // Going back and answering again changes nothing.
      await page.goBack();
      await page.goto('/start/item');
      await page.locator('input[name=asked]').evaluate((field, id) => field.setAttribute('value', id), first);
      await page.getByRole('button', { name: "I don't know" }).click();
      expect(await page.getByRole('status').innerText()).toContain('the first answer counts');
      expect(await page.locator('input[name=asked]').inputValue()).toBe(now);
      const rest = await answerAll(page);
      expect(new Set([first, ...rest]).size).toBe(rest.length + 1);
      expect(rest.length + 1).toBeLessThanOrEqual(20);
      expect(new URL(page.url()).pathname).toBe('/start/result');
      expect(await page.locator('h1').innerText()).toMatch(/^You start at stage [56]/);
      expect(await page.locator('.reviewed').count()).toBe(rest.length + 1);
      expect(await page.locator('.reviewed summary', { hasText: 'not right' }).count()).toBe(0);
    });
  });

  it('lets one start by hand, and shows what is only claimed', async () => {
    await visit(plainPage, async (page) => {
      await knowNothing(page);
      expect(await page.locator('h1').innerText()).toMatch(/^You start at stage 0/);
      await page.getByLabel('I start at stage').selectOption('2');
      await page.getByRole('button', { name: 'Start there' }).click();
      expect(await page.locator('h1').innerText()).toMatch(/^You start at stage 2/);
      expect(await page.getByRole('heading', { name: 'Claimed, not shown' }).isVisible()).toBe(true);
      await page.getByRole('button', { name: 'Test stage 1 again' }).click();
      expect(new URL(page.url()).pathname).toBe('/start/item');
    });
  });

  it('is fit for all eyes', async () => {
    await visit({}, async (page) => {
      await page.goto('/start');
      await fit(page);
      const again = page.getByRole('button', { name: /again|Begin/ });
      await again.click();
      await fit(page);
      await answerRight(page);
      for (const kinds = new Set<string>(); new URL(page.url()).pathname === '/start/item';) {
        const kind = await page.locator('input[name=kind]').inputValue();
        if (!kinds.has(kind)) await fit(page, kinds.size === 0 ? undefined : ['dark']);
        kinds.add(kind);
        await answerRight(page);
      }
      await fit(page);
    });
  });
});

describe('a plan', () => {
  it('is made, worked on and compared without script', async () => {
    await visit(plainPage, async (page) => {
      await knowNothing(page);
      await page.getByRole('link', { name: 'Make a plan from here' }).click();
      await page.getByLabel('Towards').selectOption('stage-6');
      await page.getByLabel('Hours a week').fill('10');
      await page.getByLabel('Holidays').fill('when it rains');
      await page.getByRole('button', { name: 'Make the plan' }).click();
      expect(await page.getByRole('alert').innerText()).toContain('when it rains');
      await page.getByLabel('Holidays').fill('2026-12-24..2027-01-02');
      await page.getByLabel('Towards').selectOption('ebpf');
      await page.getByRole('button', { name: 'Make the plan' }).click();
      const steps = page.getByRole('button', { name: /^Done:/ });
      const before = await steps.count();
      expect(before).toBeGreaterThan(0);
      const first = (await steps.first().getAttribute('aria-label'))!.slice('Done: '.length);
      await steps.first().click();
      expect(await steps.count()).toBe(before - 1);
      await page.getByRole('button', { name: `Not done: ${first}` }).click();
      expect(await steps.count()).toBe(before);
      await page.getByRole('spinbutton', { name: 'With hours a week' }).fill('20');
      await page.getByRole('button', { name: 'Compare' }).click();
      expect(await page.locator('table').innerText()).toContain('20 h a week');
      const [calendar, text] = await Promise.all(
        ['/plan.ics', '/plan.md'].map(async (path) => (await page.request.get(path)).text()),
      );
      expect(calendar).toMatch(/^BEGIN:VCALENDAR/);
      expect(text).toContain('- [ ] **');
    });
  });

  it('is made of a job description, as edited', async () => {
    await visit(plainPage, async (page) => {
      await page.goto('/plan');
      await page
        .getByLabel('Paste it here')
        .fill('Driver engineer\nYou know device tree, DMA and PCIe, and <b>COBOL9</b>.');
      await page.getByRole('button', { name: 'Find what it asks for' }).click();
      const skills = page.locator('#job input[type=checkbox]');
      const found = await skills.count();
      expect(found).toBeGreaterThan(2);
      expect(await page.locator('#job').innerText()).toContain('COBOL9');
      await skills.first().uncheck();
      await page.getByRole('button', { name: /plan/ }).last().click();
      expect(await page.locator('h1').innerText()).toBe('Driver engineer');
      expect(await skills.count()).toBe(found - 1);
    });
  });

  it('is fit for all eyes', async () => {
    await visit({}, async (page) => {
      await page.goto('/plan?hours=30');
      await fit(page);
    });
  });
});

describe('work', () => {
  it('shows a verdict while one looks, and without script on reload', async () => {
    await visit({}, async (page) => {
      await page.goto('/plan');
      const lab = page.locator('main a[href^="/labs/"]').first();
      if ((await lab.count()) > 0) await lab.click();
      else await page.goto(`/labs/${[...site().labs.keys()][0]!}`);
      const id = new URL(page.url()).pathname.split('/').at(-1)!;
      await page.goto('/work');
      expect(await page.locator('#work').innerText()).toContain('There is no verdict yet');
      recordAttempt(id);
      const row = page.locator('#attempts li');
      await row.waitFor();
      expect(await row.innerText()).toContain('passed');
      expect(await page.getByRole('status').first().innerText()).toBe('A new verdict is here.');
      await fit(page);
      expect(await page.locator('#work').innerText()).toContain('<b>it loads</b>');
    });
    await visit(plainPage, async (page) => {
      await page.goto('/work');
      expect(await page.locator('#attempts li').count()).toBe(1);
      recordAttempt([...site().labs.keys()].at(-1)!);
      await page.reload();
      expect(await page.locator('#attempts li').count()).toBe(2);
    });
  });
});

describe('from strangers', () => {
  it('no form is taken from another site, or without the token of this start', async () => {
    await visit({}, async (page) => {
      await page.goto('/start');
      const send = (origin: string, token: string): Promise<number> =>
        page.request
          .post('/start?/begin', {
            headers: { origin, accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' },
            data: `token=${token}`,
            maxRedirects: 0,
          })
          .then((answer) => answer.status());
      const mine = new URL(page.url()).origin;
      const token = await page.locator('input[name=token]').first().inputValue();
      expect(await send('https://evil.example', token)).toBe(403);
      expect(await send('null', token)).toBe(403);
      expect(await send(mine, '')).toBe(403);
      expect(await send(mine, 'x'.repeat(token.length))).toBe(403);
      expect(await send(mine, `${token}&x=${'x'.repeat(300_000)}`)).toBe(413);
      expect(await send(mine, token)).toBe(303);
    });
  });
});

describe('without a database', () => {
  it('a page says what is wrong and what to do, and reading goes on', async () => {
    await closeMine();
    const named = process.env['DATABASE_URL'];
    process.env['DATABASE_URL'] = 'postgres://nobody@127.0.0.1:1/none';
    try {
      await visit({ javaScriptEnabled: false }, async (page) => {
        expect((await page.request.get('/start')).status()).toBe(503);
        expect(await (await page.request.get('/start')).text()).toContain('E-DB-REACH');
        await page.goto('/');
        expect(await page.locator('details.stage').count()).toBe(7);
        expect(await page.getByRole('status').innerText()).toContain('E-DB-REACH');
      });
    } finally {
      if (named === undefined) delete process.env['DATABASE_URL'];
      else process.env['DATABASE_URL'] = named;
      await closeMine();
    }
  });
});
