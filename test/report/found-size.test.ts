/** What findings add to a page: 154 checkpoints of a model of width 2048 stay small, whatever was asked. */
import { expect, test } from 'vitest';
import { ablationStories, keepAblation } from '../../src/report/ablation.js';
import { directionsStories, keepDirections } from '../../src/report/directions.js';
import { keepSamples, samplesStories } from '../../src/report/samples.js';
import type { Finding, FindingDraft } from '../../src/record/index.js';
import { ablationDraft, directionsDraft, samplesDraft } from './findings-fixture.js';

const steps = Array.from({ length: 154 }, (_, i) => i * 1000);
const at = (step: number) => ({ revision: `step${step}`, step, tokens: step * 2_097_152 });
const stored = (draft: FindingDraft) => draft as unknown as Finding;
const size = (stories: ReadonlyMap<string, unknown>) => JSON.stringify([...stories.values()]).length;

test('an ablation with ten variants', () => {
  const names = ['original', ...[10, 50, 100].flatMap((k) => [`top-${k} kept`, `top-${k} removed`])];
  const accuracies = Object.fromEntries(
    [...names, 'random-10 kept', 'random-10 removed'].map((name, i) => [name, 0.9 - i / 13]),
  );
  const kept = steps.map((step) => keepAblation(stored(ablationDraft(accuracies, at(step)))));
  expect(JSON.stringify(kept)).not.toContain('logprobs');
  expect(size(ablationStories(kept))).toBeLessThan(220_000);
});

test('ten directions with their ends', () => {
  const vectors = Array.from({ length: 10 }, (_, u) => Array.from({ length: 2048 }, (__, j) => Math.sin(u + j) / 32));
  const draft = directionsDraft(vectors);
  const detail = { ...draft.detail, d: 2048 };
  const kept = steps.map((step) => keepDirections(stored({ ...draft, ...at(step), detail })));
  expect(size(directionsStories(kept))).toBeLessThan(1_000_000);
});

test('fifty prompts of three long samples', () => {
  const text = 'and the fire '.repeat(150);
  const prompts = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`prompt ${i}`, [text, text, text]]));
  const kept = steps.map((step) => keepSamples(stored(samplesDraft(prompts, at(step)))));
  const stories = samplesStories(kept);
  expect(size(stories)).toBeLessThan(450_000);
  expect([...stories.values()][0]![0]!.points).toHaveLength(154);
});
