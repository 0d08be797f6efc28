import { describe, expect, it } from 'vitest';
import { percent, signed, withError } from '../../src/story/index.js';

describe('a figure with its error', () => {
  it.each([
    [11.4637, 0.5213, '11.5 ± .5'],
    [63.4123, 1.1234, '63.4 ± 1.1'],
    [803.2, 9.31, '803 ± 9'],
    [1234.5, 45.6, '1235 ± 46'],
    [0.86849, 0.00912, '0.868 ± .009'],
    [0.86849, 0.0349, '0.868 ± .035'],
    [0.86849, 0.036, '0.87 ± .04'],
    [2, 0.97, '2.0 ± 1.0'],
    [20, 9.7, '20 ± 10'],
    [-0.004, 0.0011, '−0.0040 ± .0011'],
    [0.01, 0.4, '0.0 ± .4'],
    [-0.01, 0.4, '0.0 ± .4'],
  ])('%f ± %f is %s', (value, error, text) => {
    expect(withError(value, error)).toBe(text);
  });

  it('without an error has four digits', () => {
    expect([1234.56, 63.4123, 0.86849, 0, -1e-5].map((v) => withError(v, null))).toEqual([
      ...['1235', '63.41', '0.8685', '0', '−0.00001000'],
    ]);
    expect(withError(5, 0)).toBe('5.000');
  });

  it('has a sign where it is a difference', () => {
    expect([signed(0.3, 0.06), signed(-0.3, 0.06), signed(0, 0.06)]).toEqual([
      '+0.30 ± .06',
      '−0.30 ± .06',
      '+0.00 ± .06',
    ]);
    expect([percent(0.2), percent(-0.061), percent(0.005)]).toEqual(['20 %', '−6.1 %', '0.5 %']);
  });
});
