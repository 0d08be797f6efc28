import { describe, expect, test } from 'vitest';
import { agreementBars, likelihoods, memorizationChart, passageChart, suffixLengths } from '../../src/charts/index.js';
import { Random } from '../../src/statistics/random.js';
import type { MemorizationStory } from '../../src/story/index.js';
import { demoSeries, frame, made } from './story.js';
import { expectPicture } from './snapshot.js';

/** Answers of 1 to 5 tokens, a third of them impossible. */
function story(revisions: readonly { stage: string; revision: string; step: number | null; tokens: number | null }[]) {
  const random = new Random('memorization charts');
  const items = Array.from({ length: 300 }, () => {
    const tokens = 1 + random.below(5);
    const infgram = -2.5 * tokens + random.normal();
    const zero = random.below(3) === 0;
    return [
      infgram - tokens + 0.8 * random.normal(),
      zero ? null : infgram,
      zero ? null : infgram + 0.5,
      tokens,
    ] as const;
  });
  const grow = (to: number) => revisions.map((_, i) => 0.3 + ((to - 0.3) * i) / revisions.length);
  const found: MemorizationStory = {
    ...{ what: 'questions', name: 'sciq.jsonl', index: 'pile.index', n: 300, bars: null, windows: null },
    points: revisions.map((point, i) => ({
      ...{ ...point, isControl: i === 0 },
      verdict: i === 0 ? null : { strict: i > 4 ? 'above' : 'not resolved', published: 'not resolved' },
    })),
    values: {
      rho: grow(0.6),
      rho_partial: revisions.map((_, i) => -0.05 + 0.02 * i),
      rho_per_token: grow(0.4),
      rho_published: grow(0.5),
    },
    errors: { rho: revisions.map(() => 0.04), rho_partial: revisions.map(() => 0.05) },
    control: { kind: 'step 0', values: { rho_partial: -0.05 } },
    suffixes: [25.41, 46.61, 16.71, 6.08, 2.4, 1.46, 1.34].map((share, i) => ({
      name: ['≤3', '4', '5', '6', '7', '8', '>8'][i]!,
      share: share / 100,
    })),
    scatter: { revision: revisions.at(-1)!.revision, items },
    conclusion: { strict: 'memorization: …', published: 'no memorization is claimed: …' },
  };
  return found;
}

test('ρ, partial ρ and per-token ρ over training, the control across', async () => {
  const series = await demoSeries();
  const memorization = story(series.checkpoints.slice(0, 10));
  const drawing = memorizationChart({ series, memorization }, frame(493));
  expectPicture('memorization-174mm', drawing);
  expect(drawing.title).toBe('Memorization over training tokens: sciq.jsonl, zeros strict');
  expect(drawing.description).toContain('the line across is the partial ρ of the control (step 0), −0.0500');
  const partial = drawing.data.rows.filter((row) => row[1] === 'rho_partial');
  expect(partial.map((row) => row[8])).toEqual([
    null,
    ...Array<string>(4).fill('not resolved'),
    ...Array<string>(5).fill('above'),
  ]);
  const place = drawing.places.find(({ lines }) => lines[1]!.startsWith('partial ρ'))!;
  expect(series.checkpoints[place.checkpoint]!.revision).toBe('step0');
  const published = memorizationChart({ series, memorization, zeros: 'published' }, frame(358, 'screen'));
  expect(new Set(published.data.rows.map((row) => row[1]))).toEqual(new Set(['rho_published']));
});

test('passages: token ρ and the share of windows reproduced', async () => {
  const series = await demoSeries();
  const points = series.checkpoints.slice(0, 10);
  const memorization: MemorizationStory = {
    ...story(points),
    ...{ what: 'passages', name: 'train.txt', control: null, conclusion: null, scatter: null },
    values: { token_rho: points.map((_, i) => i / 12), extractable: points.map((_, i) => i / 1000) },
    errors: {},
  };
  const drawing = memorizationChart({ series, memorization }, frame(238));
  expect(drawing.title).toBe('Memorization over training tokens: train.txt');
  expect(drawing.data.rows).toHaveLength(20);
});

test('how long the suffixes are', () => {
  const drawing = suffixLengths(
    { memorization: story([{ stage: 'pretrain', revision: 'a', step: 1, tokens: 1 }]) },
    frame(238),
  );
  expectPicture('suffix-lengths-84mm', drawing);
  expect(drawing.description).toContain('≤3 tokens: 25.4 %, 4 tokens: 46.6 %');
  expect(drawing.data.rows[6]).toEqual(['>8', 0.0134]);
  const none = { name: 'a', index: 'b', suffixes: [{ name: '≤3', share: null }] };
  expect(suffixLengths({ memorization: none }, frame(238)).svg.textContent).toContain('no tokens');
});

