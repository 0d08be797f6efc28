/** Which tokens may be drawn, which one is, and how repetition is told: by hand-counted examples. */
import { describe, expect, it } from 'vitest';
import { repetitionOf } from '../../src/generation/index.js';
import { generateDefaults, samplingOf, type GenerateRequest } from '../../src/generation/request.js';
import { uniform } from '../../src/generation/sampling.js';
import { candidates, drawToken, likeliest, type Draw } from '../../src/runtime/index.js';
import { Random } from '../../src/statistics/random.js';

const logitsOf = (...probabilities: number[]): Float32Array => Float32Array.from(probabilities, Math.log);

/** Ids that may be drawn. */
const idsOf = (logits: Float32Array, temperature: number, topK: number | null, topP: number): number[] => [
  ...candidates(logits, { temperature, topK, topP }).ids,
];

describe('candidates', () => {
  const logits = logitsOf(0.1, 0.4, 0.2, 0.3);
  it('keeps the k likeliest, and what is as likely as the k-th', () => {
    expect(idsOf(logits, 1, 2, 1)).toEqual([1, 3]);
    expect(idsOf(logitsOf(0.25, 0.5, 0.25), 1, 2, 1)).toEqual([0, 1, 2]);
    expect(idsOf(logits, 1, 9, 1)).toEqual([0, 1, 2, 3]);
  });
  it('keeps the fewest that reach p, at least one, of equal ones the first', () => {
    expect(idsOf(logits, 1, null, 0.65)).toEqual([1, 3]);
    expect(idsOf(logits, 1, null, 0.75)).toEqual([1, 2, 3]);
    expect(idsOf(logits, 1, null, 1e-9)).toEqual([1]);
    expect(idsOf(logitsOf(0.25, 0.25, 0.25, 0.25), 1, null, 0.45)).toEqual([0, 1]);
  });
  it('asks p of what temperature and k leave', () => {
    // Of 0.4 and 0.3 alone the first has 0.571; squared (T = ½) 0.16 of 0.30 in all.
    expect(idsOf(logits, 1, 2, 0.56)).toEqual([1]);
    expect(idsOf(logits, 1, 2, 0.58)).toEqual([1, 3]);
    expect(idsOf(logits, 0.5, null, 0.53)).toEqual([1]);
    expect(idsOf(logits, 1, null, 0.53)).toEqual([1, 3]);
  });
});

describe('the likeliest', () => {
  it('is the first of equal ones, below 0 too', () => {
    expect(likeliest(Float32Array.of(-3, -1, -2, -1))).toBe(1);
  });
  it('is refused where no logit is a number', () => {
    expect(() => likeliest(new Float32Array(3).fill(NaN))).toThrow(/no token can be chosen, got logits of NaN/);
  });
});

describe('candidates of many tokens', () => {
  /** By sorting: what transformers does, equal ones by id. */
  function sorted(logits: Float32Array, { temperature, topK, topP }: Draw): number[] {
    const order = Array.from(logits, (_, id) => id).sort((a, b) => logits[b]! - logits[a]! || a - b);
    const least = logits[order[Math.min(topK ?? Infinity, order.length) - 1]!]!;
    const left = order.filter((id) => logits[id]! >= least);
    const weights = left.map((id) => Math.exp((logits[id]! - logits[order[0]!]!) / temperature));
    const target = topP * weights.reduce((sum, weight) => sum + weight, 0);
    let sum = 0;
    const kept = left.filter((_, i) => {
      const isKept = i === 0 || topP === 1 || sum < target;
      sum += weights[i]!;
      return isKept;
    });
    return kept.sort((a, b) => a - b);
  }
  const random = new Random('candidates');
  const uniforms = (count: number, spread: number): Float32Array =>
    Float32Array.from({ length: count }, () => (random.uint32() / 2 ** 32 - 0.7) * spread);
  it.each([
    ['nearly equal', uniforms(3000, 0.1)],
    ['spread out', uniforms(3000, 30)],
    ['with many equal ones', uniforms(3000, 8).map((logit) => Math.round(logit * 4) / 4)],
    ['with −0 and 0', Float32Array.from({ length: 300 }, (_, id) => (id % 3 === 0 ? -0 : id % 3 === 1 ? 0 : -1))],
  ])('are those that sorting finds: %s', (_, logits) => {
    for (const temperature of [0.5, 1, 2]) {
      for (const topK of [null, 1, 50, 2999]) {
        for (const topP of [1, 0.9999, 0.9, 0.31, 1e-9]) {
          const draw = { temperature, topK, topP };
          expect([...candidates(logits, draw).ids], JSON.stringify(draw)).toEqual(sorted(logits, draw));
        }
      }
    }
  });
});

