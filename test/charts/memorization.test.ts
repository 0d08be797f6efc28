import { expect, test } from 'vitest';
import { likelihoods, memorizationChart, suffixLengths } from '../../src/charts/index.js';
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
    ...{ what: 'questions', name: 'sciq.jsonl', index: 'pile.index', n: 300, bars: null },
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
