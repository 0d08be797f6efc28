import { describe, expect, it } from 'vitest';
import { Random } from '../../src/statistics/random.js';

/** Φ(x) by Abramowitz and Stegun 7.1.26 on erf: |error| < 1.5e-7. */
function normalCdf(x: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
  const poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const tail = 1 - poly * Math.exp((-x * x) / 2);
  return x < 0 ? (1 - tail) / 2 : (1 + tail) / 2;
}

describe('Random', () => {
  it('gives the same numbers for the same name, for ever', () => {
    const of = (...name: (string | number)[]) => Array.from({ length: 4 }, () => new Random(...name).uint32())[0];
    expect([of('a', 0), of('a', 1), of('b', 0), of('a', 0, 0)]).toMatchInlineSnapshot(`
      [
        3551604803,
        1604612909,
        145525791,
        3719911452,
      ]
    `);
    const draws = new Random('random-init', 0, 'w');
    expect([draws.normal(), draws.normal(), draws.normal()]).toMatchInlineSnapshot(`
      [
        0.48083309525539336,
        1.3058606328702285,
        0.9719569993236283,
      ]
    `);
  });

  it('keeps names apart whose texts run together', () => {
    const names: (string | number)[][] = [
      ['ab', 'c'],
      ['a', 'bc'],
      ['abc'],
      ['ab', 'c', 0],
      [1, 23],
      [12, 3],
      ['1', 23],
    ];
    expect(new Set(names.map((name) => new Random(...name).uint32())).size).toBe(names.length);
  });

  it('is uniform below a bound', () => {
    const random = new Random('below', 7);
    const [bound, draws] = [7, 70_000];
    const counts = new Float64Array(bound);
    for (let i = 0; i < draws; i++) counts[random.below(bound)]!++;
    const chi2 = counts.reduce((sum, count) => sum + (count - draws / bound) ** 2 / (draws / bound), 0);
    // χ² with 6 degrees of freedom: beyond 22.5 once in a thousand.
    expect(chi2).toBeLessThan(22.5);
  });

  it('draws normals: mean, standard deviation, skewness, kurtosis and the whole distribution', () => {
    const n = 400_000;
    const values = new Float32Array(n);
    new Random('normal', 3).fillNormal(values, 2);
    const moment = (k: number) => values.reduce((sum, x) => sum + (x / 2) ** k, 0) / n;
    // Four standard errors of each moment of a standard normal.
    expect(Math.abs(moment(1))).toBeLessThan(4 * Math.sqrt(1 / n));
    expect(Math.abs(moment(2) - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
    expect(Math.abs(moment(3))).toBeLessThan(4 * Math.sqrt(15 / n));
    expect(Math.abs(moment(4) - 3)).toBeLessThan(4 * Math.sqrt(96 / n));
    // Kolmogorov and Smirnov: √n·D beyond 1.95 once in a thousand.
    const sorted = values.slice().sort();
    let worst = 0;
    sorted.forEach((x, i) => {
      const p = normalCdf(x / 2);
      worst = Math.max(worst, Math.abs(p - i / n), Math.abs((i + 1) / n - p));
    });
    expect(Math.sqrt(n) * worst).toBeLessThan(1.95);
    // Neighbours don't know of one another.
    let lag = 0;
    for (let i = 1; i < n; i++) lag += (values[i]! * values[i - 1]!) / 4;
    expect(Math.abs(lag / n)).toBeLessThan(4 / Math.sqrt(n));
  });

  it('puts elements in every order equally often, and only those between', () => {
    const counts = new Map<string, number>();
    const tries = 24_000;
    for (let i = 0; i < tries; i++) {
      const values = Int32Array.of(9, 1, 2, 3, 4, 8);
      new Random('shuffle', 0, i).shuffle(values, 1, 5);
      expect([values[0], values[5]]).toEqual([9, 8]);
      const key = values.subarray(1, 5).join('');
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    const chi2 = [...counts.values()].reduce((sum, count) => sum + (count - tries / 24) ** 2 / (tries / 24), 0);
    // χ² with 23 degrees of freedom: beyond 49.7 once in a thousand.
    expect(chi2).toBeLessThan(49.7);
  });
});
