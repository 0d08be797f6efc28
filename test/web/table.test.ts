/** The page's table: order, and the file it makes. */
import { describe, expect, it } from 'vitest';
import { csv } from '../../web/src/data/save.js';
import { differences } from '../../web/src/state/differences.js';
import { order, tidy } from '../../web/src/state/table.js';
import { fixtureSeries } from './story-fixture.js';

const series = fixtureSeries({ checkpoints: 12, layers: 2 });

describe('order', () => {
  it('sorts numbers within names, absent values last either way', () => {
    const by = (column: 'revision' | 'rankme' | 'nll', descending: boolean) =>
      order(series, 'final', { column, descending });
    expect(by('revision', false)).toEqual(series.checkpoints.map((_, i) => i));
    const values = series.curves['final']!.figures['rankme']!;
    const falling = by('rankme', true).map((i) => values[i]!);
    expect(falling).toEqual([...falling].sort((a, b) => b - a));
    const final = series.curves['final']!;
    const holes = final.figures['nll']!.map((value, i) => (i === 4 || i === 7 ? null : value));
    const holed = { ...series, curves: { final: { ...final, figures: { ...final.figures, nll: holes } } } };
    for (const descending of [true, false]) {
      expect(order(holed, 'final', { column: 'nll', descending }).slice(-2)).toEqual([4, 7]);
    }
  });
});

describe('tidy', () => {
  it('holds every figure, and why one is absent', () => {
    const { columns, rows } = tidy(series, 'final', [1, 3]);
    const at = (name: string) => columns.indexOf(name);
    expect(columns.slice(0, 9)).toEqual([
      'series',
      'stage',
      'revision',
      'step',
      'tokens',
      'layer',
      'position',
      'n',
      'd',
    ]);
    expect(rows.map((row) => row[at('rankme')])).toEqual(
      [1, 3].map((i) => series.curves['final']!.figures['rankme']![i]),
    );
    expect(rows[0]![at('alpha_100_1000')]).toBe(null);
    expect(rows[0]![at('flags')]).toBe(
      'few-rows-dominate: group 1 holds 61 % of SE²; alpha_100_1000: 999 positive eigenvalues (expected at least 1000)',
    );
    // A flag of another layer is none of this one.
    expect(tidy(series, '0', [1]).rows[0]![at('flags')]).not.toContain('few-rows-dominate');
  });
});

it('quotes what CSV must', () => {
  const text = csv(
    ['a', 'b,c'],
    [
      ['x "y"', null],
      [1.5, 'two\nlines'],
    ],
  );
  expect(text).toBe('a,"b,c"\r\n"x ""y""",\r\n1.5,"two\nlines"\r\n');
});

describe('differences', () => {
  const shifted = (by: number, rows: string) => {
    const final = series.curves['final']!;
    const move = (values: readonly (number | null)[]) => values.map((value) => (value === null ? null : value + by));
    const figures = { ...final.figures, rankme: move(final.figures['rankme']!) };
    const replicates = {
      ...final.replicates,
      rankme: final.replicates.rankme.map((v) => v!.map((x, k) => x + by + (k % 2))),
    };
    return {
      ...series,
      corpus: { ...series.corpus!, rowsSha256: rows },
      curves: { final: { figures, replicates, reasons: {} } },
    };
  };

  it('has the paired error on the same rows', () => {
    const found = differences(series, shifted(5, series.corpus!.rowsSha256), 'final', 'rankme');
    expect(found.length).toBe(12);
    expect(found[3]!.value).toBeCloseTo(5, 9);
    // Replicates of the difference are 5 and 6 by turns: SE² = 9/10 · 10 · (1/2)².
    expect(found[3]!.se).toBeCloseTo(1.5, 9);
  });

  it('has no error on other rows', () => {
    const [first] = differences(series, shifted(5, 'c'.repeat(64)), 'final', 'rankme');
    expect(first!.value).toBeCloseTo(5, 9);
    expect(first!.se).toBe(null);
  });
});
