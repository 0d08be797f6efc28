import { expect, test } from 'vitest';
import { differences, sweep } from '../../src/charts/index.js';
import { compareRuns } from '../../src/compare/index.js';
import { readStory } from '../../src/report/index.js';
import { figureCurve, sweepsOf } from '../../src/story/index.js';
import { demoSeries, frame } from './story.js';
import { expectPicture } from './snapshot.js';

test('differences of two series with their paired errors; what is not resolved is hollow', async () => {
  const series = await demoSeries();
  const found = series.checkpoints.map(({ stage, revision, step, tokens }, i) => {
    const difference = i === 3 ? null : (i - 6) * 0.4;
    return {
      ...{ stage, step, tokens, difference, se: 0.3, a: { revision } },
      verdict: Math.abs(i - 6) < 2 ? 'not resolved' : i > 6 ? 'above' : 'below',
    };
  });
  const input = { series, names: ['sample · l2', 'sample'] as const, figure: 'rankme', differences: found };
  const drawing = differences(input, frame(238));
  expectPicture('differences-84mm', drawing);
  expect(drawing.title).toBe('Difference of RankMe over training tokens: sample · l2 less sample');
  expect(drawing.places).toHaveLength(14);
  expect(drawing.places[0]!.lines).toEqual(['step0 · 0 tokens', 'RankMe −2.40 ± .30: below']);
  expect(drawing.data.rows.find((row) => row[4] === 'step64')!.slice(7)).toEqual([0.4, 0.3, 'not resolved']);
  const none = differences({ ...input, differences: [], withoutErrors: 'rows overlap' }, frame(238));
  expect(none.svg.textContent).toContain('there are no common checkpoints');
  expect(none.description).toContain('no errors: rows overlap.');
});

test('RankMe grows with N: a line a checkpoint on a log axis', () => {
  const sizes = [100, 200, 500, 1000, 1500];
  const line = (label: string, limit: number, checkpoint: number) => ({
    ...{ label, series: 's', checkpoint },
    points: sizes.map((value) => ({ value, figure: (limit * value) / (value + 200), se: limit / Math.sqrt(value) })),
  });
  const drawing = sweep(
    { figure: 'rankme', over: 'n', lines: [line('step6000', 70, 14), line('step64', 19, 7)] },
    frame(238),
  );
  expectPicture('sweep-n-84mm', drawing);
  expect(drawing.title).toBe('RankMe by N');
  expect(drawing.places).toHaveLength(10);
  expect(drawing.data.rows[0]).toEqual(['step6000', 100, 70 / 3, 7]);
});

test('α by layer and by corpus; what is absent has no point', () => {
  const layers = [...Array.from({ length: 24 }, (_, i) => String(i)), 'final'];
  const points = layers.map((value, i) => ({ value, figure: i === 5 ? null : 0.6 + i / 30, se: 0.02 }));
  const by = { label: 'main', series: 's', checkpoint: 0 };
  const drawing = sweep({ figure: 'alpha', over: 'layer', lines: [{ ...by, points }] }, frame(358, 'screen'));
  expectPicture('sweep-layer-phone', drawing);
  expect(drawing.places).toHaveLength(24);
  const corpora = ['wikitext-103-raw-v1', 'fineweb', 'pile'].map((value, i) => ({
    value,
    figure: 1 + i / 10,
    se: null,
  }));
  expectPicture(
    'sweep-corpus-84mm',
    sweep({ figure: 'alpha', over: 'corpus', lines: [{ ...by, points: corpora }] }, frame(238)),
  );
  expect(sweep({ figure: 'alpha', over: 'n', lines: [] }, frame(238)).svg.textContent).toContain('α is absent');
});

const golden = (name: string) => new URL(`../golden/runs/${name}`, import.meta.url).pathname;

test('a real sweep of N: RankMe of the sample’s step 6000', async () => {
  const [run] = (await readStory([golden('sweeps')], { version: '0.1.0' })).runs;
  const swept = sweepsOf(run!, run!.series[0]!.name).find(({ over }) => over === 'n')!;
  const lines = swept.lines.map(({ checkpoint, points }) => ({
    ...{ label: checkpoint.revision, series: 's', checkpoint: 0 },
    points: points.map(({ value, series, at, layer }) => {
      const { values, errors } = figureCurve(series, 'rankme', layer);
      return { value, figure: values[at] ?? null, se: errors[at] ?? null };
    }),
  }));
  const drawing = sweep({ figure: 'rankme', over: 'n', lines }, frame(238));
  expectPicture('sweep-n-sample-84mm', drawing);
  expect(drawing.data.rows.map((row) => row[1])).toEqual([38, 75, 150, 300, 600]);
  expect(drawing.data.rows.map((row) => Number(row[2]).toFixed(1))).toEqual(['23.2', '36.3', '46.1', '55.7', '60.6']);
});

test('real differences: the sample less its shuffled tokens', async () => {
  const run = golden('controls');
  const [series] = (await readStory([run], { version: '0.1.0' })).runs[0]!.series;
  const { comparisons } = await compareRuns([run], { against: 'shuffled-tokens' });
  const { a, b, figures } = comparisons[0]!;
  const { differences: found } = figures.find(({ figure }) => figure === 'rankme')!;
  const input = { series: series!, names: [b.label, a.label] as const, figure: 'rankme', differences: found };
  const drawing = differences(input, frame(238));
  expectPicture('differences-sample-84mm', drawing);
  expect(drawing.places.map(({ lines }) => lines[1])).toEqual([
    'RankMe −16.7 ± 1.7: below',
    'RankMe −17.1 ± 1.5: below',
    'RankMe −11.1 ± 1.2: below',
    'RankMe −10.4 ± 2.2: below',
  ]);
});