test('both likelihoods of every answer, those of probability 0 at the left', () => {
  const series = made('m', [0, 1, 1000], () => 5);
  const memorization = story(series.checkpoints);
  const drawing = likelihoods({ series, memorization }, frame(238));
  expectPicture('likelihoods-84mm', drawing);
  const impossible = drawing.data.rows.filter((row) => row[2] === null).length;
  expect(drawing.data.rows).toHaveLength(300);
  expect(drawing.description).toContain(`${impossible} of probability 0 stand at the left`);
  expect(drawing.places[0]!.checkpoint).toBe(2);
  expectPicture('likelihoods-phone', likelihoods({ series, memorization, zeros: 'published' }, frame(358, 'screen')));
  const empty = likelihoods({ series, memorization: { ...memorization, scatter: null } }, frame(238));
  expect(empty.svg.textContent).toContain('no likelihoods are stored');
});

describe('passages in detail', () => {
  const series = made('m', [0, 1000, 143_000], () => 5);
  const { checkpoints } = series;
  const bars = (
    edges: readonly (readonly [number, number | null])[],
    gaps: (i: number, bar: number) => number | null,
  ) => ({
    edges: edges.map(([from, to]) => ({ from, to, tokens: 1000, share: 0.5 })),
    gaps: checkpoints.map((_, i) => edges.map((__, bar) => gaps(i, bar))),
  });
  const memorization: MemorizationStory = {
    ...story(checkpoints),
    ...{ what: 'passages', name: 'heldout.txt', control: null, conclusion: null, scatter: null },
    values: { gap: [6, 3, 1], extractable: [0, 0.001, 0.0044] },
    errors: { gap: [0.1, 0.1, 0.1], extractable: [0, 0.0007, 0.0015] },
    windows: { count: 1500, promptTokens: 32, extractTokens: 8 },
    bars: {
      suffix: bars(
        [
          [0, 0],
          [1, 1],
          [9, 16],
          [33, null],
        ],
        (i, bar) => (bar === 0 ? null : (3 - i) * (1 + bar / 4)),
      ),
      position: bars(
        [
          [1, 1],
          [2, 3],
          [4, 7],
        ],
        (i, bar) => 6 - 2 * i + bar / 10,
      ),
    },
  };

  test('the gap by the suffix found, beside the control', () => {
    const drawing = agreementBars({ memorization, by: 'suffix', point: 2 }, frame(238));
    expectPicture('gap-by-suffix-84mm', drawing);
    expect(drawing.title).toBe('Gap to the ∞-gram by suffix length at step143000: heldout.txt');
    expect(drawing.description).toBe('suffix 1: 1.25, suffix 9–16: 1.50, suffix 33+: 1.75.');
    expect(drawing.data.columns).toEqual(['revision', 'suffix', 'tokens', 'possible', 'gap', 'control_gap']);
    expect(drawing.data.rows).toEqual([
      ['step143000', '0', 1000, 0.5, null, null],
      ['step143000', '1', 1000, 0.5, 1.25, 3.75],
      ['step143000', '9–16', 1000, 0.5, 1.5, 4.5],
      ['step143000', '33+', 1000, 0.5, 1.75, 5.25],
    ]);
    expect(drawing.places[0]!.lines).toEqual([
      ...['suffix 1', 'gap 1.25 nats', 'the control 3.75 nats', '1,000 tokens, 50.0 % with p∞ > 0'],
    ]);
    // The control itself has nothing to stand beside.
    const control = agreementBars({ memorization, by: 'suffix', point: 0 }, frame(238));
    expect(control.data.rows.map((row) => row[5])).toEqual([null, null, null, null]);
    const none = agreementBars({ memorization: { ...memorization, bars: null }, by: 'suffix', point: 2 }, frame(238));
    expect(none.svg.textContent).toContain('no token with p∞ > 0');
  });

  test('and by position', () => {
    const drawing = agreementBars({ memorization, by: 'position', point: 1 }, frame(358, 'screen'));
    expectPicture('gap-by-position-phone', drawing);
    expect(drawing.description).toBe('position 1: 4.00, position 2–3: 4.10, position 4–7: 4.20.');
  });

  test('the gap and extraction over training, the latter in percent, its data as shares', () => {
    const gap = passageChart({ series, memorization, metric: 'gap' }, frame(238));
    expect(gap.description).toContain('3 points, from 6.00 to 1.00');
    const extraction = passageChart({ series, memorization, metric: 'extractable' }, frame(238));
    expectPicture('extraction-84mm', extraction);
    expect(extraction.title).toBe('Extraction over training tokens: heldout.txt, 32 + 8 tokens, 1500 windows');
    expect(extraction.places.map(({ lines }) => lines[1])).toEqual([
      ...['extractable, % 0', 'extractable, % 0.10 ± .07', 'extractable, % 0.44 ± .15'],
    ]);
    expect(extraction.data.rows.map((row) => row[6])).toEqual([0, 0.001, 0.0044]);
    // Nothing reproduced anywhere: the axis begins at 0.
    const none = { ...memorization, values: { extractable: [0, 0, 0] }, errors: {} };
    const flat = passageChart({ series, memorization: none, metric: 'extractable' }, frame(238));
    expect(flat.svg.textContent).not.toContain('−');
  });
});
