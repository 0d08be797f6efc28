/** The sections of what the neighbours of `trace` found, in a real browser, from a report with geometry and one without. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AblationStory, SeriesStory } from '../../src/story/index.js';
import { downloaded, launch, open, reportFile, violations, watched } from './browser.js';
import { fixtureSeries, fixtureSpectra, fixtureStory } from './story-fixture.js';

let browser: Browser;
/** Geometry at 12 checkpoints, findings at three of them. */
let whole: string;
/** The same findings, no geometry. */
let bare: string;

const series = fixtureSeries({ checkpoints: 12, layers: 1 });
const at = [2, 6, 10].map((i) => series.checkpoints[i]!);

const accuracies = {
  original: [0.3, 0.5, 0.8],
  'top-10 removed': [0.29, 0.45, 0.7],
  'top-10 kept': [0.25, 0.26, 0.24],
};
const ablation: AblationStory = {
  ...{ name: 'sciq', questions: 'sciq', corpus: 'heldout.jsonl', mean: true, draws: 3, chance: 0.25 },
  metrics: ['acc', 'logprob'],
  points: at.map(({ stage, revision, step, tokens }) => ({
    ...{ stage, revision, step, tokens, questions: 1000, n: 500, d: 128, rank: 127, notes: ['N is small'] },
  })),
  variants: Object.entries(accuracies).map(([name, values]) => {
    const isOriginal = name === 'original';
    return {
      ...{ name, kind: isOriginal ? 'original' : 'band', size: isOriginal ? null : 10, control: null },
      variance: values.map(() => (isOriginal ? null : 0.44)),
      figures: {
        acc: values.map((value, i) => {
          const change = isOriginal ? null : value - accuracies.original[i]!;
          return [value, 0.01, change, 0.01, isOriginal ? null : 1e-6, null, null, null] as const;
        }),
        logprob: values.map((value) => [-value, 0.1, null, null, null, null, null, null] as const),
      },
    } as const;
  }),
};
const found: Partial<SeriesStory> = { ablation: [ablation] };

beforeAll(async () => {
  browser = await launch();
  whole = await reportFile(fixtureStory([{ ...series, ...found }]), [fixtureSpectra(series, 'final')]);
  const nothing = { layers: [], curves: {}, phases: {}, n: null, d: null, corpus: null };
  bare = await reportFile(fixtureStory([{ ...series, ...nothing, checkpoints: at, ...found }]));
});
afterAll(() => browser.close());

describe('ablation', () => {
  it('shows the checkpoint at the cursor or the last before it, and goes where the list says', async () => {
    const { page, faults } = await open(browser, whole);
    const part = page.locator('section.ablation');
    const title = part.locator('.chart-title');
    // The cursor is at the last checkpoint, which was not asked.
    expect(await title.textContent()).toContain(`at ${at[2]!.revision}`);
    expect(await part.locator('.lead').textContent()).toContain(
      `(nothing was found at ${series.checkpoints[11]!.revision})`,
    );
    await part.getByLabel('Checkpoint').selectOption({ index: 1 });
    expect(await title.textContent()).toContain(`at ${at[1]!.revision}`);
    expect(await page.locator('tr.at-cursor th').textContent()).toBe(at[1]!.revision);
    expect(await part.locator('.lead').textContent()).not.toContain('nothing was found');
    const rows = await part.locator('tbody tr').allTextContents();
    expect(rows).toEqual([
      'top-10 removed44.0 %0.450 ± .010−0.050 ± .010< 0.0001',
      'top-10 kept44.0 %0.260 ± .010−0.240 ± .010< 0.0001',
    ]);
    await part.getByLabel('Metric').selectOption('logprob');
    expect(await title.textContent()).toMatch(/^ln p of the right answer/);
    const { name, bytes } = await downloaded(page, () => part.getByRole('button', { name: /^Data/ }).click());
    expect(name).toBe('ablation.csv');
    expect(bytes.toString().split('\r\n')[1]).toMatch(
      new RegExp(`^sciq,pretrain,${at[1]!.revision},.*,original,,logprob,-0.5,0.1,1000`),
    );
    expect(faults).toEqual([]);
    await page.close();
  });
});

describe('without geometry', () => {
  it('shows the findings, and nothing that needs geometry', async () => {
    const { page, faults, requests } = await watched(browser, bare);
    await page.waitForSelector('[data-chart="ablation"] svg[role="img"]');
    const parts = await page
      .locator('section.part')
      .evaluateAll((all) => all.map((part) => part.getAttribute('class')));
    expect(parts).toEqual(['part ablation', 'part provenance']);
    expect(await page.locator('.finding').textContent()).toBe(
      'No geometry is measured in this run: it holds ablations (sciq) at 3 checkpoints.',
    );
    await page.locator('section.ablation').getByLabel('Checkpoint').selectOption({ index: 0 });
    expect(await page.locator('section.ablation .chart-title').textContent()).toContain(`at ${at[0]!.revision}`);
    expect([faults, requests]).toEqual([[], []]);
    await page.close();
  });

  it.each([
    [1280, 'light'],
    [390, 'dark'],
  ] as const)('has no violations and nothing wider than the page at %i px, %s', async (width, scheme) => {
    const { page } = await watched(browser, bare, { width, scheme });
    await page.waitForSelector('[data-chart="ablation"] svg[role="img"]');
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    await page.close();
  });
});
