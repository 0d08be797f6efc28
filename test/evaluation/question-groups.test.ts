/** A task's figures without each group of its questions: only where they are a mean over the questions stored. */
import { expect, it } from 'vitest';
import { questionReplicates } from '../../src/evaluation/index.js';

const finding = (metrics: Readonly<Record<string, number | null>>, items: unknown) => ({
  values: Object.entries(metrics).map(([metric, value]) => ({
    ...{ name: 'task', metric, value, se: null, n: 23, definition: 'task 1' },
  })),
  detail: { items },
});
const scores = Array.from({ length: 23 }, (_, i) => (i % 3 === 0 ? 1 : 0));
const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
/** Without a group, as array_split cuts 23 into ten: three of 3, seven of 2. */
const without = (values: readonly number[], from: number, to: number): number =>
  mean([...values.slice(0, from), ...values.slice(to)]);

it('accuracies, exact matches, a last word right, and its perplexity', () => {
  const items = scores.map((acc, i) => ({ acc, exact_match: acc, loglikelihood: -i / 7 }));
  const lls = items.map(({ loglikelihood }) => loglikelihood);
  const found = questionReplicates(finding({ acc: mean(scores), perplexity: Math.exp(-mean(lls)) }, items));
  expect(Object.keys(found)).toEqual(['acc', 'perplexity']);
  expect(found['acc']).toHaveLength(10);
  expect(found['acc']![0]).toBeCloseTo(without(scores, 0, 3), 14);
  expect(found['acc']![3]).toBeCloseTo(without(scores, 9, 11), 14);
  expect(found['acc']![9]).toBeCloseTo(without(scores, 21, 23), 14);
  expect(found['perplexity']![9]).toBeCloseTo(Math.exp(-without(lls, 21, 23)), 12);
  const greedy = scores.map((hit) => ({ greedy: hit === 1, loglikelihood: -1 }));
  expect(questionReplicates(finding({ acc: mean(scores) }, greedy))['acc']![0]).toBeCloseTo(without(scores, 0, 3), 14);
});

it('what is no mean of the questions stored has none', () => {
  const items = scores.map((acc) => ({ acc }));
  expect(questionReplicates(finding({ acc: 0.9, bits_per_byte: 1.2, missing: null }, items))).toEqual({});
  expect(questionReplicates(finding({ acc: mean(scores.slice(0, 19)) }, items.slice(0, 19)))).toEqual({});
  expect(questionReplicates(finding({ acc: 1 }, 'none'))).toEqual({});
  expect(
    questionReplicates(
      finding(
        { acc: 1 },
        scores.map(() => null),
      ),
    ),
  ).toEqual({});
});
