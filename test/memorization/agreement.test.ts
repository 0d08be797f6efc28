import { describe, expect, test } from 'vitest';
import { agreement, type Scored } from '../../src/memorization/agreement.js';
import { againstControl } from '../../src/memorization/control.js';
import { likelihoodOf, suffixLengths, suffixShares, type Gram } from '../../src/memorization/likelihood.js';
import { pearson, ranks } from '../../src/statistics/correlation.js';
import { Random } from '../../src/statistics/random.js';
import { goldenMemorization, isThere } from './golden.js';

const options = { subsets: 4, draws: 200, seed: 0 };

describe('zeros', () => {
  const grams: Gram[] = [
    [2, 8, 2],
    [1, 5, 0],
    [0, 100, 10],
  ];
  test('make an answer impossible (strict), or are skipped (published)', () => {
    const { strict, published, zeros, tokens } = likelihoodOf(grams);
    expect([strict, zeros, tokens]).toEqual([-Infinity, 1, 3]);
    expect(published).toBeCloseTo(Math.log(0.25) + Math.log(0.1), 14);
    expect(likelihoodOf([[1, 5, 0]]).published).toBeNull();
    expect(likelihoodOf([[0, 4, 1]])).toEqual({
      tokens: 1,
      zeros: 0,
      strict: Math.log(0.25),
      published: Math.log(0.25),
    });
  });
  test('suffix lengths, and the bars of Table 7', () => {
    expect(suffixLengths([...grams, [2, 1, 1]])).toEqual([1, 1, 2]);
    expect(suffixShares([1, 0, 0, 1, 2, 0, 0, 0, 1, 2, 0, 3])).toEqual([0.2, 0.2, 0, 0, 0, 0.1, 0.5]);
    expect(suffixShares([])).toEqual(Array(7).fill(null));
  });
});

describe.skipIf(!isThere)('the golden question set', () => {
  const golden = isThere ? goldenMemorization() : null!;
  const items = isThere
    ? golden.items.map(({ infgram, lm_logprob, answer_ids }): Scored => ({
        infgram: likelihoodOf(infgram),
        lm: lm_logprob,
        lmTokens: answer_ids.length,
      }))
    : [];

  test("strict: scipy's ρ, subsets and their error", () => {
    const { n, figures } = agreement(items, 'strict', options);
    expect(n).toBe(golden.strict.n);
    expect(figures.rho.value).toBeCloseTo(golden.strict.spearman, 12);
    expect(figures.rho.subsets.se).toBeCloseTo(golden.strict.subsets.standard_error, 12);
    figures.rho.subsets.values.forEach((value, s) => expect(value).toBeCloseTo(golden.strict.subsets.spearman[s]!, 12));
    expect(items.filter(({ infgram }) => infgram.zeros > 0).length / items.length).toBe(
      golden.strict.share_of_items_with_a_zero,
    );
  });

  test('published: the same, without the dropped', () => {
    const { n, dropped, figures } = agreement(items, 'published', options);
    expect([n, dropped]).toEqual([golden.published.n, golden.published.dropped_items]);
    expect(figures.rho.value).toBeCloseTo(golden.published.spearman, 12);
  });

  test('given the length nothing is left of it: −0.14 strict, +0.14 published', () => {
    const strict = agreement(items, 'strict', options).figures.rho_partial;
    const published = agreement(items, 'published', options).figures.rho_partial;
    expect(strict.value).toBeCloseTo(-0.14, 2);
    expect(published.value).toBeCloseTo(0.14, 2);
    // By the formula for one variable given.
    const x = ranks(items.map(({ infgram }) => Math.max(-1e9, infgram.strict)));
    const [y, z] = [ranks(items.map(({ lm }) => lm)), ranks(items.map(({ lmTokens }) => lmTokens))];
    const [xy, xz, yz] = [pearson(x, y)!, pearson(x, z)!, pearson(y, z)!];
    expect(strict.value).toBeCloseTo((xy - xz * yz) / Math.sqrt((1 - xz ** 2) * (1 - yz ** 2)), 12);
  });
});

describe('errors', () => {
  /** Questions whose model likelihood follows the ∞-gram's within noise, answers of 1 to 4 tokens. */
  const drawn = (seed: number, n: number, noise: number): Scored[] => {
    const random = new Random('agreement', seed);
    return Array.from({ length: n }, () => {
      const tokens = 1 + random.below(4);
      const grams = Array.from({ length: tokens }, (): Gram => [1, 1000, 1 + random.below(500)]);
      const infgram = likelihoodOf(grams);
      return { infgram, lm: infgram.strict + noise * tokens * random.normal(), lmTokens: tokens };
    });
  };

  test('the jackknife and the bootstrap say about what repetition shows', () => {
    const found = Array.from(
      { length: 30 },
      (_, seed) => agreement(drawn(seed, 200, 1), 'strict', { ...options, draws: 100 }).figures,
    );
    for (const metric of ['rho', 'rho_partial', 'rho_per_token'] as const) {
      const values = found.map((figures) => figures[metric].value!);
      const mean = values.reduce((s, v) => s + v, 0) / values.length;
      const sd = Math.sqrt(values.reduce((s, v) => s + (v - mean) ** 2, 0) / (values.length - 1));
      const se = found.reduce((s, figures) => s + figures[metric].se!, 0) / found.length;
      expect(se / sd).toBeGreaterThan(0.7);
      expect(se / sd).toBeLessThan(1.4);
      const covered = found.filter(({ [metric]: f }) => f.interval![0] <= mean && mean <= f.interval![1]).length;
      expect(covered).toBeGreaterThanOrEqual(24);
    }
  });

  test('a real follower is told from the control, the control from itself is not', () => {
    const items = drawn(1, 300, 1);
    const random = new Random('control');
    const untrained = items.map((item) => ({ ...item, lm: -7 * item.lmTokens + random.normal() }));
    const partial = (of: Scored[]) => agreement(of, 'strict', options).figures.rho_partial;
    expect(agreement(untrained, 'strict', options).figures.rho.value).toBeGreaterThan(0.4);
    const [follower, itself] = againstControl([partial(items), partial(untrained)], partial(untrained));
    expect(follower!.verdict).toBe('above');
    expect(follower!.difference).toBeGreaterThan(0.3);
    expect(itself).toMatchObject({ difference: 0, verdict: 'not resolved' });
  });

  test('too few questions, and likelihoods that do not vary, have reasons', () => {
    const two = agreement(drawn(2, 2, 1), 'strict', options);
    expect(two.figures.rho).toMatchObject({
      value: null,
      se: null,
      interval: null,
      reason: '2 questions count (expected at least 3)',
    });
    const flat = agreement(
      drawn(3, 50, 1).map((item) => ({ ...item, lm: -1 })),
      'strict',
      options,
    );
    expect(flat.figures.rho).toMatchObject({ value: null, reason: 'the likelihoods of one side do not vary' });
  });
});
