import { expect, test } from 'vitest';
import { trajectory } from '../../src/charts/index.js';
import { demoSeries, frame, made, pythiaSteps, series } from './story.js';
import { expectPicture } from './snapshot.js';

const bump = (shift: number) => (step: number) => 400 * Math.exp(-((Math.log(step + 1) - 4 - shift) ** 2) / 20) + 30;

test('RankMe of the sample: one column of a paper', async () => {
  const sample = await demoSeries();
  const drawing = trajectory({ series: [sample], figure: 'rankme' }, frame(238));
  expectPicture('trajectory-rankme-84mm', drawing);
  expect(drawing.title).toBe('RankMe over training tokens');
  // 15 pretraining checkpoints; later stages have no place on the token axis.
  expect(drawing.places).toHaveLength(15);
  const lowest = drawing.places[6]!;
  expect(lowest.lines).toEqual(['step32 · 131k tokens', 'RankMe 11.5 ± .5']);
  expect(Math.max(...drawing.places.map(({ y }) => y))).toBe(lowest.y);
  expect(drawing.places[0]!.lines[2]).toMatch(/^few-rows-dominate: /);
  expect(drawing.data.columns).toEqual([
    'series',
    'stage',
    'revision',
    'step',
    'tokens',
    'rankme',
    'rankme_se',
    'flags',
  ]);
  expect(drawing.data.rows[6]!.slice(1, 5)).toEqual(['pretrain', 'step32', 32, 131072]);
  expect(drawing.data.rows[6]![5]).toBeCloseTo(11.55, 2);
  expect(drawing.description).toMatch(/15 checkpoints, 38\.4 ± 1\.2 at 0 tokens, lowest 11\.5 at 131k tokens/);
});

test('α of the sample in stage lanes: two columns of a paper', async () => {
  const drawing = trajectory({ series: [await demoSeries()], figure: 'alpha', axis: 'stages' }, frame(493));
  expectPicture('trajectory-alpha-stages-174mm', drawing);
  expect(drawing.places).toHaveLength(20);
  const [left, top, right, bottom] = drawing.area;
  for (const { x, y } of drawing.places) {
    expect(x).toBeGreaterThanOrEqual(left);
    expect(x).toBeLessThanOrEqual(right);
    expect(y).toBeGreaterThanOrEqual(top);
    expect(y).toBeLessThanOrEqual(bottom);
  }
  // Stages follow one another from left to right.
  const xs = drawing.places.map(({ x }) => x);
  expect(xs).toEqual([...xs].sort((a, b) => a - b));
});

