import { afterAll, describe, expect, it } from 'vitest';
import { figuresFrom, measureRows, openKernel, packSums, type LayerMeasurement } from '../../src/spectrum/index.js';
import { startThread } from '../../src/trace/kernel-threads.js';
import { golden, goldenMatrices, type GoldenFigures, rowsOf, sampleSeries } from './fixtures.js';

const kernels = [openKernel(), openKernel({ startThread, threads: 2 })];
afterAll(() => Promise.all(kernels.map((kernel) => kernel.close())));

const matrices = goldenMatrices();
const { matrices: expected, eigenvalue_lists: lists } = golden();

/** Relative closeness; a null figure must be null. */
function close(
  actual: number | null | undefined,
  wanted: number | null | undefined,
  relative: number,
  name: string,
): void {
  if (wanted === null || wanted === undefined) expect(actual, name).toBeNull();
  else {
    expect(actual, name).not.toBeNull();
    expect(Math.abs(actual! - wanted), `${name}: ${actual} for ${wanted}`).toBeLessThanOrEqual(
      relative * Math.max(Math.abs(wanted), 1e-3),
    );
  }
}

function compareFigures(figures: LayerMeasurement['figures'], wanted: GoldenFigures, d: number): void {
  close(figures['rankme'], wanted.rankme, 1e-9, 'rankme');
  close(figures['rankme_published'], wanted['rankme.published'], 1e-9, 'rankme.published');
  close(figures['participation_ratio'], wanted.participation_ratio, 1e-9, 'participation_ratio');
  close(figures['stable_rank'], wanted.stable_rank, 1e-9, 'stable_rank');
  close(figures['spectral_entropy'], wanted.entropy, 1e-9, 'entropy');
  close(figures['rankme_over_d'], wanted.rankme / d, 1e-9, 'rankme_over_d');
  for (const k of ['1', '10', '50', '100']) close(figures[`top${k}`], wanted.share_top[k], 1e-9, `top${k}`);
  for (const band of ['1-10', '10-100', '100-1000']) {
    close(figures[`alpha_${band.replace('-', '_')}`], wanted.alpha_bands[band], 1e-9, `α ${band}`);
  }
}

const compareFit = (figures: LayerMeasurement['figures'], fit: GoldenFigures['alpha[12-100]']): void => {
  close(figures['alpha'], fit?.alpha, 1e-9, 'alpha');
  close(figures['r2'], fit?.r2, 1e-9, 'r2');
  close(figures['r2_100'], fit?.r2_100, 1e-9, 'r2_100');
};

describe.each(kernels.map((kernel) => [kernel.kind, kernel] as const))('golden matrices, %s kernel', (_, kernel) => {
  it.each(Object.keys(expected))('%s', async (name) => {
    const wanted = expected[name]!;
    const measured = await measureRows(rowsOf(matrices[name]!), { kernel });
    const { figures, arrays } = measured;
    expect([measured.n, measured.d]).toEqual([wanted.N, wanted.d]);
    const found = arrays['eigenvalues']!;
    expect(found.length).toBe(Math.min(wanted.N, wanted.d));
    const error = wanted.eigenvalues.reduce((most, x, i) => Math.max(most, Math.abs((found[i] ?? 0) - x)), 0);
    expect(error / wanted.eigenvalues[0]!).toBeLessThan(1e-9);
    compareFigures(figures, wanted, wanted.d);
    compareFit(figures, wanted['alpha[12-100]']);
    const other = figuresFrom(arrays, { alphaRange: [11, 100], errors: 'none' });
    compareFit(other.figures, wanted['alpha[11-100]']);
    expect(other.definitions[1]).toBe('alpha[11-100]');
    close(figures['mean_norm'], wanted.norm_of_mean, 1e-9, 'mean_norm');
    close(figures['mean_row_norm'], wanted.mean_row_norm, 1e-9, 'mean_row_norm');
    close(figures['mean_cosine'], wanted.mean_pairwise_cosine, 1e-9, 'mean_cosine');
    close(figures['participation_ratio_unbiased'], wanted.participation_ratio_unbiased, 1e-9, 'unbiased');
    // Singular values of 1e-7 of the largest and less are roots of rounding.
    const deficient = name.startsWith('rank10') || name.startsWith('constant_columns');
    close(figures['rankme_singular'], wanted['rankme.singular'], deficient ? 1e-7 : 1e-9, 'rankme.singular');
    const { jackknife, halves } = wanted;
    if (!jackknife || !halves) return;
    close(figures['rankme_se'], jackknife.rankme!.se, 1e-6, 'rankme_se');
    close(figures['participation_ratio_se'], jackknife.participation_ratio!.se, 1e-6, 'participation_ratio_se');
    close(figures['alpha_se'], jackknife.alpha?.se, 1e-6, 'alpha_se');
    measured.replicates!.rankme.forEach((x, k) => close(x, jackknife.rankme!.replicates[k], 1e-9, `without ${k}`));
    measured.replicates!.alpha.forEach((x, k) => close(x, jackknife.alpha?.replicates[k], 1e-9, `α without ${k}`));
    close(figures['rankme_extrapolated'], halves.rankme_extrapolated, 1e-6, 'rankme_extrapolated');
    const half = (which: 'even' | 'odd') => {
      const one = { eigenvalues: arrays[`eigenvalues_${which}`]!, sums: sumsFor(halves[which].N, wanted.d) };
      return figuresFrom(one, { alphaRange: [12, 100], errors: 'none' }).figures;
    };
    for (const which of ['even', 'odd'] as const) {
      close(half(which)['rankme'], halves[which].rankme, 1e-6, which);
      close(half(which)['alpha'], halves[which].alpha, 1e-6, `α ${which}`);
    }
  });
});

