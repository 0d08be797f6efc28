/** The sections of what the neighbours of `trace` found, in a real browser, from a report with geometry and one without. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  AblationStory,
  DirectionsStory,
  MemorizationStory,
  SamplesStory,
  SeriesStory,
} from '../../src/story/index.js';
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
/** Two prompts; the first prompt's texts go round, and hold what a page must not take for markup. */
const samples: SamplesStory = {
  ...{ name: 'greedy, at most 64 tokens', left: { prompts: 2, completions: 0 } },
  prompts: ['The cat ', '<i>3 + 4</i> ='].map((text) => ({
    text,
    figures: {
      distinct_1: at.map((_, i) => [0.2 + i / 5, null] as const),
      loops: at.map((_, i) => [1 - i / 2, null] as const),
    },
  })),
  points: at.map(({ stage, revision, step, tokens }, i) => ({
    ...{ stage, revision, step, tokens, notes: [] },
    texts: [`sat <b>on</b>\n\u202e${', and the fire'.repeat(4)}`, ''].map((text) => [
      {
        ...{ text, isCut: false, tokens: 20 + i, finish: 'length' as const, distinct: [0.2, 0.3, null], repeat: 9 },
        loop: text === '' ? null : { period: 5, from: 3 },
      },
    ]),
  })),
};
/** Three directions; at the first checkpoint the texts are left out. */
const directions: DirectionsStory = {
  ...{ name: 'heldout.jsonl', position: 'last', left: 1 },
  points: at.map(({ stage, revision, step, tokens }, i) => ({
    ...{ stage, revision, step, tokens, n: 500, d: 128, rank: 127, moreMassive: 2, notes: [] },
    massive: [{ index: 7, rms: 31, mean: -30.25 }],
    change: i === 0 ? null : { since: at[i - 1]!.revision, subspace: 0.7, chance: 0.023 },
    directions: [1, 2, 3].map((rank) => ({
      ...{ rank, share: 0.4 / rank, carriedBy: 12.34, close: rank === 3 },
      change: i === 0 ? null : { overlap: 0.5, nearest: rank === 2 ? 0.8 : 0.5, nearestRank: rank === 2 ? 1 : rank },
      coordinates: [{ index: 7, share: 0.25, massive: true }],
      ends:
        i === 0
          ? null
          : [
              { tokens: [{ text: ' <i>\n', logit: 1.5 }], passages: [{ text: 'at the\tend', score: 2.5 }] },
              { tokens: null, passages: [{ text: 'the other', score: -1.5 }] },
            ],
    })),
  })),
};
/** Questions, and passages of which none is reproduced before the last checkpoint. */
const questions: MemorizationStory = {
  ...{ what: 'questions', name: 'trivia.jsonl', index: 'pile.index', n: 300, bars: null, windows: null, scatter: null },
  points: at.map(({ stage, revision, step, tokens }) => ({
    ...{ stage, revision, step, tokens, isControl: false, verdict: null },
  })),
  values: { rho: [0.1, 0.2, 0.3] },
  ...{ errors: {}, control: null, conclusion: null, suffixes: [{ name: '≤3', share: 1 }] },
};
const gaps = {
  edges: [0, 1].map((from) => ({ from, to: from === 1 ? null : 0, tokens: 50, share: 0.5 })),
  gaps: [
    [5, 6],
    [3, 4],
    [1, 2],
  ],
};
const passages: MemorizationStory = {
  ...questions,
  ...{ what: 'passages', name: 'heldout.txt', bars: { suffix: gaps, position: gaps } },
  windows: { count: 500, promptTokens: 32, extractTokens: 8 },
  values: { gap: [5, 3, 1], token_rho: [0, 0.3, 0.6], extractable: [0, 0, 0.004] },
  errors: { extractable: [0, 0, 0.0028] },
};
const memorization = [questions, passages];
const found: Partial<SeriesStory> = {
  memorization,
  ablation: [ablation],
  samples: [samples],
  directions: [directions],
};

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

describe('memorization', () => {
  it('of passages shows extraction, and the gap by suffix and position at the cursor', async () => {
    const { page, faults } = await open(browser, whole);
    const part = page.locator('section.memorization');
    const title = (chart: string) => part.locator(`[data-chart="${chart}"] .chart-title`).textContent();
    expect(await title('memorization')).toContain('trivia.jsonl');
    await part.getByRole('combobox').first().selectOption('heldout.txt');
    // Every chart is of what was picked.
    expect(await title('memorization')).toContain('heldout.txt');
    expect(await title('suffix-lengths')).toContain('heldout.txt');
    expect(await title('extraction')).toBe('Extraction over training tokens: heldout.txt, 32 + 8 tokens, 500 windows');
    expect(await title('gap-by-suffix')).toContain(`at ${at[2]!.revision}`);
    const said = part.locator('.at + .note');
    expect(await said.textContent()).toContain(
      'Extraction: 0.40 ± .28 % of 500 windows: after 32 tokens the next 8, greedily.',
    );
    await part.locator('.at').getByRole('combobox').selectOption({ index: 1 });
    expect(await title('gap-by-position')).toContain(`at ${at[1]!.revision}`);
    expect(await said.textContent()).toContain('none of 500 windows');
    expect(await said.textContent()).toContain('(at most 0.60 % at 95 %)');
    expect(faults).toEqual([]);
    await page.close();
  });
});

