/** The one line that says whether the page's tests in a real browser (browser-*.test.ts) ran: vitest.config.ts leaves them out without one. */
import { chromium } from 'playwright-core';
import { expect, it } from 'vitest';
import { findChromium } from './chromium.js';

const path = findChromium();

it.skipIf(path === null)(
  'finds a Chromium to test the page in (else: set CHROMIUM, or apt-get install chromium)',
  async () => {
    const browser = await chromium.launch({ executablePath: path!, args: ['--no-sandbox'] });
    try {
      expect(browser.version()).toMatch(/^\d+\./);
    } finally {
      await browser.close();
    }
  },
);
