import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bootstrap } from '../../src/statistics/bootstrap.js';
import { pearson, ranks, spearman } from '../../src/statistics/correlation.js';
import { partialOf, RankCorrelations } from '../../src/statistics/rank-correlations.js';
import { Random } from '../../src/statistics/random.js';

/** Residuals of y on x with a constant, by least squares. */
function residuals(y: readonly number[], x: readonly number[]): number[] {
  const mean = (v: readonly number[]) => v.reduce((s, a) => s + a, 0) / v.length;
  const [mx, my] = [mean(x), mean(y)];
  const slope = x.reduce((s, a, i) => s + (a - mx) * (y[i]! - my), 0) / x.reduce((s, a) => s + (a - mx) ** 2, 0);
  return y.map((b, i) => b - my - slope * (x[i]! - mx));
}

const column = (n: number) => fc.array(fc.integer({ min: 0, max: 6 }), { minLength: n, maxLength: n });
const varies = (values: readonly number[]) => new Set(values).size > 1;

describe('rank correlations of a multiset', () => {
  test('are those of the list in which every item stands as often', () => {
    fc.assert(
      fc.property(column(12), column(12), column(12), (x, y, counts) => {
        const repeated = (v: readonly number[]) => v.flatMap((value, i) => new Array<number>(counts[i]!).fill(value));
        const matrix = new RankCorrelations([x, y]).matrix(counts);
        const expected = spearman(repeated(x), repeated(y));
        if (expected === null) expect(matrix[0]![1]).toBeNull();
        else expect(matrix[0]![1]).toBeCloseTo(expected, 12);
      }),
    );
  });

  test('take infinities as the least and the largest values', () => {
    const x = [-Infinity, 3, -Infinity, 1, Infinity];
    const matrix = new RankCorrelations([x, [1, 4, 2, 3, 5]]).matrix();
    expect(matrix[0]![1]).toBeCloseTo(spearman([-9, 3, -9, 1, 9], [1, 4, 2, 3, 5])!, 14);
  });
});

describe('partial correlation', () => {
  test('is that of the residuals of the ranks', () => {
    fc.assert(
      fc.property(column(15), column(15), column(15), (x, y, z) => {
        fc.pre(varies(x) && varies(y) && varies(z));
        const value = partialOf(new RankCorrelations([x, y, z]).matrix());
        const [rx, ry] = [residuals(ranks(x), ranks(z)), residuals(ranks(y), ranks(z))];
        const size = (v: readonly number[]) => Math.max(...v.map(Math.abs));
        fc.pre(size(rx) > 1e-6 && size(ry) > 1e-6);
        expect(value).toBeCloseTo(pearson(rx, ry)!, 9);
      }),
    );
  });

  test('given two columns, and given one twice', () => {
    const x = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3];
    const y = [2, 7, 1, 8, 2, 8, 1, 8, 2, 8];
    const z = [1, 1, 2, 3, 5, 8, 13, 21, 34, 55];
    const w = [5, 3, 8, 1, 9, 2, 7, 4, 6, 0];
    // The recursion r_xy.zw = (r_xy.z − r_xw.z r_yw.z)/√((1 − r_xw.z²)(1 − r_yw.z²)).
    const given = (a: number[], b: number[]) => partialOf(new RankCorrelations([a, b, z]).matrix())!;
    const [xy, xw, yw] = [given(x, y), given(x, w), given(y, w)];
    const expected = (xy - xw * yw) / Math.sqrt((1 - xw ** 2) * (1 - yw ** 2));
    expect(partialOf(new RankCorrelations([x, y, z, w]).matrix())).toBeCloseTo(expected, 12);
    const once = partialOf(new RankCorrelations([x, y, z]).matrix())!;
    expect(partialOf(new RankCorrelations([x, y, z, z.map((v) => 2 * v)]).matrix())).toBeCloseTo(once, 12);
  });

  test('given what does not vary it is the plain one; of what the given determines there is none', () => {
    const x = [1, 2, 3, 4, 5];
    const y = [2, 1, 4, 3, 5];
    expect(partialOf(new RankCorrelations([x, y, [7, 7, 7, 7, 7]]).matrix())).toBeCloseTo(spearman(x, y)!, 14);
    expect(partialOf(new RankCorrelations([x, y, x]).matrix())).toBeNull();
    expect(partialOf(new RankCorrelations([x, [1, 1, 1, 1, 1], y]).matrix())).toBeNull();
  });
});

test('the bootstrap interval of a mean is the normal one, within the draws', () => {
  const random = new Random('bootstrap', 'test');
  const values = Array.from({ length: 400 }, () => random.normal());
  const mean = (counts: Uint32Array) => values.reduce((s, v, i) => s + counts[i]! * v, 0) / values.length;
  const [interval, never] = bootstrap(400, 2000, random, (counts) => [mean(counts), null]);
  const centre = values.reduce((s, v) => s + v, 0) / 400;
  const sd = Math.sqrt(values.reduce((s, v) => s + (v - centre) ** 2, 0) / 400);
  expect(Math.abs(interval!.low - (centre - 0.098 * sd))).toBeLessThan(0.012);
  expect(Math.abs(interval!.high - (centre + 0.098 * sd))).toBeLessThan(0.012);
  expect(interval!.draws).toBe(2000);
  expect(never).toBeNull();
});