describe('directions', () => {
  it('show what they carry, their ends as text, and their change', async () => {
    const { page, faults } = await open(browser, whole);
    const part = page.locator('section.directions');
    expect(await part.locator('h3').textContent()).toBe(`At ${at[2]!.revision}`);
    expect(await part.locator('.directions-list > li').count()).toBe(3);
    const second = part.locator('.directions-list > li').nth(1);
    expect(await second.locator('.share').textContent()).toBe('20.0 % of the variance');
    expect(await second.locator('.moved').textContent()).toBe('|cos| with 2 before 0.500 (nearest: 1, 0.800)');
    expect(await second.locator('.carried').textContent()).toBe('carried by 12.3 coordinates: 7 25.0 % (massive)');
    expect(await second.locator('.bar span').evaluate((bar) => bar.getAttribute('style'))).toBe('width: 50%;');
    const [plus, minus] = await second.locator('.end').allTextContents();
    expect([plus, minus]).toEqual(['+␣<i>↵+2.5at the⇥ end', '−no unembedding, so no tokens−1.5the other']);
    const ends = part.locator('details');
    expect(await ends.evaluateAll((all) => all.map((one) => one.hasAttribute('open')))).toEqual([true, true, false]);
    expect(await part.locator('.note').first().textContent()).toBe(
      `Massive coordinates: 7 (mean −30.3) and 2 more; the subspace overlaps that of ${at[1]!.revision} by 0.700 (unrelated: 0.023). (nothing was found at ${series.checkpoints[11]!.revision})`,
    );
    await part.getByRole('combobox').selectOption({ index: 0 });
    expect(await part.locator('details').count()).toBe(0);
    expect(await part.locator('.note').last().textContent()).toContain('of 1 checkpoint left out');
    expect(await part.locator('[data-chart="direction-overlaps"] .chart-title').textContent()).toContain(
      'heldout.jsonl',
    );
    expect(faults).toEqual([]);
    await page.close();
  });
});

describe('generated texts', () => {
  it('stand side by side as text, loops marked, the cursor’s row in sight', async () => {
    const { page, faults } = await open(browser, whole);
    const part = page.locator('section.samples');
    const rows = part.locator('.texts li');
    expect(await rows.count()).toBe(3);
    expect(await part.locator('.lead').textContent()).toContain('Left out here, but in the run: 2 more prompts.');
    const said = rows.first().locator('.said');
    expect(await said.textContent()).toBe(
      `sat <b>on</b>↵ ⟨U+202E⟩⟳from here it goes round: ${', and the fire'.repeat(4)}`,
    );
    expect(await said.locator('b').count()).toBe(0);
    expect(await said.locator('mark').allTextContents()).toEqual([
      '⟳from here it goes round: , and the fire',
      ', and the fire'.repeat(3),
    ]);
    expect(await rows.first().locator('.figures').textContent()).toBe(
      '20 tokens · distinct-1/2/3 0.20 0.30 – · longest repeat 9 · loops every 5 tokens from token 3',
    );
    // The cursor is at a checkpoint without a text; a choice in the list moves it.
    expect(await part.locator('li.at-cursor').count()).toBe(0);
    await rows.nth(1).getByRole('button').click();
    expect(await part.locator('li.at-cursor .of button').textContent()).toBe(at[1]!.revision);
    expect(await page.locator('section.ablation .chart-title').textContent()).toContain(`at ${at[1]!.revision}`);
    await part.getByLabel('Prompt').selectOption({ index: 1 });
    expect(await part.locator('.prompt .said').textContent()).toBe('“<i>3 + 4</i> =”');
    expect(await rows.first().locator('.written').textContent()).toBe('(nothing)');
    expect(await part.locator('.chart-title').textContent()).toContain('after “<i>3 + 4</i> =”');
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
    expect(parts).toEqual(['part memorization', 'part ablation', 'part directions', 'part samples', 'part provenance']);
    expect(await page.locator('.finding').textContent()).toBe(
      'No geometry is measured in this run: it holds memorization (trivia.jsonl, heldout.txt), ablations (sciq), directions (heldout.jsonl), generated texts at 3 checkpoints.',
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
