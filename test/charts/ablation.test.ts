import { expect, test } from 'vitest';
import { ablationChart } from '../../src/charts/index.js';
import type { AblationFigure, AblationStory } from '../../src/story/index.js';
import { frame, made } from './story.js';
import { expectPicture } from './snapshot.js';

const series = made('pythia-1b', [0, 1000, 143_000], () => 5);

/** Two checkpoints; what is kept at the first was not asked. */
const ablation: AblationStory = {
  ...{ name: 'sciq', questions: 'sciq', corpus: 'heldout.jsonl', mean: true, draws: 3, chance: 0.25 },
  metrics: ['acc', 'logprob'],
  points: ['step1000', 'step143000'].map((revision, i) => ({
    ...{ stage: 'pretrain', revision, step: [1000, 143_000][i]!, tokens: [2_097_152_000, 3e11][i]! },
    ...{ questions: 1000, n: 15_000, d: 2048, rank: 2047, notes: [] },
  })),
  variants: [
    variant('original', 'original', null, null, [figure(0.6, null), figure(0.842, null)], [-3, -0.9]),
    variant('top-10 removed', 'band', 10, 'random-10 removed', [null, figure(0.83, 0.842)], [null, -1]),
    variant('11..2048 removed', 'band', 2038, null, [null, figure(0.2, 0.842)], [null, -7]),
    variant('top-10 kept', 'band', 10, 'random-10 kept', [null, figure(0.231, 0.842)], [null, -6]),
    variant('random-10 removed', 'random', 10, null, [null, figure(0.84, 0.842)], [null, -0.95]),
    variant('random-10 kept', 'random', 10, null, [null, figure(0.249, 0.842)], [null, -9]),
  ],
};

function figure(value: number, unchanged: number | null): AblationFigure {
  const change = unchanged === null ? null : value - unchanged;
  return [value, 0.0137, change, change === null ? null : 0.012, change === null ? null : 0.03, null, null, null];
}

function variant(
  name: string,
  kind: 'original' | 'band' | 'random',
  size: number | null,
  control: string | null,
  acc: readonly (AblationFigure | null)[],
  logprob: readonly (number | null)[],
) {
  const ln = logprob.map((value) =>
    value === null ? null : ([value, 0.1, null, null, null, null, null, null] as AblationFigure),
  );
  return { name, kind, size, control, variance: [null, kind === 'band' ? 0.44 : null], figures: { acc, logprob: ln } };
}

test('bars of accuracy with their errors, random directions hollow, guessing, and the paper’s values', () => {
  const drawing = ablationChart({ series, ablation, point: 1 }, frame(238));
  expectPicture('ablation-84mm', drawing);
  expect(drawing.title).toBe('Accuracy on sciq with eigen-directions removed or kept at step143000');
  expect(drawing.description).toBe(
    'original 0.842 ± .014. top-10 removed 0.830 ± .014, random directions 0.840 ± .014. 11..2048 removed 0.200 ± .014. ' +
      "top-10 kept 0.231 ± .014, random directions 0.249 ± .014. Guessing gives 0.250. Crosses are the paper's Table 8.",
  );
  const column = (name: string) => drawing.data.rows.map((row) => row[drawing.data.columns.indexOf(name)]);
  expect(column('variant')).toEqual(['original', 'top-10 removed', '11..2048 removed', 'top-10 kept']);
  expect(column('value')).toEqual([0.842, 0.83, 0.2, 0.231]);
  expect(column('random')).toEqual([null, 0.84, null, 0.249]);
  // Table 8 of the paper, Pythia-1B.
  expect(column('paper')).toEqual([0.838, 0.849, null, 0.225]);
  expect(column('p')).toEqual([null, 0.03, 0.03, 0.03]);
  expect(column('variance')).toEqual([null, 0.44, 0.44, 0.44]);
  expect(drawing.places[1]!.lines).toEqual([
    'top-10 removed',
    ...['acc 0.830 ± .014', '10 of 2048 directions, 44.0 % of the variance', 'change −0.012 ± .012, p 0.03'],
    ...['random directions 0.840 ± .014', 'the paper 0.849'],
  ]);
});

test('bars are as long as their values, and begin at 0', () => {
  const drawing = ablationChart({ series, ablation, point: 1 }, frame(500, 'screen'));
  const [left, , right] = drawing.area;
  const [original, removed, , kept] = drawing.places;
  const share = (x: number) => (x - left) / (right - left);
  expect(share(removed!.x) / share(original!.x)).toBeCloseTo(0.83 / 0.842, 9);
  expect(share(kept!.x) / share(original!.x)).toBeCloseTo(0.231 / 0.842, 9);
});

test('ln p as dots on an axis of its own; no level of guessing, none of the paper’s values', () => {
  const drawing = ablationChart({ series, ablation, point: 1, metric: 'logprob' }, frame(358, 'screen'));
  expectPicture('ablation-logprob-phone', drawing);
  expect(drawing.title).toMatch(/^ln p of the right answer on sciq/);
  expect(drawing.description).not.toMatch(/Guessing|paper/);
  expect(drawing.svg.querySelectorAll('rect[fill="var(--series-1)"]')).toHaveLength(0);
});

test('what was not asked at a checkpoint is left out; another model has no crosses', () => {
  const first = ablationChart({ series, ablation, point: 0 }, frame(238));
  expect(first.data.rows.map((row) => row[5])).toEqual(['original']);
  const other = ablationChart({ series: { ...series, name: 'pythia-160m' }, ablation, point: 1 }, frame(238));
  expect(new Set(other.data.rows.map((row) => row.at(-1)))).toEqual(new Set([null]));
  const none = ablationChart({ series, ablation: { ...ablation, variants: [] }, point: 1 }, frame(238));
  expect(none.svg.textContent).toContain('nothing was measured here');
});
