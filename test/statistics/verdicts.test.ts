import { expect, it } from 'vitest';
import { judge } from '../../src/statistics/index.js';

it("judges a family by Student's t and Holm's correction", () => {
  const family = [
    { difference: 3, se: 1, df: 9 },
    { difference: 1, se: 1, df: 9 },
    { difference: -5, se: 1, df: 9 },
    { difference: 2, se: null, df: 9 },
    { difference: null, se: 1, df: 9 },
  ];
  const judged = judge(family);
  expect(judged.map(({ verdict }) => verdict)).toEqual([
    'above',
    'not resolved',
    'below',
    'not resolved',
    'not resolved',
  ]);
  // By scipy.stats.t of 9 degrees of freedom.
  for (const [i, p] of [0.014956363910414222, 0.3434363961379136, 0.0007389679098032426].entries())
    expect(judged[i]!.p).toBeCloseTo(p, 10);
  expect(judged[0]!.interval![0]).toBeCloseTo(3 - 2.262157162798205, 8);
  expect(judged[2]!.interval![1]).toBeCloseTo(-5 + 2.262157162798205, 8);
  expect(judged[0]!.pHolm).toBeCloseTo(2 * judged[0]!.p!, 12);
  expect(judged[2]!.pHolm).toBeCloseTo(3 * judged[2]!.p!, 12);
  expect(judged.slice(3).map(({ interval, p, pHolm }) => [interval, p, pHolm])).toEqual([
    [null, null, null],
    [null, null, null],
  ]);
});

it('takes a difference without any spread for certain, and none for none', () => {
  const exact = judge([
    { difference: 1, se: 0, df: 9 },
    { difference: 0, se: 0, df: 9 },
  ]);
  expect(exact.map(({ p, verdict }) => [p, verdict])).toEqual([
    [0, 'above'],
    [1, 'not resolved'],
  ]);
});
