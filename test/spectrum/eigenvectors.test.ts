import { describe, expect, it } from 'vitest';
import { eigenvectors, openKernel, rowCovariance } from '../../src/spectrum/index.js';
import { Random } from '../../src/statistics/random.js';

/** Packed lower triangle of Σ v vᵀ over rows (r, n). */
function gram(rows: Float64Array, n: number): Float64Array {
  const packed = new Float64Array((n * (n + 1)) / 2);
  for (let r = 0; r < rows.length; r += n) {
    for (let j = 0, at = 0; j < n; j++) for (let i = j; i < n; i++) packed[at++]! += rows[r + i]! * rows[r + j]!;
  }
  return packed;
}

function normals(count: number, ...name: (string | number)[]): Float64Array {
  const random = new Random(...name);
  return Float64Array.from({ length: count }, () => random.normal());
}

/** The largest ‖Av − λv‖ and the largest of |VVᵀ − I|. */
function errors(packed: Float64Array, n: number, values: Float64Array, vectors: Float64Array): [number, number] {
  const k = values.length;
  let [residual, apart] = [0, 0];
  for (let r = 0; r < k; r++) {
    const v = vectors.subarray(r * n, (r + 1) * n);
    const w = new Float64Array(n);
    for (let j = 0, at = 0; j < n; j++) {
      for (let i = j; i < n; i++, at++) {
        w[i]! += packed[at]! * v[j]!;
        if (i !== j) w[j]! += packed[at]! * v[i]!;
      }
    }
    residual = Math.max(residual, Math.sqrt(w.reduce((s, x, i) => s + (x - values[r]! * v[i]!) ** 2, 0)));
    for (let q = 0; q <= r; q++) {
      const product = v.reduce((s, x, i) => s + x * vectors[q * n + i]!, 0);
      apart = Math.max(apart, Math.abs(product - (q === r ? 1 : 0)));
    }
  }
  return [residual, apart];
}

describe('eigenvectors', () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [5, 5],
    [33, 33],
    [64, 10],
    [97, 97],
    [300, 60],
  ])('order %d, the top %d: small residuals, orthonormal to 1e-12', async (n, k) => {
    const packed = gram(normals(2 * n * n, 'full', n), n);
    const { values, vectors, all } = await eigenvectors(packed, n, k);
    const [residual, apart] = errors(packed, n, values, vectors);
    expect(residual).toBeLessThan(1e-12 * all[0]!);
    expect(apart).toBeLessThan(1e-12);
    expect([...values]).toEqual([...all.slice(0, k)]);
    expect([...values]).toEqual([...values].sort((a, b) => b - a));
  });

  it('finds a basis of the null space of a matrix of low rank, and a trace that adds up', async () => {
    const n = 80;
    const packed = gram(normals(7 * n, 'rank 7'), n);
    const { values, vectors } = await eigenvectors(packed, n, n);
    const [residual, apart] = errors(packed, n, values, vectors);
    expect(residual).toBeLessThan(1e-12 * values[0]!);
    expect(apart).toBeLessThan(1e-12);
    expect(values.filter((x) => x > 1e-10).length).toBe(7);
  });

  it.each(['identity', 'zero', 'pairs', 'steep'])('%s: equal eigenvalues are no trouble', async (kind) => {
    const n = 48;
    const of = (i: number): number =>
      ({ identity: 3, zero: 0, pairs: 1 + Math.floor(i / 2), steep: i === 0 ? 1e9 : 1e-3 * (1 + (i % 4)) })[kind]!;
    // Reflected, so that nothing is diagonal from the start: H D H.
    const u = normals(n, 'reflection', kind);
    const square = u.reduce((s, x) => s + x * x, 0);
    const rows = new Float64Array(n * n);
    for (let r = 0; r < n; r++) {
      for (let i = 0; i < n; i++)
        rows[r * n + i] = Math.sqrt(of(r)) * ((r === i ? 1 : 0) - (2 * u[r]! * u[i]!) / square);
    }
    const packed = gram(rows, n);
    const { values, vectors } = await eigenvectors(packed, n, n);
    const [residual, apart] = errors(packed, n, values, vectors);
    const known = Array.from({ length: n }, (_, i) => of(i)).sort((a, b) => b - a);
    const scale = Math.max(known[0]!, 1e-300);
    values.forEach((x, i) => expect(Math.abs(x - known[i]!)).toBeLessThan(1e-13 * scale + 1e-300));
    expect(residual).toBeLessThan(1e-12 * scale + 1e-300);
    expect(apart).toBeLessThan(1e-12);
  });

  it("finds Wilkinson's W21+, whose pairs agree to the last bits", async () => {
    const n = 21;
    const packed = new Float64Array((n * (n + 1)) / 2);
    for (let j = 0, at = 0; j < n; j++) {
      for (let i = j; i < n; i++) packed[at++] = i === j ? Math.abs(10 - j) : i === j + 1 ? 1 : 0;
    }
    const { values, vectors } = await eigenvectors(packed, n, n);
    const [residual, apart] = errors(packed, n, values, vectors);
    expect(values[0]).toBeCloseTo(10.746194182903393, 12);
    expect(residual).toBeLessThan(1e-13);
    expect(apart).toBeLessThan(1e-12);
  });

  it('says what is wrong', async () => {
    await expect(eigenvectors(new Float64Array(3), 2, 3)).rejects.toThrow('got 3 (expected 0 to 2');
    await expect(eigenvectors(new Float64Array(4), 2, 1)).rejects.toThrow('no triangle, got 4 values');
    await expect(eigenvectors(Float64Array.of(1, NaN, 1), 2, 1)).rejects.toThrow('entry 1 is not finite');
  });

  it('ends when it is stopped', async () => {
    const stop = new AbortController();
    stop.abort();
    const n = 700;
    const packed = gram(normals(3 * n, 'stopped'), n);
    await expect(eigenvectors(packed, n, 5, stop.signal)).rejects.toThrow('interrupted');
  });
});

describe('covariance of rows', () => {
  it('leaves out rows that are not finite, and is that of the others', async () => {
    const [n, d] = [50, 6];
    const values = Float32Array.from(normals(n * d, 'rows'), (x) => x + 3);
    values[7 * d] = NaN;
    values[9 * d + 2] = Infinity;
    const kernel = openKernel();
    const found = await rowCovariance({ n, d, read: (a, b) => values.slice(a * d, b * d) }, kernel);
    expect([found.n, found.left]).toEqual([48, 2]);
    const kept = Array.from({ length: n }, (_, i) => i).filter((i) => i !== 7 && i !== 9);
    const mean = Array.from({ length: d }, (_, j) => kept.reduce((s, i) => s + values[i * d + j]!, 0) / 48);
    found.mean.forEach((x, j) => expect(x).toBeCloseTo(mean[j]!, 12));
    for (let j = 0, at = 0; j < d; j++) {
      for (let i = j; i < d; i++) {
        const sum = kept.reduce((s, r) => s + (values[r * d + i]! - mean[i]!) * (values[r * d + j]! - mean[j]!), 0);
        expect(found.packed[at++]).toBeCloseTo(sum / 48, 12);
      }
    }
    await kernel.close();
  });
});
