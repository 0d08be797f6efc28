import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import {
  eigenvalues,
  figuresFrom,
  GramAccumulator,
  groupOfRow,
  type LayerMeasurement,
  measureRows,
  openKernel,
  spectrumMemory,
} from '../../src/spectrum/index.js';
import { startThread } from '../../src/trace/kernel-threads.js';
import { goldenMatrices, type Matrix, randomRows, rowsOf, uniform } from './fixtures.js';

const pure = openKernel();
const wasm = openKernel({ startThread, threads: 2 });
afterAll(() => Promise.all([pure.close(), wasm.close()]));

/** Every figure of both within a relative distance, and the same ones absent. */
function expectSame(a: LayerMeasurement, b: LayerMeasurement, relative: number, except: string[] = []): void {
  expect(Object.keys(a.figures).sort()).toEqual(Object.keys(b.figures).sort());
  for (const [name, x] of Object.entries(a.figures)) {
    if (except.includes(name)) continue;
    const y = b.figures[name] ?? null;
    if (x === null || y === null) expect([name, x]).toEqual([name, y]);
    else expect(Math.abs(x - y), `${name}: ${x}, ${y}`).toBeLessThanOrEqual(relative * Math.max(1, Math.abs(x)));
  }
}

/** Null exactly where there is a reason, and never NaN. */
function expectReasons({ figures, reasons }: LayerMeasurement): void {
  for (const [name, value] of Object.entries(figures)) {
    expect(value === null, name).toBe(name in reasons);
    if (value !== null) expect(Number.isFinite(value), name).toBe(true);
  }
}

const matrix = (n: number, d: number, values: number[]): Matrix => ({ n, d, values: Float32Array.from(values) });
const codes = ({ flags }: LayerMeasurement): string[] => flags.map(({ code }) => code);

describe('both kernels and any number of threads', () => {
  for (const [n, d] of [
    [200, 64],
    [50, 90],
    [64, 64],
    [33, 7],
  ] as const) {
    it(`${n} × ${d}: the same figures`, async () => {
      const rows = rowsOf(randomRows(n, d));
      expectSame(await measureRows(rows, { kernel: wasm }), await measureRows(rows, { kernel: pure }), 1e-11);
    });
  }

  it('800 × 769, above the order of two threads: the same bits with 1, 2 and 3 threads', async () => {
    const rows = rowsOf(randomRows(800, 769));
    const measured: LayerMeasurement[] = [];
    for (const threads of [1, 2, 3]) {
      const kernel = openKernel({ startThread, threads });
      measured.push(await measureRows(rows, { kernel, errors: 'none' }));
      await kernel.close();
    }
    expect(measured[1]).toEqual(measured[0]);
    expect(measured[2]).toEqual(measured[0]);
  });

  it('gives the same bits whatever pieces the rows come in and however often', async () => {
    const m = randomRows(700, 40);
    const whole = await measureRows(rowsOf(m), { kernel: wasm });
    const copied = { ...rowsOf(m), read: (a: number, b: number) => Promise.resolve(m.values.slice(a * 40, b * 40)) };
    expect(await measureRows(copied, { kernel: wasm })).toEqual(whole);
  });

  it('sums rows to the same bits in every kernel, whatever is left over of fours and twos', async () => {
    for (const [n, d] of [
      [300, 203],
      [500, 194],
      [40, 5],
    ] as const) {
      const m = randomRows(n, d, { offset: 1 });
      m.values[3 * d + 1] = NaN;
      m.values.fill(0, 7 * d, 8 * d);
      const [a, b] = [await measureRows(rowsOf(m), { kernel: pure }), await measureRows(rowsOf(m), { kernel: wasm })];
      expect(b.arrays['mean']).toEqual(a.arrays['mean']);
      expect(b.arrays['sums']).toEqual(a.arrays['sums']);
    }
  });

  it('leaves the first coordinate alone in both stages: the uncentred spectrum with the centred one', async () => {
    const [n, d] = [700, 300];
    const m = randomRows(n, d, { offset: 0.5 });
    const gram = new Float64Array(d * d);
    for (let r = 0; r < n; r++) {
      for (let i = 0; i < d; i++) {
        const x = m.values[r * d + i]! / n;
        for (let j = 0; j < d; j++) gram[i * d + j]! += x * m.values[r * d + j]!;
      }
    }
    const wanted = await eigenvalues(gram, d, pure);
    const { arrays } = await measureRows(rowsOf(m), { kernel: wasm, errors: 'none' });
    const error = arrays['eigenvalues_uncentred']!.reduce((most, x, i) => Math.max(most, Math.abs(x - wanted[i]!)), 0);
    expect(error / wanted[0]!).toBeLessThan(1e-13);
  });

  it('counts its decompositions and keeps at most three matrices', async () => {
    const kernel = openKernel({ startThread });
    const progress: number[][] = [];
    const onProgress = (done: number, of: number): void => void progress.push([done, of]);
    const measured = await measureRows(rowsOf(randomRows(200, 24)), { kernel, onProgress });
    expect(measured.decompositions).toBe(13);
    expect(kernel.counts).toEqual({ decompositions: 13, mostSlots: 3, lent: 0 });
    expect(progress).toEqual(Array.from({ length: 13 }, (_, i) => [i + 1, 13]));
    await measureRows(rowsOf(randomRows(20, 24)), { kernel });
    expect(kernel.counts).toEqual({ decompositions: 26, mostSlots: 3, lent: 0 });
    await kernel.close();
    const one = openKernel({ startThread });
    await measureRows(rowsOf(randomRows(200, 24)), { kernel: one, errors: 'none' });
    expect(one.counts).toEqual({ decompositions: 1, mostSlots: 1, lent: 0 });
    await one.close();
    // Three matrices of 2048² float64 and a few panels: far below what eleven Grams would take.
    expect(spectrumMemory(15_000, 2048, { errors: 'jackknife' })).toBeLessThan(4 * 8 * 2048 ** 2);
  });
});