/** Sums of rows whose norms are not known: only N and d matter to the figures of a spectrum. */
function sumsFor(n: number, d: number): Float64Array {
  const none = { meanNorm: 0, norms: 0, squares: 0, unitSquare: 0, zeroRows: 0, deviation2: 0, deviation4: 0 };
  return packSums({ rows: n, n, d, ...none, topDeviation2: null, groupRows: [], groupSquares: [] });
}

const ranks = (n: number) => Array.from({ length: n }, (_, i) => i + 1);
const formulas: Record<string, number[]> = {
  ...Object.fromEntries(['0.7', '1.0', '1.5', '2.0'].map((a) => [`i^-${a}`, ranks(2048).map((i) => i ** -Number(a))])),
  'flat 2048': ranks(2048).map(() => 1),
  'i^-0.7 to 50, then i^-1.5, 2048': ranks(2048).map((i) => (i <= 50 ? i ** -0.7 : 50 ** 0.8 * i ** -1.5)),
  ...Object.fromEntries([100, 99, 511, 512].map((n) => [`i^-1 ${n}`, ranks(n).map((i) => 1 / i)])),
  '0.8^(i-1) 120': ranks(120).map((i) => 0.8 ** (i - 1)),
  'one direction 64': ranks(64).map((i) => (i === 1 ? 1 : 0)),
  'i^-0.5 4096 (published cuts at 2048)': ranks(4096).map((i) => i ** -0.5),
};

describe('golden eigenvalue lists', () => {
  it('has a formula for each list', () => {
    expect(Object.keys(formulas).sort()).toEqual(Object.keys(lists).sort());
  });

  it.each(Object.keys(formulas))('%s', (name) => {
    const values = Float64Array.from(formulas[name]!);
    const d = values.length;
    const arrays = { eigenvalues: values, sums: sumsFor(1_000_000, d) };
    const { figures, reasons } = figuresFrom(arrays, { alphaRange: [12, 100], errors: 'none' });
    compareFigures(figures, lists[name]!, d);
    compareFit(figures, lists[name]!['alpha[12-100]']);
    compareFit(figuresFrom(arrays, { alphaRange: [11, 100], errors: 'none' }).figures, lists[name]!['alpha[11-100]']);
    for (const [figure, value] of Object.entries(figures)) expect(value === null).toBe(figure in reasons);
  });

  it('holds the check values of the definitions', () => {
    const of = (name: string, alphaRange: [number, number] = [12, 100]) =>
      figuresFrom(
        { eigenvalues: Float64Array.from(formulas[name]!), sums: sumsFor(1_000_000, formulas[name]!.length) },
        { alphaRange, errors: 'none' },
      ).figures;
    expect(of('i^-0.7')['rankme_published']).toBeCloseTo(1036.14783, 6);
    expect(of('i^-0.7')['rankme']).toBeCloseTo(1034.654641, 6);
    expect(of('i^-1.0')['rankme_published']).toBeCloseTo(281.808422, 6);
    expect(of('i^-1.5')['rankme_published']).toBeCloseTo(19.955686, 6);
    expect(of('i^-2.0')['rankme_published']).toBeCloseTo(5.130144, 6);
    expect(of('flat 2048')['rankme_published']).toBeCloseTo(2050.780409, 6);
    expect(of('flat 2048')['r2']).toBeNull();
    expect(of('i^-0.7 to 50, then i^-1.5, 2048')['alpha']).toBeCloseTo(0.8956292128, 10);
    expect(of('i^-0.7 to 50, then i^-1.5, 2048', [11, 100])['alpha']).toBeCloseTo(0.8821917797, 10);
  });
});

describe('the sample series', () => {
  const sample = sampleSeries();
  it.each(sample.checkpoints.map((c) => [c.revision, c] as const))('%s', (_, wanted) => {
    const arrays = { eigenvalues: Float64Array.from(wanted.eigenvalues), sums: sumsFor(sample.n, sample.d) };
    const { figures } = figuresFrom(arrays, { alphaRange: [12, 100], errors: 'none' });
    close(figures['rankme'], wanted.rankme, 1e-9, 'rankme');
    close(figures['alpha'], wanted.alpha, 1e-9, 'alpha');
    close(figures['r2_100'], wanted.r2, 1e-9, 'r2_100');
    close(figures['r2'], wanted.r2_13_118, 1e-9, 'r2');
    close(figures['top1'], wanted.top_share, 1e-9, 'top1');
  });
});