describe('a draw', () => {
  it('falls on tokens in order of their ids, as often as they are likely', () => {
    const draw = { temperature: 1, topK: null, topP: 1 };
    const logits = logitsOf(0.1, 0.4, 0.2, 0.3);
    const at = (u: number): number => drawToken(logits, draw, u);
    expect([0, 0.099, 0.101, 0.499, 0.501, 0.699, 0.701, 0.999999].map(at)).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    const counts = [0, 0, 0, 0];
    for (let sample = 0; sample < 4000; sample++) counts[at(uniform(7, 'prompt', sample, 0))]!++;
    // Three standard deviations of a share of 4000 draws are at most 0.0237.
    counts.forEach((count, id) => expect(Math.abs(count / 4000 - [0.1, 0.4, 0.2, 0.3][id]!)).toBeLessThan(0.0237));
  });
  it('has a number of its own for seed, prompt, sample and place', () => {
    const all = [uniform(0, 'a', 0, 0), uniform(1, 'a', 0, 0), uniform(0, 'b', 0, 0), uniform(0, 'a', 1, 0)];
    expect(new Set([...all, uniform(0, 'a', 0, 1)]).size).toBe(5);
    expect(uniform(0, 'a', 0, 0)).toBe(all[0]);
  });
});

describe('repetition', () => {
  it('counts different n-grams and finds the longest span that comes twice', () => {
    // 1 2 3 comes twice; bigrams 12 23 39 91 12 23: four different of six.
    const found = repetitionOf([1, 2, 3, 9, 1, 2, 3]);
    expect(found.distinct).toEqual([4 / 7, 4 / 6, 4 / 5]);
    expect(found.longestRepeat).toEqual({ length: 3, first: 0, second: 4 });
    expect(found.loop).toBeNull();
  });
  it('finds the period of a loop and where it begins', () => {
    expect(repetitionOf([8, 9, 5, 6, 5, 6, 5, 6, 5]).loop).toEqual({ period: 2, from: 2, rounds: 3.5 });
    expect(repetitionOf([1, 7, 7, 7]).loop).toEqual({ period: 1, from: 1, rounds: 3 });
    expect(repetitionOf([7, 7, 7, 7]).longestRepeat).toEqual({ length: 3, first: 0, second: 1 });
    expect(repetitionOf([5, 6, 5, 6, 5]).loop).toBeNull();
  });
  it('has no figures of nothing', () => {
    expect(repetitionOf([])).toEqual({ distinct: [null, null, null], longestRepeat: null, loop: null });
    expect(repetitionOf([1, 2]).distinct).toEqual([1, 1, null]);
  });
});

describe('a request', () => {
  const asked = (changes: Partial<GenerateRequest>): (() => unknown) => {
    const base = { series: 's', revisions: 'all', tokensPerStep: null, randomInit: null, out: null };
    return () => samplingOf({ ...base, ...generateDefaults, threads: 1, force: false, ...changes });
  };
  it.each([
    [{ temperature: -1 }, /--temperature: got -1/],
    [{ temperature: NaN }, /--temperature: got NaN/],
    [{ topP: 0 }, /--top-p: got 0 /],
    [{ topP: 1.5 }, /--top-p: got 1.5/],
    [{ temperature: 1, topK: 0 }, /--top-k: got 0/],
    [{ samples: 2 }, /--samples: needs a temperature/],
    [{ topK: 5 }, /--top-k: needs a temperature/],
    [{ maxNewTokens: 0 }, /--max-new-tokens: got 0/],
    [{ stop: [''] }, /--stop: got an empty text/],
  ])('%j is refused', (changes, message) => {
    expect(asked(changes)).toThrow(message);
  });
});