describe('streamed rows (position all)', () => {
  it.each([pure, wasm])('give the figures of kept rows', async (kernel) => {
    const m = randomRows(900, 30, { offset: 2 });
    m.values[17 * 30 + 3] = NaN;
    m.values[400 * 30] = Infinity;
    const kept = await measureRows(rowsOf(m), { kernel });
    const streamed = new GramAccumulator(30, { kernel });
    const order = uniform(5);
    let at = 0;
    while (at < m.n) {
      const count = Math.min(m.n - at, 1 + Math.floor((1 + order()) * 70));
      const groups = Uint8Array.from({ length: count }, (_, i) => groupOfRow(at + i, m.n, 10));
      await streamed.add(m.values.subarray(at * 30, (at + count) * 30), count, groups);
      at += count;
    }
    const measured = await streamed.finish({ kernel });
    expectSame(measured, kept, 1e-10, ['top1pct_variance']);
    expect(measured.n).toBe(898);
    expect(measured.figures['top1pct_variance']).toBeNull();
    expect(measured.reasons['top1pct_variance']).toBe('rows were streamed, not kept');
    expect(measured.replicates!.rankme.length).toBe(10);
    expectReasons(measured);
  });

  it('without errors keep one Gram, and may be fewer than columns', async () => {
    const m = randomRows(20, 30);
    const streamed = new GramAccumulator(30, { kernel: wasm, groups: 0 });
    await streamed.add(m.values, 20, new Uint8Array(20));
    const measured = await streamed.finish({ errors: 'none' });
    expectSame(measured, await measureRows(rowsOf(m), { kernel: wasm, errors: 'none' }), 1e-10, ['top1pct_variance']);
  });

  it('of nothing have reasons', async () => {
    const measured = await new GramAccumulator(4, { kernel: pure }).finish({});
    expect(measured.figures['rankme']).toBeNull();
    expectReasons(measured);
  });
});

