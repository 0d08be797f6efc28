/** A trace that runs in a process of its own, watched by the server and seen in a real browser. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startServer } from '../../src/server/index.js';
import { eigentrace, sampleSeries, start, temporary } from '../trace/command-line.js';
import { launch, violations, watched } from './browser.js';

vi.setConfig({ testTimeout: 300_000 });

let browser: Browser;
let folder: string;
beforeAll(async () => {
  [browser, folder] = await Promise.all([launch(), temporary()]);
});
afterAll(async () => {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
});

const soon = <T>(read: () => T | Promise<T>) => expect.poll(read, { timeout: 120_000, interval: 50 });

describe('a trace under way', () => {
  it('shows its progress and each checkpoint as it is measured, without a reload', async () => {
    const out = join(folder, 'run');
    const args = (revisions: string) => [
      ...['trace', sampleSeries, '--corpus', 'sample:', '--min-tokens', '0', '--max-tokens', '128'],
      ...['--sequences', '400', '--revisions', revisions, '--out', out],
    ];
    const cache = join(folder, 'cache');
    const first = await eigentrace(args('step0,step8,step32'), cache);
    expect(first.status, first.stderr).toBe(0);
    const server = await startServer([out], { interval: 100 });
    try {
      const { page, faults, requests } = await watched(browser, server.url);
      await page.waitForSelector('[data-chart="rankme"] svg[role="img"]', { timeout: 120_000 });
      const rows = () => page.locator('.part.table tbody tr').count();
      expect(await rows()).toBe(3);
      await page.evaluate(() => ((globalThis as { mark?: string }).mark = 'not reloaded'));
      await page.locator('.player input').fill('1');

      const progress: string[] = [];
      const counts = new Set<number>();
      const more = start(args('step0,step8,step32,step128,step512,step1000,step6000'), cache);
      let running = true;
      void more.ended.then(() => (running = false));
      while (running as boolean) {
        const shown = await page.locator('.progress span').allTextContents();
        if (shown.length > 0) progress.push(shown[0]!);
        counts.add(await rows());
        await page.waitForTimeout(50);
      }
      const ended = await more.ended;
      expect(ended.status, ended.stderr).toBe(0);
      await soon(rows).toBe(7);
      await soon(() => page.locator('.progress').count()).toBe(0);
      expect(
        progress.some((text) => /^Tracing step\d+ \(\d of 7\)/.test(text)),
        progress.join('\n'),
      ).toBe(true);
      // Seen as they came, not all at once.
      expect([...counts].some((count) => count > 3 && count < 7)).toBe(true);
      expect(await page.evaluate(() => (globalThis as { mark?: string }).mark)).toBe('not reloaded');
      expect(await page.locator('.player input').inputValue()).toBe('1');
      expect(await page.locator('.reading .line').first().textContent()).toContain('step8');
      // The spectra of the new ones are there.
      await page.getByRole('button', { name: 'step6000', exact: true }).click();
      const scree = page.locator('[data-chart="scree"] svg[role="img"]');
      await soon(() => scree.getAttribute('aria-label')).toContain('step6000');
      expect(await violations(page)).toEqual([]);
      expect(requests.every((request) => request.startsWith(server.url))).toBe(true);
      expect(faults).toEqual([]);
    } finally {
      await server.close();
    }
  });

  it('waits for a run that is not there yet, and takes the token of the address once', async () => {
    const token = 'a-token-of-sixteen-or-more';
    const server = await startServer([join(folder, 'later')], { interval: 100, token });
    try {
      const { page, faults } = await watched(browser, server.url);
      await soon(() => page.locator('.finding').textContent()).toBe('No checkpoint is measured yet.');
      expect(page.url()).not.toContain(token);
      await soon(() => page.locator('.connection').textContent()).toContain('Live');
      expect(await violations(page)).toEqual([]);
      expect(faults).toEqual([]);
    } finally {
      await server.close();
    }
  });
});