test('on a phone, colours are custom properties of the page and nothing has an id', async () => {
  const drawing = trajectory({ series: [await demoSeries()], figure: 'rankme', axis: 'stages' }, frame(358, 'screen'));
  expectPicture('trajectory-rankme-phone', drawing);
  expect(drawing.svg.outerHTML).not.toMatch(/ id="|<style/);
  expect(drawing.svg.outerHTML).toContain('var(--series-1)');
});

test('several series and a control are named at their ends, in order of their last values', () => {
  const shuffled = made('pythia-1b · shuffled tokens', pythiaSteps.slice(0, 9), () => 90, {
    control: { kind: 'shuffled-tokens', seed: 1 },
  });
  const all = [made('pythia-1b', pythiaSteps, bump(0)), made('pythia-1.4b', pythiaSteps, bump(1)), shuffled];
  const drawing = trajectory({ series: all, figure: 'rankme' }, frame(493));
  expectPicture('trajectory-several-174mm', drawing);
  expect(drawing.places).toHaveLength(154 + 154 + 9);
  expect(drawing.places[0]!.lines[0]).toBe('pythia-1b');
});

test('beyond six series one stands out over grey ones', () => {
  const all = Array.from({ length: 9 }, (_, k) => made(`pythia-${k}`, pythiaSteps, bump(k / 4)));
  const drawing = trajectory({ series: all, figure: 'rankme', emphasis: '1/pythia-4' }, frame(493));
  expectPicture('trajectory-crowd-174mm', drawing);
  const texts = Array.from(drawing.svg.querySelectorAll('text'), (text) => text.textContent);
  expect(texts).toContain('pythia-4');
  expect(texts).not.toContain('pythia-3');
});

test('steps where tokens are not known, and says so', () => {
  const steps = made('steps-only', [0, 1, 10, 100, 1000], (step) => 30 + step / 50, { tokens: false });
  const drawing = trajectory({ series: [steps], figure: 'rankme' }, frame(238));
  expectPicture('trajectory-steps-84mm', drawing);
  expect(drawing.title).toBe('RankMe over training steps');
  expect(drawing.description).toContain('tokens are not known: drawn over training steps');
});

test('compute is 6 · parameters · tokens', () => {
  const drawing = trajectory(
    { series: [made('c', [1, 10, 100], () => 5)], figure: 'rankme', axis: 'compute' },
    frame(238),
  );
  expect(drawing.data.columns.at(-1)).toBe('compute');
  expect(drawing.data.rows[1]!.at(-1)).toBe(6 * 859_000 * 10 * 2_097_152);
});

test('an α that is absent everywhere: the reason stands in the picture', () => {
  const absent = made('small', [0, 1, 10, 100], () => null);
  const drawing = trajectory({ series: [absent], figure: 'alpha' }, frame(238));
  expectPicture('trajectory-absent-84mm', drawing);
  expect(drawing.places).toHaveLength(4);
  expect(drawing.places[1]!.lines).toContain('α absent: 64 positive eigenvalues (expected at least 100)');
  expect(drawing.svg.textContent).toContain('64 positive eigenvalues');
});

test.each([1, 2])('%i checkpoints', (count) => {
  const few = made('few', [100, 1000].slice(0, count), (step) => step / 10, { se: 2 });
  const drawing = trajectory({ series: [few], figure: 'rankme' }, frame(238));
  expectPicture(`trajectory-${count}-84mm`, drawing);
  expect(drawing.places).toHaveLength(count);
  expect(drawing.svg.outerHTML).not.toContain('NaN');
});

test('an error a hundred times the range does not flatten the curve', () => {
  const noisy = made('noisy', [1, 10, 100, 1000], (_, i) => 100 + i, { se: 300 });
  const drawing = trajectory({ series: [noisy], figure: 'rankme' }, frame(238));
  const ys = drawing.places.map(({ y }) => y);
  const [, top, , bottom] = drawing.area;
  expect(Math.max(...ys) - Math.min(...ys)).toBeGreaterThan(0.1 * (bottom - top));
  expectPicture('trajectory-noisy-84mm', drawing);
});

test('a failed checkpoint is a cross at the axis, at its step', () => {
  const some = made('some', [1, 10, 1000], () => 50);
  const failures = [
    {
      series: 'some',
      stage: 'pretrain',
      revision: 'step100',
      variant: null,
      code: 'input',
      message: 'damaged',
      step: null,
      tokens: null,
    },
    {
      series: 'other',
      stage: 'pretrain',
      revision: 'step100',
      variant: null,
      code: 'input',
      message: 'damaged',
      step: null,
      tokens: null,
    },
  ];
  const drawing = trajectory({ series: [some], figure: 'rankme', failures }, frame(238));
  expectPicture('trajectory-failed-84mm', drawing);
  expect(drawing.description).toContain('could not be measured: step100.');
});

test('a domain shows its part alone', async () => {
  const drawing = trajectory({ series: [await demoSeries()], figure: 'rankme', domain: [1e5, 1e7] }, frame(238));
  const revisions = drawing.data.rows.map((row) => row[2]);
  expect(revisions).toEqual(['step32', 'step64', 'step128', 'step256', 'step512', 'step1000', 'step2000']);
  expectPicture('trajectory-domain-84mm', drawing);
});

test('nothing measured at all', () => {
  const drawing = trajectory({ series: [series()], figure: 'rankme' }, frame(238));
  expect(drawing.places).toEqual([]);
  expect(drawing.svg.outerHTML).not.toContain('NaN');
  expect(trajectory({ series: [], figure: 'rankme' }, frame(238)).svg.outerHTML).not.toContain('NaN');
});

test('what is absent at some checkpoints breaks the line, is a tick at the axis, and is said', () => {
  const some = made('some', [1, 10, 100, 1000], (step) => (step === 100 ? null : 50 + step / 100));
  const drawing = trajectory({ series: [some], figure: 'rankme' }, frame(238));
  expect(drawing.description).toContain('; absent at 210M tokens (64 positive eigenvalues (expected at least 100)).');
  expect(drawing.places[2]!.y).toBe(drawing.area[3]);
  expectPicture('trajectory-gap-84mm', drawing);
});
