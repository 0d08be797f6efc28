/** Correlations of curves against SciPy's, and what has none. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { associate, holm, partialPearson, type Association } from '../../src/statistics/index.js';

interface Golden {
  readonly cases: readonly {
    readonly name: string;
    readonly x: number[];
    readonly y: number[];
    readonly tokens: number[];
    readonly replicates: number[][] | null;
    readonly yReplicates: number[][] | null;
    readonly expected: Record<keyof Association, Record<string, number>>;
  }[];
  readonly holm: { readonly p: (number | null)[]; readonly adjusted: (number | null)[] };
}

const golden = JSON.parse(await readFile('test/golden/relate/expected.json', 'utf8')) as Golden;
const lnOf = (tokens: readonly number[]): (number | null)[] => tokens.map((t) => (t > 0 ? Math.log(t) : null));
const names = ['rankme', 'sciq'] as const;

describe('against SciPy', () => {
  it.each(golden.cases)('$name', ({ x, y, tokens, replicates, yReplicates, expected }) => {
    const found = associate({ x, y, given: lnOf(tokens), replicates, yReplicates, names });
    let compared = 0;
    for (const part of ['levels', 'increments', 'partial'] as const) {
      for (const [figure, value] of Object.entries(expected[part])) {
        const got = (found[part] as unknown as Record<string, number | null>)[figure];
        expect(Math.abs(got! - value), `${part}.${figure}`).toBeLessThan(1e-10);
        compared++;
      }
      expect(found[part].reason).toBeNull();
      if (!replicates) expect([found[part].pearsonSe, found[part].spearmanSe]).toEqual([null, null]);
    }
    expect(compared).toBe(replicates ? 16 : 10);
  });

  it('Holm’s correction, ties and absent p among them', () => {
    golden.holm.adjusted.forEach((value, i) => {
      const got = holm(golden.holm.p)[i]!;
      if (value === null) expect(got).toBeNull();
      else expect(got).toBeCloseTo(value, 12);
    });
  });
});

describe('what has no correlation says why', () => {
  const tokens = [1, 2, 4, 8, 16, 32].map((t) => t * 1e6);
  const rising = [1, 2, 4, 5, 6, 8];
  const of = (x: number[], y: number[], given = lnOf(tokens.slice(0, x.length))): Association =>
    associate({ x, y, given, replicates: null, names });

  it('a constant task', () => {
    const { levels, increments, partial } = of(rising, Array<number>(6).fill(0.25));
    const none = { pearson: null, spearman: null, pearsonSe: null, spearmanSe: null };
    expect(levels).toEqual({ ...none, n: 6, reason: 'sciq does not vary' });
    expect(increments).toEqual({ ...none, n: 5, p: null, reason: 'the steps of sciq do not vary' });
    expect(partial).toEqual({ ...none, n: 6, reason: 'sciq does not vary' });
  });

  it('a curve that differs by rounding alone is constant', () => {
    const y = [0.1 + 0.2, 0.3, 0.3, 0.3, 0.3, 0.3];
    expect(of(rising, y).levels.reason).toBe('sciq does not vary');
    expect(of(y, rising).levels.reason).toBe('rankme does not vary');
  });

  it('steps of one size have levels but no increments', () => {
    const { levels, increments } = of(rising, [1, 2, 3, 4, 5, 6]);
    expect(levels.pearson).toBeCloseTo(0.9936944054529901, 12);
    expect(increments).toMatchObject({ pearson: null, p: null, reason: 'the steps of sciq do not vary' });
  });

  it.each([
    [0, '0 checkpoints in common (expected at least 3)', '0 steps between neighbours (expected at least 3)'],
    [1, '1 checkpoint in common (expected at least 3)', '0 steps between neighbours (expected at least 3)'],
    [2, '2 checkpoints in common (expected at least 3)', '1 step between neighbours (expected at least 3)'],
    [3, null, '2 steps between neighbours (expected at least 3)'],
    [4, null, null],
  ])('%i checkpoints', (count, levels, increments) => {
    const found = of(rising.slice(0, count), [0.3, 0.2, 0.5, 0.4].slice(0, count));
    expect([found.levels.reason, found.increments.reason]).toEqual([levels, increments]);
    // Three steps have a correlation, and no degree of freedom to speak of.
    expect(found.increments.p).toBeNull();
  });

  it('tokens that nobody knows, and figures that they determine', () => {
    const unknown = of(
      rising,
      [3, 1, 4, 1, 5, 9],
      tokens.map(() => null),
    );
    expect(unknown.partial.reason).toBe('0 checkpoints in common with ln(tokens) (expected at least 4)');
    const x = tokens.map(Math.log);
    expect(of(x, [3, 1, 4, 1, 5, 9]).partial.reason).toBe('ln(tokens) determines one of them');
    expect(partialPearson(x, [3, 1, 4, 1, 5, 9], x)).toBeNull();
  });

  it('a replicate without a value takes the error away, not the correlation', () => {
    const replicates = [rising, [...rising.slice(1), null]];
    const { levels } = associate({ x: rising, y: [3, 1, 4, 1, 5, 9], given: lnOf(tokens), replicates, names });
    expect(levels.pearson).not.toBeNull();
    expect(levels.pearsonSe).toBeNull();
  });
});
