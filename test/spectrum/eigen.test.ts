import { afterAll, describe, expect, it } from 'vitest';
import { eigenvalues, openKernel } from '../../src/spectrum/index.js';
import { startThread } from '../../src/trace/kernel-threads.js';

const kernels = [
  openKernel(),
  openKernel({ startThread, threads: 1 }),
  openKernel({ startThread, threads: 2 }),
  openKernel({ startThread, threads: 3 }),
];
afterAll(() => Promise.all(kernels.map((k) => k.close())));

/** Small reproducible numbers in (−1, 1). */
function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

/** A symmetric matrix with known eigenvalues: reflections of a diagonal. */
function withEigenvalues(values: number[], seed = 1): Float64Array {
  const n = values.length;
  const next = numbers(seed);
  const A = new Float64Array(n * n);
  values.forEach((x, i) => (A[i * n + i] = x));
  for (let round = 0; round < 3; round++) {
    const v = Float64Array.from({ length: n }, next);
    const norm2 = v.reduce((s, x) => s + x * x, 0);
    const w = new Float64Array(n);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) w[i]! += (2 / norm2) * A[i * n + j]! * v[j]!;
    const half = v.reduce((s, x, i) => s + x * w[i]!, 0) / norm2;
    for (let i = 0; i < n; i++) w[i]! -= half * v[i]!;
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) A[i * n + j]! -= v[i]! * w[j]! + w[i]! * v[j]!;
  }
  return A;
}

describe('eigenvalues', () => {
  for (const n of [
    1, 2, 3, 4, 5, 7, 8, 31, 32, 33, 36, 37, 64, 65, 129, 200, 255, 256, 257, 288, 289, 290, 321, 350, 769, 900,
  ]) {
    it(`order ${n}: a known spectrum, the same from every kernel`, async () => {
      const known = Array.from({ length: n }, (_, i) => (i + 1) ** -1 - 0.05);
      const matrix = withEigenvalues(known, n);
      const sorted = known.sort((a, b) => b - a);
      for (const kernel of kernels) {
        const found = await eigenvalues(matrix, n, kernel);
        expect(found.length).toBe(n);
        const error = found.reduce((most, x, i) => Math.max(most, Math.abs(x - sorted[i]!)), 0);
        expect(error, `${kernel.kind} ${kernel.threads}`).toBeLessThan(1e-13);
      }
    });
  }

  it.each([257, 800, 1029])('order %d: no bit depends on the number of threads', async (n) => {
    const next = numbers(n);
    const matrix = new Float64Array(n * n);
    for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) matrix[i * n + j] = matrix[j * n + i] = next();
    const [one, ...others] = await Promise.all(kernels.slice(1).map((kernel) => eigenvalues(matrix, n, kernel)));
    for (const other of others) expect(other).toEqual(one);
  });

  it('of a matrix with many equal ones, zeros among them, in two stages', async () => {
    const n = 300;
    const known = Array.from({ length: n }, (_, i) => (i < 100 ? 1 : i < 200 ? 0.5 : 0));
    for (const kernel of kernels) {
      const found = await eigenvalues(withEigenvalues(known, 2), n, kernel);
      const error = found.reduce((most, x, i) => Math.max(most, Math.abs(x - known[i]!)), 0);
      expect(error).toBeLessThan(1e-13);
      // already diagonal: every reflection is the identity
      const diagonal = new Float64Array(n * n);
      known.forEach((x, i) => (diagonal[((i * 7) % n) * (n + 1)] = x));
      expect([...(await eigenvalues(diagonal, n, kernel))]).toEqual(known);
    }
  });
});
