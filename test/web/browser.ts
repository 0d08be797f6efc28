/** A browser for tests, and pages in it that remember what went wrong and what they asked the network for. */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { readBundle } from '../../src/report/bundle.js';
import { reportDocument } from '../../src/report/document.js';
import { packSpectra, type LayerSpectra, type Story } from '../../src/story/index.js';
import { findChromium } from './chromium.js';

export function launch(): Promise<Browser> {
  // Containers run as root, where Chromium's sandbox doesn't.
  return chromium.launch({ executablePath: findChromium()!, args: ['--no-sandbox'] });
}

/** A report as a file, as `eigentrace report` writes it. */
export async function reportFile(story: Story, spectra: readonly LayerSpectra[] = []): Promise<string> {
  const parts = { story, spectra: spectra.map(packSpectra), title: 'eigentrace', bundle: await readBundle() };
  const path = join(await mkdtemp(join(tmpdir(), 'eigentrace-page-')), 'report.html');
  await writeFile(path, reportDocument(parts));
  return pathToFileURL(path).href;
}

export interface Watched {
  readonly page: Page;
  /** Console errors and exceptions. */
  readonly faults: string[];
  /** What was asked of the network: everything but the file itself, `data:` and `blob:`. */
  readonly requests: string[];
}

export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly scheme?: 'light' | 'dark';
  readonly calm?: boolean;
  readonly touch?: boolean;
}

/** Opens a page and waits for its first chart. */
export async function open(browser: Browser, url: string, look: Look = {}): Promise<Watched> {
  const opened = await watched(browser, url, look);
  await opened.page.waitForSelector('[data-chart="rankme"] svg[role="img"]');
  return opened;
}

/** Opens a page. */
export async function watched(browser: Browser, url: string, look: Look = {}): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width: look.width ?? 1280, height: look.height ?? 800 },
    colorScheme: look.scheme ?? 'light',
    reducedMotion: look.calm === true ? 'reduce' : 'no-preference',
    hasTouch: look.touch ?? false,
    acceptDownloads: true,
  });
  const page = await context.newPage();
  const faults: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
  });
  page.on('pageerror', (error) => faults.push(error.stack ?? error.message));
  page.on('request', (request) => {
    if (!/^(file|data|blob):/.test(request.url())) requests.push(request.url());
  });
  await page.goto(url);
  return { page, faults, requests };
}

/** What a click downloads, as bytes. */
export async function downloaded(page: Page, click: () => Promise<void>): Promise<{ name: string; bytes: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent('download'), click()]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

/** Violations that axe-core finds, as `rule: element`. */
export async function violations(page: Page): Promise<string[]> {
  const axe = await readFile(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
  await page.evaluate(axe);
  return page.evaluate(async () => {
    interface Axe {
      run(
        options: object,
      ): Promise<{ violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] }>;
    }
    const found = await (globalThis as unknown as { axe: Axe }).axe.run({
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    });
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map((n) => `${id}: ${n.html.slice(0, 160)} ${n.failureSummary ?? ''}`),
    );
  });
}
