import { expect, test } from 'vitest';
import { directionOverlaps, directionShares } from '../../src/charts/index.js';
import type { DirectionsStory } from '../../src/story/index.js';
import { expectPicture } from './snapshot.js';
import { frame, made } from './story.js';

const steps = [0, 8, 64, 512, 4096];
const series = made('m', steps, () => 5);
const directions: DirectionsStory = {
  ...{ name: 'heldout.jsonl', position: 'last', left: 0 },
  points: steps.map((step, i) => ({
    ...{ stage: 'pretrain', revision: `step${step}`, step, tokens: series.checkpoints[i]!.tokens },
    ...{ n: 500, d: 128, rank: 127, massive: [], moreMassive: 0, notes: [] },
    change: i === 0 ? null : { since: `step${steps[i - 1]!}`, subspace: 0.2 + 0.15 * i, chance: 0.047 },
    directions: Array.from({ length: i === 4 ? 3 : 6 }, (_, u) => ({
      ...{ rank: u + 1, share: (0.3 - 0.03 * i) / (u + 1), carriedBy: 40, close: false, coordinates: [], ends: null },
      change: i === 0 ? null : { overlap: 0.3 + 0.15 * i, nearest: 0.9, nearestRank: 1 },
    })),
  })),
};

test('shares of the five first directions over training', () => {
  const drawing = directionShares({ series, directions }, frame(238));
  expectPicture('direction-shares-84mm', drawing);
  expect(drawing.title).toBe('Top eigen-directions’ shares of the variance over training tokens: heldout.jsonl');
  expect(drawing.description).toContain('1: 5 points, from 30.0 to 18.0');
  // The fourth was not asked for at the last checkpoint.
  expect(drawing.description).toContain('4: 4 points');
  expect(drawing.description).toContain('1 more directions are not drawn.');
  expect(drawing.data.rows).toHaveLength(5 + 5 + 5 + 4 + 4);
});

test('what is left of them since the checkpoint before, beside unrelated subspaces', () => {
  const drawing = directionOverlaps({ series, directions }, frame(358, 'screen'));
  expectPicture('direction-overlaps-phone', drawing);
  expect(drawing.description).toContain('subspace: 4 points, from 0.350 to 0.800');
  expect(drawing.description).toContain('the line across is the overlap of unrelated subspaces, 0.0470');
  expect(drawing.data.rows[0]).toEqual([
    ...['heldout.jsonl', 'subspace overlap', 'pretrain', 'step8', 8, 16_777_216, 0.35, 'step0'],
  ]);
  const [only] = directions.points;
  const none = directionOverlaps({ series, directions: { ...directions, points: [only!] } }, frame(238));
  expect(none.svg.textContent).toContain('no two checkpoints to compare');
});