describe('edges', () => {
  const cases: Record<string, { rows: Matrix; codes: string[]; rankme: number | null; why?: string }> = {
    'no rows': { rows: matrix(0, 3, []), codes: ['no-rows'], rankme: null, why: 'no finite rows' },
    'one row': {
      rows: matrix(1, 3, [1, 2, 3]),
      codes: ['no-variance'],
      rankme: null,
      why: 'N = 1 (expected at least two rows)',
    },
    'one row, one column': { rows: matrix(1, 1, [5]), codes: ['no-variance'], rankme: null },
    'one column': { rows: matrix(4, 1, [1, 2, 3, 5]), codes: ['alpha-absent'], rankme: 1 },
    'two rows': {
      rows: matrix(2, 5, [1, 2, 3, 4, 5, 2, 2, 2, 2, 2]),
      codes: ['small-sample', 'alpha-absent'],
      rankme: 1,
    },
    'equal rows': {
      rows: matrix(
        40,
        2,
        Array.from({ length: 80 }, (_, i) => (i % 2 ? 0.1 : 1234.56)),
      ),
      codes: ['no-variance'],
      rankme: null,
      why: 'no variance: the rows are equal',
    },
    'rows of zero': { rows: matrix(30, 3, new Array<number>(90).fill(0)), codes: ['no-variance'], rankme: null },
    'no finite row': {
      rows: matrix(3, 2, [NaN, 1, Infinity, 2, 3, -Infinity]),
      codes: ['not-finite', 'no-rows'],
      rankme: null,
    },
  };
  it.each(Object.entries(cases))('%s', async (_, { rows, codes: wanted, rankme, why }) => {
    for (const kernel of [pure, wasm]) {
      const measured = await measureRows(rowsOf(rows), {
        kernel,
        variants: ['rankme[l2]', 'rankme[uncentred]', 'rankme[-1]'],
      });
      expectReasons(measured);
      expect(codes(measured)).toEqual(wanted);
      if (rankme === null) expect(measured.figures['rankme']).toBeNull();
      else expect(measured.figures['rankme']).toBeCloseTo(rankme, 12);
      if (why !== undefined) expect(measured.reasons['rankme']).toBe(why);
    }
  });

  it('leaves out rows that are not finite, and their groups stay those of the corpus', async () => {
    const m = randomRows(200, 16);
    for (const i of [3, 4, 5, 190]) m.values[i * 16 + 2] = i % 2 ? NaN : Infinity;
    const measured = await measureRows(rowsOf(m), { kernel: wasm });
    const kept = Array.from({ length: 200 }, (_, i) => i).filter((i) => ![3, 4, 5, 190].includes(i));
    const rest = matrix(
      196,
      16,
      kept.flatMap((i) => [...m.values.subarray(i * 16, i * 16 + 16)]),
    );
    const groupOf = Uint8Array.from(kept, (i) => groupOfRow(i, 200, 10));
    expectSame(measured, await measureRows(rowsOf(rest), { kernel: wasm, groupOf }), 1e-12);
    expect(measured.flags.find(({ code }) => code === 'not-finite')).toEqual({
      code: 'not-finite',
      message: '4 of 200 rows hold NaN or Inf and were left out',
      count: 4,
    });
  });

  it.each([1e-20, 1e15, 1e-38, 1e37])('scale %d: the same effective rank', async (scale) => {
    const m = randomRows(300, 20);
    const scaled = { ...m, values: m.values.map((x) => Math.fround(x * 2 ** Math.round(Math.log2(scale)))) };
    const a = await measureRows(rowsOf(m), { kernel: wasm });
    const b = await measureRows(rowsOf(scaled), { kernel: wasm });
    // Powers of two are exact, but for subnormal numbers.
    expectSame(a, b, scale < 1e-30 ? 1e-5 : 1e-10, ['mean_norm', 'mean_row_norm']);
    expectReasons(b);
  });

  it('sums anew what is left without a group that holds all the variance', async () => {
    const m = randomRows(400, 12, { offset: 0 });
    for (let j = 0; j < 12; j++) m.values[13 * 12 + j]! += 1e7 * (j + 1);
    const measured = await measureRows(rowsOf(m), { kernel: wasm });
    const without = { n: 360, d: 12, values: m.values.slice(40 * 12) };
    const alone = await measureRows(rowsOf(without), { kernel: wasm, errors: 'none' });
    expect(measured.replicates!.rankme[0]).toBeCloseTo(alone.figures['rankme']!, 9);
    expect(codes(measured)).toContain('few-rows-dominate');
    expect(measured.figures['top1pct_variance']).toBeGreaterThan(0.99);
  });

  it('has errors only where every group has rows', async () => {
    const measured = await measureRows(rowsOf(randomRows(9, 30)), { kernel: wasm });
    expect(measured.replicates).toBeNull();
    expect(measured.reasons['rankme_se']).toBe('1 of 10 groups of rows are empty (expected at least one row in each)');
    const none = await measureRows(rowsOf(randomRows(90, 30)), { kernel: wasm, errors: 'none' });
    expect(none.reasons['rankme_se']).toBe('errors were not asked for');
    expect(none.decompositions).toBe(1);
  });

  it('says how many eigenvalues α lacks', async () => {
    const measured = await measureRows(rowsOf(randomRows(300, 64)), { kernel: wasm });
    expect(measured.figures['alpha']).toBeNull();
    expect(measured.reasons['alpha']).toBe('64 positive eigenvalues (expected at least 100)');
    expect(codes(measured)).toContain('alpha-absent');
    const short = await measureRows(rowsOf(randomRows(300, 64)), { kernel: wasm, alphaRange: [5, 50] });
    expect(short.figures['alpha']).toBeGreaterThan(0);
    expect(short.reasons['r2_100']).toBe('64 positive eigenvalues (expected at least 100)');
    expect(short.definitions[1]).toBe('alpha[5-50]');
  });

  it('counts the direction that a LayerNorm takes away as zero, not as rounding noise', async () => {
    // Each row less its own mean, in float32: one eigenvalue is nothing but rounding.
    const m = randomRows(400, 100);
    for (let i = 0; i < 400; i++) {
      const row = m.values.subarray(i * 100, i * 100 + 100);
      const mean = row.reduce((s, x) => s + x, 0) / 100;
      for (let j = 0; j < 100; j++) row[j]! -= mean;
    }
    for (const kernel of [pure, wasm]) {
      const { arrays, reasons, figures } = await measureRows(rowsOf(m), { kernel });
      expect(arrays['eigenvalues']![99]).toBeLessThan(1e-13);
      expect(figures['alpha']).toBeNull();
      expect(reasons['alpha']).toBe('99 positive eigenvalues (expected at least 100)');
    }
  });

  it('refuses bad options', async () => {
    const rows = rowsOf(randomRows(20, 4));
    const measure = (options: object) => measureRows(rows, { kernel: wasm, ...options });
    await expect(measure({ groups: 1 })).rejects.toThrow("groups: can't be cut so, got 1 (expected 2 to 255)");
    await expect(measure({ groupOf: new Uint8Array(3) })).rejects.toThrow('got 3 groups for 20 rows');
    await expect(measure({ alphaRange: [12, 12] })).rejects.toThrow('alpha range: not a range of ranks, got 12-12');
    await expect(measure({ variants: ['rankme[L2]'] })).rejects.toThrow('got rankme[L2] (expected rankme[l2]');
    expect(() => openKernel({ threads: 0 })).toThrow('threads: not a number of threads, got 0');
  });
});

