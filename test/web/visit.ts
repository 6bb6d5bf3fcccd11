// SPDX-License-Identifier: Apache-2.0
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { serve } from '../../src/web/server.ts';
import { drop, newDataFolder } from '../store/helpers.ts';
import { launch } from './browser.ts';

type Visit = (options: BrowserContextOptions, work: (page: Page) => Promise<void>) => Promise<void>;

/**
 * Serves the web on an empty data folder and starts a browser for the tests of a file. The function that it gives works with a page
 * of its own; whatever the browser complains of, and whatever it asks of another server, fails the test.
 */
export function visiting(): Visit {
  let folder: string;
  let server: Awaited<ReturnType<typeof serve>>;
  let browser: Browser;
  beforeAll(async () => {
    folder = newDataFolder();
    server = await serve({ port: 0 });
    browser = await launch();
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
    await drop(folder);
  });
  return async (options, work) => {
    const context = await browser.newContext({ baseURL: server.url, ...options });
    const complaints: string[] = [];
    const page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('dialog', (dialog) => complaints.push(`a dialog: ${dialog.message()}`));
    page.on('console', (message) => {
      // That a page is missing, or a form was not taken, is what the page itself says.
      if (message.type() === 'error' && !/ 40[04] /.test(message.text())) complaints.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(server.url)) complaints.push(`asked for ${request.url()}`);
    });
    try {
      await work(page);
      expect(complaints).toEqual([]);
    } finally {
      await context.close();
    }
  };
}

/** Unfolds whatever is folded. */
export const unfold = (page: Page): Promise<void> =>
  page.evaluate(() => document.querySelectorAll('details').forEach((one) => (one.open = true)));

/** The theme that is shown, by the color of the paper. */
export const paper = (page: Page): Promise<string> =>
  page.evaluate(() => getComputedStyle(document.body).backgroundColor);
export const light = 'rgb(251, 250, 246)';
export const dark = 'rgb(18, 20, 17)';
