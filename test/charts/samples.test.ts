import { expect, test } from 'vitest';
import { samplesChart } from '../../src/charts/index.js';
import type { SamplesStory } from '../../src/story/index.js';
import { expectPicture } from './snapshot.js';
import { frame, made } from './story.js';

const steps = [0, 8, 64, 512, 4096];
const series = made('m', steps, () => 5);
const samples: SamplesStory = {
  ...{ name: 'temperature 0.8, seed 0, at most 64 tokens', left: { prompts: 0, completions: 0 } },
  prompts: [
    {
      text: 'The cat\n<b>',
      figures: {
        distinct_1: steps.map((_, i) => [0.1 + 0.15 * i, 0.02]),
        distinct_2: steps.map((_, i) => [0.2 + 0.18 * i, 0.03]),
        distinct_3: steps.map((_, i) => (i === 4 ? null : [0.3 + 0.2 * i, null])),
        loops: steps.map((_, i) => [1 - i / 4, null]),
      },
    },
  ],
  points: steps.map((step, i) => ({
    ...{ stage: 'pretrain', revision: `step${step}`, step, tokens: series.checkpoints[i]!.tokens },
    ...{ texts: [], notes: [] },
  })),
};

test('distinct n-grams and loops over training; what was not measured is left out', () => {
  const drawing = samplesChart({ series, samples }, frame(238));
  expectPicture('samples-84mm', drawing);
  expect(drawing.title).toBe('Repetition of texts after “The cat <b>” over training tokens');
  expect(drawing.description).toContain('distinct-1: 5 points, from 0.100 to 0.700');
  expect(drawing.description).toContain('distinct-3: 4 points');
  const rows = drawing.data.rows.filter((row) => row[2] === 'loops');
  expect(rows.map((row) => row[7])).toEqual([1, 0.75, 0.5, 0.25, 0]);
  expect(drawing.data.rows[0]).toEqual([
    ...['The cat\n<b>', samples.name, 'distinct_1', 'pretrain', 'step0', 0, 0, 0.1, 0.02],
  ]);
  expect(drawing.places[1]!.lines).toEqual(['step8 · 16.8M tokens', 'distinct-1 0.250 ± .020']);
  const none = samplesChart({ series, samples, prompt: 3 }, frame(358, 'screen'));
  expect(none.svg.textContent).toContain('no text was written');
});
