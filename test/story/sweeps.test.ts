import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { readStory } from '../../src/report/index.js';
import { findings, findingsOf, sweepsOf, sweptFigure } from '../../src/story/index.js';
import type { RunStory, Story } from '../../src/story/index.js';

let story: Story;
let run: RunStory;
beforeAll(async () => {
  story = await readStory([fileURLToPath(new URL('../golden/runs/sweeps', import.meta.url))]);
  run = story.runs[0]!;
});

it('puts the points of each sweep together, in order of what was varied', () => {
  const sweeps = sweepsOf(run, 'series');
  const values = sweeps.map(({ over, lines }) => [over, lines.map(({ points }) => points.map(({ value }) => value))]);
  expect(values).toEqual([
    ['n', [[38, 75, 150, 300, 600]]],
    ['length', [[8, 16, 32, 64, 128]]],
    ['layer', [[0, 1, 2, 3, 'final']]],
    ['position', [['last', 'mean']]],
  ]);
  expect(sweeps[0]!.lines[0]!.checkpoint.revision).toBe('step6000');
  const figures = (i: number) => sweeps[i]!.lines[0]!.points.map((point) => sweptFigure(point, 'rankme'));
  // As the measurements' files have them; each layer is read at the one that its point measured.
  expect(figures(0)[0]!.value).toBeCloseTo(23.21933979, 6);
  expect(figures(0)[0]!.se).toBeCloseTo(1.118912195, 6);
  expect(figures(2)[3]!.value).toBeCloseTo(51.97138611, 6);
  // 75 sequences have fewer eigenvalues than α's fit.
  expect(sweptFigure(sweeps[0]!.lines[0]!.points[1]!, 'alpha').value).toBeNull();
  expect(sweepsOf(run, 'another')).toEqual([]);
});

it('keeps checkpoints in order of training where a point lacks one', () => {
  const [first, second] = run.series.filter(({ sweep }) => sweep!.over === 'n');
  const [only] = second!.checkpoints;
  const two = {
    ...second!,
    checkpoints: [{ ...only!, revision: 'step8', step: 8 }, only!],
  };
  const [sweep] = sweepsOf({ ...run, series: [first!, two] }, 'series');
  expect(sweep!.lines.map(({ checkpoint, points }) => [checkpoint.revision, points.length])).toEqual([
    ['step8', 1],
    ['step6000', 2],
  ]);
});

it('tells of the fullest point, and of each sweep in one sentence', () => {
  const [told, ...others] = findings(story);
  expect(others).toEqual([]);
  expect(told!.sentence).toBe('RankMe is 60.6 ± 1.8 at step6000. α is 0.953 ± .014 at step6000.');
  expect(told!.details).toEqual([
    'Over the number of sequences, RankMe at step6000 lies between 23.2 ± 1.1 (38) and 60.6 ± 1.8 (600).',
    'Over the length of sequences, RankMe at step6000 lies between 60.6 ± 1.8 (128) and 69.2 ± 1.3 (16).',
    'Over layers, RankMe at step6000 lies between 52.0 ± 2.0 (3) and 60.6 ± 1.8 (final).',
    'Over positions, RankMe at step6000 lies between 18.8 ± .6 (mean) and 60.6 ± 1.8 (last).',
  ]);
  // Beside a real series of that name they are among its findings, and no series of their own.
  const point = run.series.find(({ sweep }) => sweep!.over === 'n' && sweep!.value === 600)!;
  const real = { ...point, id: '1/series', variant: null, sweep: null };
  const both = { ...run, series: [real, ...run.series] };
  expect(findings({ ...story, runs: [both] })).toHaveLength(1);
  expect(findingsOf(real, both).details).toEqual(told!.details);
});
