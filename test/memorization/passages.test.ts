import { describe, expect, test } from 'vitest';
import type { Gram } from '../../src/memorization/likelihood.js';
import { extractable, passageAgreement, type PassageScores } from '../../src/memorization/passages.js';
import { spearman } from '../../src/statistics/correlation.js';
import { Random } from '../../src/statistics/random.js';

const random = new Random('passages');
const passages: PassageScores[] = Array.from({ length: 30 }, (_, p) => {
  const grams = Array.from({ length: 5 + (p % 7) }, (): Gram => [
    random.below(12),
    50,
    random.below(50) * random.below(2),
  ]);
  return { start: 1, grams, lm: Float64Array.from(grams, ([, , c]) => Math.log((c + 1) / 51) + random.normal()) };
});

describe('agreement on passages', () => {
  const found = passageAgreement(passages);
  const tokens = passages.flatMap(({ grams, lm }) =>
    grams.map(([s, n, c], i) => ({ s, x: Math.log(c / n), y: lm[i]! })),
  );
  const possible = tokens.filter(({ x }) => x > -Infinity);

  test('is that of the tokens that the ∞-gram holds possible', () => {
    expect([found.passages, found.tokens, found.possible]).toEqual([30, tokens.length, possible.length]);
    const gap = possible.reduce((sum, { x, y }) => sum + Math.abs(x - y), 0) / possible.length;
    expect(found.gap.value).toBeCloseTo(gap, 12);
    expect(found.share.value).toBeCloseTo(possible.length / tokens.length, 14);
    const rho = spearman(
      possible.map(({ x }) => x),
      possible.map(({ y }) => y),
    );
    expect(found.rho.value).toBeCloseTo(rho!, 12);
    // Passages 0, 1, 2 are the first of ten groups of 30.
    expect(found.gap.replicates[0]).toBeCloseTo(passageAgreement(passages.slice(3)).gap.value!, 12);
    expect(found.rho.se).toBeGreaterThan(0.01);
    expect(found.rho.se).toBeLessThan(0.2);
  });

  test('bars hold every token once', () => {
    for (const bars of [found.bySuffix, found.byPosition]) {
      expect(bars.reduce((sum, bar) => sum + bar.tokens, 0)).toBe(found.tokens);
      const gap = bars.reduce((sum, bar) => sum + (bar.gap ?? 0) * bar.tokens * (bar.share ?? 0), 0);
      expect(gap / found.possible).toBeCloseTo(found.gap.value!, 12);
    }
    const long = found.bySuffix.find(({ from }) => from === 9)!;
    expect(long.tokens).toBe(tokens.filter(({ s }) => s >= 9).length);
    expect(found.byPosition.map(({ from, to }) => [from, to])).toEqual([
      [1, 1],
      [2, 3],
      [4, 7],
      [8, 15],
    ]);
  });

  test('nothing possible, nothing said', () => {
    const none = passageAgreement([{ start: 0, lm: Float64Array.of(-1), grams: [[0, 9, 0]] }]);
    expect([none.gap.value, none.gap.se, none.rho.value, none.share.value]).toEqual([null, null, null, 0]);
  });
});

test('extractable windows', () => {
  const greedy = Array.from({ length: 100 }, (_, i) => i % 4 === 0);
  const { value, se } = extractable(greedy);
  expect(value).toBe(0.25);
  // Near the binomial's √(p(1−p)/n) = 0.043; here every group has two or three of ten.
  expect(se).toBeCloseTo(0.0167, 3);
  expect(extractable([true, false])).toMatchObject({ value: 0.5, se: null });
  expect(extractable([])).toMatchObject({ value: null, se: null });
});
