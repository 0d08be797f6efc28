import { describe, expect, it } from 'vitest';
import { bytes, count, cut, decimalsOf, duration, flop, plusMinus, si, wrap } from '../../src/cli/format.js';
import { sparkline } from '../../src/cli/sparkline.js';
import { printable } from '../../src/cli/style.js';

describe('numbers as text', () => {
  it('names counts in SI steps with three digits', () => {
    const counts = [0, 512, 999, 1000, 4096, 24_576_000, 131_072, 999_499, 999_999, 1_073_741_824, 3.9e12, 5e15];
    expect(counts.map((n) => si(n))).toEqual([
      '0',
      '512',
      '999',
      '1.00k',
      '4.10k',
      '24.6M',
      '131k',
      '999k',
      '1.00M',
      '1.07B',
      '3.90T',
      '5000T',
    ]);
    expect([2134, 99.6, 131_072].map((n) => si(n, 2))).toEqual(['2.1k', '100', '131k']);
  });

  it('names bytes in binary steps and operations in decimal ones', () => {
    expect([0, 1023, 1024, 1.1 * 2 ** 20, 2 ** 31, 5.6e9].map(bytes)).toEqual([
      '0 B',
      '1023 B',
      '1.00 KiB',
      '1.10 MiB',
      '2.00 GiB',
      '5.22 GiB',
    ]);
    expect([123e9, 2.2e12, 12].map(flop)).toEqual(['123 GFLOP', '2.20 TFLOP', '12 FLOP']);
  });

  it('writes times as clocks do', () => {
    expect([0, 13.6, 192, 3723, 360_000, -4].map(duration)).toEqual([
      '0:00',
      '0:14',
      '3:12',
      '1:02:03',
      '100:00:00',
      '0:00',
    ]);
  });

  it('shows at least a digit of the smallest error, and never ±0', () => {
    expect(decimalsOf([1.2, null, 0.3], 1)).toBe(1);
    expect(decimalsOf([0.02], 1)).toBe(2);
    expect(decimalsOf([0.0000001], 2)).toBe(4);
    expect(decimalsOf([0, undefined, NaN], 2)).toBe(2);
    expect([
      plusMinus(1.23, 1),
      plusMinus(0.0199, 2),
      plusMinus(0.00001, 3),
      plusMinus(0, 2),
      plusMinus(null, 2),
    ]).toEqual(['±1.2', '±.02', '<.001', '±.00', '']);
  });

  it('counts, cuts and wraps', () => {
    expect([count(1, 'row'), count(15_000, 'row')]).toEqual(['1 row', '15,000 rows']);
    expect(cut('stage2-ingredient3-step1000', 12, 'middle')).toBe('stage2…p1000');
    expect(cut('abcdef', 4)).toBe('abc…');
    expect(wrap('one two three\nfour', 8)).toEqual(['one two', 'three', 'four']);
  });

  it('takes away what could move a terminal’s cursor', () => {
    expect(printable('step\u001b[2J1\r\u202e2\u0007 α\nnext')).toBe('step�[2J1��2� α\nnext');
  });
});

describe('sparkline', () => {
  it('goes from the least to the greatest, with gaps', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8)).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([0, null, 7], 8)).toBe('▁ █');
    expect(sparkline([3, 3, 3], 8)).toBe('▄▄▄');
    expect(sparkline([5], 8)).toBe('▄');
    expect(sparkline([null, null], 8)).toBe('  ');
  });

  it('averages neighbours where there are more values than characters', () => {
    expect(sparkline([0, 0, 4, 4, 8, 8, null, null], 4)).toBe('▁▅█ ');
  });
});
