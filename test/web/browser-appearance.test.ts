/** How the report moves and looks in a real browser: at play, without motion, on a phone, in the dark, to axe-core. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { downloaded, launch, open, violations, type Watched } from './browser.js';
import { singleReport, soon } from './report-fixture.js';

let browser: Browser;
let single: string;
beforeAll(async () => {
  browser = await launch();
  single = await singleReport();
});
afterAll(() => browser.close());

describe('report in a browser', () => {
  it.each([
    ['four checkpoints a second', false, '12'],
    ['one a second where motion is unwanted', true, '3'],
  ])('plays training, %s', async (_, calm, after) => {
    const { page, faults } = await open(browser, single, { calm });
    const slider = page.locator('.player input');
    await slider.fill('0');
    // The page's clock stands still but for what the test lets pass.
    await page.clock.install({ time: 0 });
    await page.clock.pauseAt(1000);
    await page.getByRole('button', { name: 'Play training' }).click();
    await page.clock.runFor(200);
    expect(await slider.inputValue()).toBe('0');
    await page.clock.runFor(3000);
    expect(await slider.inputValue()).toBe(after);
    expect(faults).toEqual([]);
  });

  it('moves nothing by itself where motion is unwanted', async () => {
    const { page } = await open(browser, single, { calm: true });
    const moving = await page.evaluate(() =>
      [...document.querySelectorAll('*')].flatMap((element) => {
        const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(element);
        const isStill =
          /^(0s(, )?)+$/.test(transitionDuration) && animationName === 'none' && scrollBehavior === 'auto';
        return isStill ? [] : [element.className];
      }),
    );
    expect(moving).toEqual([]);
  });

  it('pauses where it is', async () => {
    const { page } = await open(browser, single);
    await page.getByRole('button', { name: 'Play training' }).click();
    await soon(async () => Number(await page.locator('.player input').inputValue())).toBeGreaterThan(2);
    await page.getByRole('button', { name: 'Pause' }).click();
    const paused = await page.locator('.player input').inputValue();
    await page.waitForTimeout(700);
    expect(await page.locator('.player input').inputValue()).toBe(paused);
  });

  it('fits a phone of 390 px and works by touch', async () => {
    const { page, faults } = await open(browser, single, { width: 390, height: 844, touch: true });
    const [scroll, client] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ]);
    expect(scroll).toBe(client);
    await page.locator('[data-chart="rankme"] .overlay').scrollIntoViewIfNeeded();
    const box = (await page.locator('[data-chart="rankme"] .overlay').boundingBox())!;
    await page.touchscreen.tap(box.x + box.width * 0.7, box.y + 100);
    await soon(() => page.locator('.player input').inputValue()).not.toBe('39');
    // Buttons are large enough for fingers.
    for (const button of await page.locator('button.quiet:visible, .player button').all()) {
      expect((await button.boundingBox())!.height).toBeGreaterThanOrEqual(36);
    }
    expect(faults).toEqual([]);
  });

  it('is dark where the system is, and where the reader says so', async () => {
    const ground = (page: Watched['page']) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const dark = await open(browser, single, { scheme: 'dark' });
    expect(await ground(dark.page)).toBe('rgb(20, 23, 27)');
    const light = await open(browser, single);
    expect(await ground(light.page)).toBe('rgb(255, 255, 255)');
    await light.page.getByRole('button', { name: 'Dark' }).click();
    expect(await ground(light.page)).toBe('rgb(20, 23, 27)');
    const chart = light.page.locator('[data-chart="rankme"]');
    const svg = await downloaded(light.page, () => chart.getByRole('button', { name: /^SVG/ }).click());
    expect(svg.bytes.toString()).toContain('#14171b');
    // On paper it is light, without what can't be clicked there.
    await light.page.emulateMedia({ media: 'print' });
    expect(await ground(light.page)).toBe('rgb(255, 255, 255)');
    expect(await light.page.locator('.chart-links:visible, .player:visible').count()).toBe(0);
    expect([...dark.faults, ...light.faults]).toEqual([]);
  });

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
    ['dark', 390],
  ] as const)('has no violation that axe-core finds (%s, %i px)', async (scheme, width) => {
    const { page } = await open(browser, single, { scheme, width });
    await page.locator('.definitions summary').click();
    await page.getByRole('button', { name: 'Pin to compare' }).click();
    expect(await violations(page)).toEqual([]);
  });
});
