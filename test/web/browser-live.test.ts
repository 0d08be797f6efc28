/** The live page in a real browser: what changes on the server shows without a reload, and a lost connection comes back. */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { launch, open, violations } from './browser.js';
import { LiveServer } from './live-server.js';
import { fixtureSeries, fixtureStory } from './story-fixture.js';

const whole = fixtureSeries({ checkpoints: 20, layers: 2 });
/** The first `count` checkpoints, as while a trace runs. */
const grown = (count: number) => {
  const cut = <T>(values: readonly T[]) => values.slice(0, count);
  const curves = Object.fromEntries(
    Object.entries(whole.curves).map(([layer, { figures, reasons, replicates }]) => {
      const shorter = Object.fromEntries(Object.entries(figures).map(([name, values]) => [name, cut(values)]));
      const { rankme, alpha } = replicates;
      return [layer, { figures: shorter, reasons, replicates: { rankme: cut(rankme), alpha: cut(alpha) } }];
    }),
  );
  return fixtureStory([{ ...whole, checkpoints: cut(whole.checkpoints), curves, phases: {} }]);
};

let browser: Browser;
let server: LiveServer;
let url: string;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());
beforeEach(async () => {
  server = new LiveServer(grown(8));
  url = await server.start();
});
afterEach(() => server.stop());

const soon = <T>(read: () => T | Promise<T>) => expect.poll(read, { timeout: 20_000 });

describe('live page in a browser', () => {
  it('has room for the picker of a long name, the connection and the rest on a phone', async () => {
    const name = 'a-model-with-a-rather-long-name-1b';
    const other = { ...whole, id: '2/other', run: '2', name, label: name };
    server.change(fixtureStory([{ ...whole, label: `${name} (again)` }, other]));
    const { page } = await open(browser, url, { width: 390 });
    await soon(() => page.locator('.connection').textContent()).toContain('Live');
    const spans = await page.locator('.top').evaluate((top) =>
      ['.brand', '.picker select', '.connection', 'button'].map((part) => {
        const { left, right } = top.querySelector(part)!.getBoundingClientRect();
        return [left, right] as const;
      }),
    );
    for (const [i, [left]] of spans.entries()) if (i > 0) expect(left).toBeGreaterThanOrEqual(spans[i - 1]![1]);
    expect(spans.at(-1)![1]).toBeLessThanOrEqual(390);
    // What it names is still read.
    expect(spans[1]![1] - spans[1]![0]).toBeGreaterThan(80);
  });

  it('shows new measurements without a reload and keeps the view', async () => {
    const { page, faults, requests } = await open(browser, url);
    await soon(() => page.locator('.connection').textContent()).toContain('Live');
    expect(await page.locator('.part.table tbody tr').count()).toBe(8);
    await page.evaluate(() => ((globalThis as { mark?: string }).mark = 'not reloaded'));
    await page.locator('.player input').fill('3');
    await page.getByRole('radio', { name: 'Steps' }).check({ force: true });
    server.change(grown(12));
    await soon(() => page.locator('.part.table tbody tr').count()).toBe(12);
    expect(await page.evaluate(() => (globalThis as { mark?: string }).mark)).toBe('not reloaded');
    expect(await page.locator('.player input').inputValue()).toBe('3');
    expect(await page.getByRole('radio', { name: 'Steps' }).isChecked()).toBe(true);
    expect(await page.locator('.facts').textContent()).toContain('12 measured');
    // Spectra follow: those of the new checkpoints can be looked at.
    await page.locator('.player input').fill('11');
    await soon(() => page.locator('[data-chart="scree"] svg[role="img"]').getAttribute('aria-label')).toContain(
      whole.checkpoints[11]!.revision,
    );
    expect(new URL(page.url()).searchParams.get('axis')).toBe('steps');
    // Nothing is asked of anyone else.
    expect(requests.every((request) => request.startsWith(url))).toBe(true);
    expect(faults).toEqual([]);
  });

  it('follows the newest checkpoint while no other is chosen', async () => {
    const { page } = await open(browser, url);
    expect(await page.locator('.player input').inputValue()).toBe('7');
    server.change(grown(9));
    await soon(() => page.locator('.player input').inputValue()).toBe('8');
  });

  it('tells how a running trace goes', async () => {
    const { page, faults } = await open(browser, url);
    await soon(() => server.listeners).toBe(1);
    const progress = {
      ...{ run: '1', revision: 'step512', phase: 'forward', done: 50, of: 100, index: 8, total: 20 },
      ...{ secondsLeft: 192, updated: new Date().toISOString() },
    };
    server.send('progress', progress);
    await soon(() => page.locator('.progress').textContent()).toContain('step512 (9 of 20), forward, 3:12 left');
    expect(await page.locator('progress').getAttribute('value')).toBe(String(8.5 / 20));
    expect(await violations(page)).toEqual([]);
    server.send('progress', null);
    await soon(() => page.locator('.progress').count()).toBe(0);
    expect(faults).toEqual([]);
  });

  it('says that the connection is lost, waits longer each time and catches up', async () => {
    const { page } = await open(browser, url);
    await soon(() => server.listeners).toBe(1);
    server.down = true;
    server.cut();
    await soon(() => page.locator('.connection').textContent()).toContain('Connection lost');
    const tries = () => server.asked.filter((path) => path === '/api/events').length;
    await soon(tries).toBeGreaterThanOrEqual(3);
    // What is there stays meanwhile.
    expect(await page.locator('.part.table tbody tr').count()).toBe(8);
    server.story = grown(15);
    server.version++;
    server.down = false;
    await soon(() => page.locator('.connection').textContent()).toContain('Live');
    await soon(() => page.locator('.part.table tbody tr').count()).toBe(15);
  });

  it('asks again only for what changed, and moves back through views', async () => {
    const { page } = await open(browser, url);
    await soon(() => server.listeners).toBe(1);
    server.send('story', { version: server.version });
    await soon(() => server.unchanged).toBe(1);
    await page.getByRole('combobox', { name: 'Layer', exact: true }).selectOption('0');
    expect(new URL(page.url()).searchParams.get('layer')).toBe('0');
    await page.goBack();
    await soon(() => page.getByRole('combobox', { name: 'Layer', exact: true }).inputValue()).toBe('final');
  });

  it('says what is wrong where there is no story', async () => {
    server.down = true;
    const context = await browser.newContext();
    const page = await context.newPage();
    server.down = false;
    await page.route('**/api/story', (route) => route.fulfill({ status: 403, body: 'token: is missing' }));
    await page.goto(url);
    expect(await page.getByRole('alert').textContent()).toBe('the server: answered 403 (token: is missing)');
  });
});
