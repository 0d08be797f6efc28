import { describe, expect, it } from 'vitest';
import { cumulativeStdNormalProbability } from 'simple-statistics';
import { lnGamma, studentCdf, studentQuantile } from '../../src/statistics/index.js';

/** Within so many units of the last place, 2⁻⁵² relative. */
const near = (got: number, expected: number, units: number) =>
  expect(Math.abs(got / expected - 1)).toBeLessThan(units * 2 ** -52);

describe('student t', () => {
  // mpmath 1.3 with 40 digits; SciPy 1.17.1 gives the same to 14 digits.
  it.each([
    [0.5, 1, 0.6475836176504333],
    [1, 2, 0.7886751345948129],
    [2.262157, 9, 0.9749999933477842],
    [-1.3, 4.5, 0.12809804397201702],
    [-8, 9, 1.1067408404700078e-5],
    [-40, 3, 1.7190340394579263e-5],
    [0.01, 30, 0.5039562537134111],
    [-3, 1000, 0.0013833545221190963],
  ])('P(T ≤ %f) with %f degrees of freedom is %f', (t, df, expected) => {
    near(studentCdf(t, df), expected, df === 1000 ? 5000 : 200);
  });

  it.each([
    [0.975, 1, 12.706204736174694],
    [0.975, 2, 4.302652729749462],
    [0.975, 9, 2.262157162798205],
    [0.995, 9, 3.249835541592126],
    [0.95, 4, 2.1318467863266495],
    [0.025, 19, -2.0930240544083096],
    [0.9, 2.5, 1.7302509288071768],
    [0.975, 1000, 1.962339080826408],
    [1e-10, 9, -30.737330949971977],
    [0.51, 3, 0.027211467049118022],
  ])('the quantile of %f with %f degrees of freedom is %f', (p, df, expected) => {
    near(studentQuantile(p, df), expected, p === 0.51 ? 100_000 : df === 1000 ? 5000 : 500);
  });

  it('is symmetric, and its quantile undoes its distribution function', () => {
    for (const df of [1, 3, 9, 25.5]) {
      for (const t of [0.1, 1, 2.5, 7]) {
        expect(studentCdf(-t, df) + studentCdf(t, df)).toBeCloseTo(1, 14);
        near(studentQuantile(studentCdf(-t, df), df), -t, 1e5);
      }
      expect(studentCdf(0, df)).toBe(0.5);
      expect(studentQuantile(0.5, df)).toBe(0);
    }
  });

  it('comes to the normal distribution with many degrees of freedom', () => {
    expect(studentCdf(1.5, 1e7)).toBeCloseTo(cumulativeStdNormalProbability(1.5), 4);
    expect(studentCdf(-Infinity, 5)).toBe(0);
    expect(studentCdf(Infinity, 5)).toBe(1);
  });

  it('refuses what is no probability and no number of degrees of freedom', () => {
    expect(() => studentQuantile(1, 9)).toThrow('p: is not a probability of a quantile, got 1 (expected 0 < p < 1)');
    expect(() => studentQuantile(NaN, 9)).toThrow('got NaN');
    expect(() => studentQuantile(0.975, 0)).toThrow('df: is no number of degrees of freedom, got 0');
    expect(() => studentCdf(NaN, 3)).toThrow('t: is not a number');
  });

  it('has ln Γ right: factorials and Γ(½) = √π', () => {
    near(lnGamma(0.5), Math.log(Math.sqrt(Math.PI)), 50);
    near(lnGamma(11), Math.log(3_628_800), 50);
    expect(lnGamma(1)).toBeCloseTo(0, 14);
  });
});