describe('figures', () => {
  it('come again from the stored arrays alone', async () => {
    const variants = ['rankme[l2]', 'rankme[uncentred]', 'rankme[-2]'];
    const { n, d, arrays, decompositions, ...set } = await measureRows(rowsOf(randomRows(300, 120)), {
      kernel: wasm,
      variants,
    });
    expect(figuresFrom(arrays, { alphaRange: [12, 100], errors: 'jackknife', variants })).toEqual(set);
    expect([n, d, decompositions]).toEqual([300, 120, 14]);
  });

  it('of the variants are those of rows prepared by hand', async () => {
    for (const [n, d] of [
      [60, 20],
      [20, 60],
    ] as const) {
      const m = randomRows(n, d, { offset: 0.8 });
      const unit = { ...m, values: m.values.slice() };
      for (let i = 0; i < n; i++) {
        const norm = Math.hypot(...m.values.subarray(i * d, (i + 1) * d));
        for (let j = 0; j < d; j++) unit.values[i * d + j]! /= norm;
      }
      // both signs: the mean is zero, and the covariance the uncentred second moment
      const both = { n: 2 * n, d, values: Float32Array.from([...m.values, ...m.values.map((x) => -x)]) };
      const variants = ['rankme[l2]', 'rankme[uncentred]', 'rankme[-1]'];
      const { figures, arrays } = await measureRows(rowsOf(m), { kernel: wasm, errors: 'none', variants });
      const rankme = async (rows: Matrix) =>
        (await measureRows(rowsOf(rows), { kernel: pure, errors: 'none' })).figures['rankme']!;
      expect(figures['rankme[l2]']).toBeCloseTo(await rankme(unit), 5);
      expect(figures['rankme[uncentred]']).toBeCloseTo(await rankme(both), 9);
      const rest = arrays['eigenvalues']!.slice(1, Math.min(n - 1, d));
      const total = rest.reduce((s, x) => s + x, 0);
      expect(figures['rankme[-1]']).toBeCloseTo(
        Math.exp(-rest.reduce((s, x) => s + (x / total) * Math.log(x / total), 0)),
        9,
      );
    }
  });

  it('do not change when rows are scaled, shifted or rotated, and stay in their bounds', async () => {
    const shape = fc.record({
      n: fc.integer({ min: 2, max: 40 }),
      d: fc.integer({ min: 1, max: 24 }),
      seed: fc.integer({ min: 1, max: 1e6 }),
      power: fc.integer({ min: -20, max: 20 }),
      shift: fc.integer({ min: -8, max: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ n, d, seed, power, shift }) => {
        const m = randomRows(n, d, { seed, offset: 0 });
        const { figures } = await measureRows(rowsOf(m), { kernel: wasm });
        const rankme = figures['rankme']!;
        expect(rankme).toBeGreaterThanOrEqual(1 - 1e-12);
        expect(rankme).toBeLessThanOrEqual(Math.min(n - 1, d) * (1 + 1e-12));
        expect(figures['stable_rank']).toBeLessThanOrEqual(figures['participation_ratio']! * (1 + 1e-12));
        expect(figures['participation_ratio']).toBeLessThanOrEqual(rankme * (1 + 1e-12));
        expect(figures['top1']).toBeLessThanOrEqual(1 + 1e-12);
        // a quarter turn of neighbouring columns, exact in float32
        const moved = m.values.map((_, i) => {
          const j = i % d;
          const other = j % 2 === 0 ? j + 1 : j - 1;
          const turned = other < d ? (j % 2 === 0 ? 1 : -1) * m.values[i - j + other]! : m.values[i]!;
          return turned * 2 ** power;
        });
        const again = await measureRows(rowsOf({ n, d, values: moved }), { kernel: wasm });
        expect(again.figures['rankme']).toBeCloseTo(rankme, 9);
        const shifted = m.values.map((x, i) => x + shift * (1 + (i % d)));
        const far = await measureRows(rowsOf({ n, d, values: shifted }), { kernel: wasm });
        // float32 rounds the shifted rows
        expect(Math.abs(far.figures['rankme']! / rankme - 1)).toBeLessThan(1e-3);
      }),
      { numRuns: 40 },
    );
  });
});

describe('golden rows', () => {
  it('of a large mean keep every digit in both paths', async () => {
    const m = goldenMatrices()['large_mean_200x32']!;
    expectSame(await measureRows(rowsOf(m), { kernel: wasm }), await measureRows(rowsOf(m), { kernel: pure }), 1e-9);
  });
});
