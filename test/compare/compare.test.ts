/** Differences, their errors and correlations against NumPy's and SciPy's, and what makes errors paired, independent or none. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compareSides, type Side } from '../../src/compare/index.js';
import { correlationPValue, holm, pearson, ranks, spearman } from '../../src/statistics/index.js';
import { sideFrom, type Given } from './curves.js';

interface Differences {
  difference: number[];
  se: number[];
  low: number[];
  high: number[];
  p: number[];
  pHolm: number[];
}
const read = (name: string): unknown => JSON.parse(readFileSync(`test/golden/compare/${name}`, 'utf8'));
const inputs = read('inputs.json') as { a: Given; b: Given; ties: [number[], number[]][] };
const expected = read('expected.json') as Record<'paired' | 'independent', Differences> &
  Record<'pearson' | 'spearman', { value: number; paired: number; independent: number }> & {
    increments: { pearson: number; p: number };
    ties: { pearson: number; pearsonP: number; spearman: number; ranks: number[] }[];
  };

const options = { figures: ['rankme'], axis: 'tokens', interpolate: false, rows: null } as const;
const disjoint = { corpus: 'c', rows: [3, 4, 5] };
const other = { provenance: { corpus: { sha256: 'c', rows_sha256: 'b'.repeat(64), sequences: 3, max_tokens: 512 } } };
const sides = (changes: Partial<Given> = {}): [Side, Side] => [
  sideFrom({ ...inputs.a, label: 'a' }),
  sideFrom({ ...inputs.b, label: 'b', ...changes }),
];

describe('differences', () => {
  it.each([
    ['paired', 'same', {}],
    ['independent', 'disjoint', { rows: disjoint, with: other as never }],
  ] as const)('with %s errors are NumPy’s, to 12 digits', (kind, relation, changes) => {
    const { rows, figures, unmatched } = compareSides(...sides(changes), options);
    expect(rows.relation).toBe(relation);
    expect(unmatched).toEqual({ a: 0, b: 0 });
    const [{ differences, correlation, withoutErrors }] = figures as [(typeof figures)[number]];
    expect(withoutErrors).toBeNull();
    const wanted = expected[kind];
    const near = (got: number | null | undefined, want: number): void => {
      expect(Math.abs(got! - want)).toBeLessThanOrEqual(1e-12 + 1e-11 * Math.abs(want));
    };
    expect(differences).toHaveLength(15);
    differences.forEach((found, i) => {
      near(found.difference, wanted.difference[i]!);
      near(found.se, wanted.se[i]!);
      near(found.interval![0], wanted.low[i]!);
      near(found.interval![1], wanted.high[i]!);
      near(found.p, wanted.p[i]!);
      near(found.pHolm, wanted.pHolm[i]!);
      const resolved = wanted.pHolm[i]! <= 0.05;
      expect(found.verdict).toBe(!resolved ? 'not resolved' : wanted.difference[i]! > 0 ? 'above' : 'below');
    });
    near(correlation!.levels.pearson, expected.pearson.value);
    near(correlation!.levels.pearsonSe, expected.pearson[kind]);
    near(correlation!.levels.spearman, expected.spearman.value);
    near(correlation!.levels.spearmanSe, expected.spearman[kind]);
    near(correlation!.increments.pearson, expected.increments.pearson);
    near(correlation!.increments.p, expected.increments.p);
    expect(correlation).toMatchObject({ n: 15, increments: { n: 14 } });
  });

  it('of two curves on the same rows are known better than either', () => {
    const { differences } = compareSides(...sides(), options).figures[0]!;
    expect(differences.every(({ a, se }) => se! < a.se! / 2)).toBe(true);
  });

  it('have no error, and say why, where rows are shared in part or not known', () => {
    const partly = compareSides(...sides({ rows: { corpus: 'c', rows: [2, 3, 4] }, with: other as never }), options);
    expect(partly.rows).toEqual({
      relation: 'shared',
      why: 'they share 1 of 3 and 3 rows, so differences have no errors',
    });
    expect(partly.figures[0]).toMatchObject({ withoutErrors: partly.rows.why });
    expect(
      partly.figures[0]!.differences.every((d) => d.se === null && d.p === null && d.verdict === 'not resolved'),
    ).toBe(true);
    expect(partly.figures[0]!.correlation!.levels.pearsonSe).toBeNull();
    expect(partly.figures[0]!.differences[0]!.difference).toBe(expected.paired.difference[0]);

    const unknown = sides({ rows: { corpus: null, rows: null }, with: other as never });
    expect(compareSides(...unknown, options).rows.relation).toBe('unknown');
    const elsewhere = sides({ rows: { corpus: 'z', rows: [0, 1, 2] }, with: other as never });
    expect(compareSides(...elsewhere, options).rows.relation).toBe('unknown');
    expect(compareSides(...elsewhere, { ...options, rows: 'disjoint' }).figures[0]!.differences[3]!.se).toBeCloseTo(
      expected.independent.se[3]!,
      12,
    );
    // The same texts in other tokens: other ids, the same groups.
    const texts = sides({ rows: { corpus: 'c', rows: [0, 1, 2] }, with: other as never });
    expect(compareSides(...texts, options).rows.relation).toBe('same');
  });

  it('have none either where left-outs are missing or cut otherwise', () => {
    const without = compareSides(...sides({ replicates: null }), options);
    expect(without.figures[0]!.withoutErrors).toMatch(/^left-out values of this figure are not stored/);
    const fewer = compareSides(...sides({ replicates: inputs.b.replicates!.map((r) => r.slice(0, 5)) }), options);
    expect(fewer.figures[0]!.withoutErrors).toBe('cut into 10 and 5 groups, so errors are not paired');
    expect(fewer.differing).toMatchObject([{ what: 'groups', a: '10', b: '5', refused: false }]);
  });

  it('of a curve and itself are zero, exactly', () => {
    const [a] = sides();
    const { figures } = compareSides(a, { ...a, label: 'again' }, options);
    expect(figures[0]!.differences.every((d) => d.difference === 0 && d.se === 0 && d.p === 1)).toBe(true);
    expect(figures[0]!.correlation!.levels.pearson).toBeCloseTo(1, 14);
  });

  it('of functions of RankMe have its left-outs', () => {
    const [a, b] = sides({ figures: { spectral_entropy: 0 } });
    const entropy = (side: Side): Side => ({
      ...side,
      points: side.points.map((p) => ({
        ...p,
        figures: { ...p.figures, spectral_entropy: Math.log(p.figures['rankme']!) },
      })),
    });
    const { figures } = compareSides(entropy(a), entropy(b), { ...options, figures: ['spectral_entropy'] });
    const { difference, se } = figures[0]!.differences[10]!;
    // d ln x = dx / x, to the first order.
    expect(difference).toBeCloseTo(Math.log(inputs.b.value[10]! / inputs.a.value[10]!), 12);
    const logs = inputs.a.replicates![10]!.map((x, k) => Math.log(inputs.b.replicates![10]![k]! / x));
    const mean = logs.reduce((s, x) => s + x) / 10;
    expect(se).toBeCloseTo(Math.sqrt(0.9 * logs.reduce((s, x) => s + (x - mean) ** 2, 0)), 12);
  });
});

describe('places', () => {
  const given = (steps: number[], values: number[], changes: Partial<Given> = {}): Given => ({
    revision: steps.map((s) => `step${s}`),
    step: steps,
    tokens: steps.map((s) => s * 100),
    value: values,
    replicates: values.map((v) => [v - 1, v + 1, v]),
    ...changes,
  });

  it('are common ones of one stage, by tokens or by steps', () => {
    const a = sideFrom(given([0, 1, 10, 100], [1, 2, 3, 4]));
    const b = sideFrom(given([1, 100, 1000], [5, 6, 7], { label: 'b' }));
    const found = compareSides(a, b, options);
    expect(found.figures[0]!.differences.map((d) => [d.tokens, d.difference])).toEqual([
      [100, 3],
      [10_000, 2],
    ]);
    expect(found.unmatched).toEqual({ a: 2, b: 1 });
    const halved = sideFrom(given([1, 100, 1000], [5, 6, 7], { tokens: [50, 5000, 50_000] }));
    expect(compareSides(a, halved, options).figures[0]!.differences).toEqual([]);
    expect(compareSides(a, halved, { ...options, axis: 'steps' }).figures[0]!.differences).toHaveLength(2);
    const compute = compareSides(a, b, { ...options, axis: 'compute' }).figures[0]!.differences;
    expect(compute.map(({ at }) => at)).toEqual([6 * 1000 * 100, 6 * 1000 * 10_000]);
    const sft = sideFrom(given([1, 100], [5, 6], { stage: 'sft' }));
    expect(compareSides(a, sft, options).figures[0]!.differences).toEqual([]);
  });

  it('lie between checkpoints when asked, linear in ln tokens, with the left-outs, never beyond the ends', () => {
    const a = sideFrom(given([1, 10, 1000, 5000], [2, 3, 4, 9]));
    const b = sideFrom(given([0, 10, 100, 1000], [9, 5, 6, 7], { label: 'b' }));
    const { figures, unmatched } = compareSides(a, b, { ...options, interpolate: true });
    expect(figures[0]!.differences.map((d) => [d.step, d.a.interpolated, d.a.revision])).toEqual([
      [10, false, 'step10'],
      [100, true, null],
      [1000, false, 'step1000'],
    ]);
    const [, between] = figures[0]!.differences;
    expect(between!.a.value).toBeCloseTo(3.5, 12);
    expect(between!.difference).toBeCloseTo(2.5, 12);
    expect(between!.se).toBeCloseTo(0, 12);
    expect(unmatched).toEqual({ a: 2, b: 1 });
  });

  it('of a null that was traced on other rows of its series are not paired', () => {
    const shuffled = { with: { control: { kind: 'shuffled-tokens', seed: 0 } } as never, label: 'same' };
    const own = sideFrom(given([0, 1, 2], [3, 9, 1], { label: 'same' }));
    const of = (rows: number[]) => sideFrom(given([0, 1, 2], [3, 8, 1], { ...shuffled, rows: { corpus: 'c', rows } }));
    const provenance = { ...own.points[0]!.measurement.provenance, corpus: { rows_sha256: 'b'.repeat(64) } };
    const null_ = (rows: number[]) => {
      const side = of(rows);
      const points = side.points.map((p) => ({ ...p, measurement: { ...p.measurement, provenance } as never }));
      return compareSides({ ...side, points }, own, options).rows;
    };
    expect(null_([0, 1, 2])).toEqual({
      relation: 'same',
      why: 'measured on the same texts (in other tokens), so errors are paired',
    });
    expect(null_([0, 1])).toEqual({
      relation: 'shared',
      why: 'they share 2 of 2 and 3 rows, so differences have no errors',
    });
  });

  it('of a null that belongs to no checkpoint are all of the other’s', () => {
    const gaussian = { control: { kind: 'gaussian', seed: 0 } } as never;
    const level: Given = { ...given([0], [3]), step: [null], tokens: [null], with: gaussian };
    const { figures, rows } = compareSides(
      sideFrom(level),
      sideFrom(given([0, 1, 2], [3, 9, 1], { label: 'b' })),
      options,
    );
    expect(rows.relation).toBe('disjoint');
    expect(figures[0]!.differences.map((d) => d.difference)).toEqual([0, 6, -2]);
    expect(figures[0]!.correlation).toBeNull();
    expect(figures[0]!.differences[1]!.se).toBeCloseTo(Math.SQRT2 * Math.sqrt((2 / 3) * 2), 12);
  });
});

describe('correlation', () => {
  it('is SciPy’s, ties and all', () => {
    inputs.ties.forEach(([x, y], i) => {
      const wanted = expected.ties[i]!;
      expect(pearson(x, y)).toBeCloseTo(wanted.pearson, 12);
      expect(spearman(x, y)).toBeCloseTo(wanted.spearman, 12);
      expect(correlationPValue(wanted.pearson, x.length)).toBeCloseTo(wanted.pearsonP, 10);
      expect(ranks(x)).toEqual(wanted.ranks);
    });
  });

  it('is absent where a list is too short or does not vary', () => {
    expect(pearson([1, 2], [3, 4])).toBeNull();
    expect(pearson([1, 1, 1], [1, 2, 3])).toBeNull();
    expect(pearson([0.1 + 0.2, 0.3, 0.3], [1, 2, 3])).toBeNull();
    expect(spearman([5, 5, 5], [1, 2, 3])).toBeNull();
    expect(correlationPValue(0.5, 3)).toBeNull();
    expect(correlationPValue(1, 9)).toBe(0);
    expect(pearson([1, 2, 3], [-2, -4, -6])).toBeCloseTo(-1, 14);
  });
});

describe('Holm', () => {
  it('multiplies by the tests that are left, never falls, and leaves absent ones out', () => {
    expect(holm([0.01, null, 0.04, 0.03])).toEqual([0.03, null, 0.06, 0.06]);
    expect(holm([0.5, 0.9])).toEqual([1, 1]);
    expect(holm([])).toEqual([]);
  });
});
