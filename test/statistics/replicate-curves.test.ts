import { describe, expect, it } from 'vitest';
import { errorOfCurves, errorOfDifference, jackknife, replicateCurves } from '../../src/statistics/index.js';

describe('curves of replicates', () => {
  it('of the mean of n numbers, one a group, gives s/√n', () => {
    const values = [3, 1, 4, 1, 5, 9, 2, 6];
    const total = values.reduce((a, b) => a + b);
    const without = values.map((v) => (total - v) / 7);
    const mean = total / 8;
    const s = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 7);
    expect(jackknife(without).se).toBeCloseTo(s / Math.sqrt(8), 14);
  });

  it('keeps the correlation: a difference of two points that move together has no error', () => {
    const together = [1, 3, 2, 5];
    const curves = replicateCurves([together, together.map((v) => v + 7), [4, 4, 4, 4]])!;
    expect(curves).toHaveLength(4);
    expect(curves[1]).toEqual([3, 10, 4]);
    expect(errorOfDifference(curves, 0, 1)).toBe(0);
    expect(errorOfDifference(curves, 0, 2)).toBeCloseTo(jackknife(together).se, 14);
    expect(errorOfCurves(curves, (curve) => 2 * curve[0]!)).toBeCloseTo(2 * jackknife(together).se, 14);
  });

  it('gives null where there is nothing to pair: no replicates, other numbers of groups, a missing value', () => {
    expect(replicateCurves([null, null])).toBeNull();
    expect(
      replicateCurves([
        [1, 2],
        [1, 2, 3],
      ]),
    ).toBeNull();
    expect(replicateCurves([[1]])).toBeNull();
    const curves = replicateCurves([[1, 2, 3], null, [2, null, 4], [5, 6, 7]])!;
    expect(errorOfDifference(curves, 0, 1)).toBeNull();
    expect(errorOfDifference(curves, 0, 2)).toBeNull();
    expect(errorOfDifference(curves, 0, 3)).toBe(0);
    expect(errorOfDifference(curves, 0, 9)).toBeNull();
    expect(errorOfCurves(curves, () => NaN)).toBeNull();
  });
});
