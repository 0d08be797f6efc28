import { describe, expect, it } from 'vitest';
import { mcnemar, paired } from '../../src/statistics/index.js';

describe('paired', () => {
  it('gives the difference, its standard error and p of scipy.stats.ttest_rel', () => {
    // ttest_rel([1, 2, 4, 3, 7], [0, 2, 1, 3, 4]): t = 2.063..., df = 4
    const { difference, se, p, n } = paired([1, 2, 4, 3, 7], [0, 2, 1, 3, 4])!;
    expect([difference, n]).toEqual([1.4, 5]);
    expect(se).toBeCloseTo(Math.sqrt(2.3 / 5), 12);
    expect(p).toBeCloseTo(0.10793882229227454, 10);
  });

  it('has no p where nothing varies, no error for one question, nothing for none', () => {
    expect(paired([1, 0], [1, 0])).toEqual({ difference: 0, se: 0, p: null, n: 2 });
    expect(paired([1], [0])).toEqual({ difference: 1, se: null, p: null, n: 1 });
    expect(paired([], [])).toBeNull();
  });
});

describe('mcnemar', () => {
  const answers = (right: string): boolean[] => Array.from(right, (each) => each === '1');
  it.each([
    // scipy.stats.binomtest(min(gained, lost), gained + lost).pvalue
    ['1111100000', '0000011111', 5, 5, 1],
    ['1110000000', '0001111111', 3, 7, 0.34375],
    ['0000000000', '1111111111', 0, 10, 2 / 1024],
    ['1010', '1010', 0, 0, 1],
  ])('%s against %s', (a, b, gained, lost, p) => {
    const found = mcnemar(answers(a), answers(b));
    expect([found.gained, found.lost]).toEqual([gained, lost]);
    expect(found.p).toBeCloseTo(p, 12);
  });
});
