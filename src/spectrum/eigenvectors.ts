/**
 * The largest eigenvalues of a symmetric matrix with their vectors, in plain TypeScript: Householder reduction with its
 * reflections kept, all eigenvalues of the tridiagonal matrix by QL, its wanted vectors by inverse iteration made orthogonal to
 * those before (inverse.ts), and the reflections applied to them. Equal and zero eigenvalues get an orthonormal basis of
 * their space. About 4/3·n³ + 2·n²·k operations on the calling thread, which rests in between.
 */
import { EigentraceError } from '../errors.js';
import { tridiagonalVectors } from './inverse.js';
import { dot, tridiagonaliseSteps } from './kernel/householder.js';
import { panelWidth } from './kernel/kernel.js';
import { Pace } from './kernel/pace.js';
import { qlIteration, scaleOf } from './tridiagonal.js';

export interface Eigenvectors {
  /** The k largest eigenvalues, falling. */
  readonly values: Float64Array;
  /** (k, n) by rows: orthonormal, each with its largest entry positive. */
  readonly vectors: Float64Array;
  /** All n eigenvalues, falling, rounding included. */
  readonly all: Float64Array;
}

/** `packed`: the lower triangle by columns, n·(n+1)/2 values. */
export async function eigenvectors(
  packed: Float64Array,
  n: number,
  k: number,
  signal?: AbortSignal,
): Promise<Eigenvectors> {
  if (!Number.isInteger(n) || n < 1 || packed.length !== (n * (n + 1)) / 2) {
    const expected = `${n}·${n + 1}/2`;
    throw new EigentraceError('input', `matrix: no triangle, got ${packed.length} values (expected ${expected})`);
  }
  if (!Number.isInteger(k) || k < 0 || k > n) {
    throw new EigentraceError('usage', `eigenvectors: got ${k} (expected 0 to ${n}, the order of the matrix)`);
  }
  let largest = 0;
  for (const [i, x] of packed.entries()) {
    if (!Number.isFinite(x)) {
      throw new EigentraceError('input', `matrix: entry ${i} is not finite, got ${x} (expected finite float64)`);
    }
    largest = Math.max(largest, Math.abs(x));
  }
  const pace = new Pace(signal);
  const scale = scaleOf(largest);
  const ld = panelWidth(n) + 8;
  const A = new Float64Array(ld * (n + 4));
  for (let j = 0, at = 0; j < n; j++) for (let i = j; i < n; i++) A[j * ld + i] = packed[at++]! * scale;
  const diagonal = new Float64Array(n);
  const off = new Float64Array(n);
  const taus = new Float64Array(n);
  await pace.drive(tridiagonaliseSteps(A, ld, n, diagonal, off, taus));
  const all = diagonal.slice();
  await pace.drive(qlIteration(all, off.slice()));
  all.sort().reverse();
  const vectors = await pace.drive(tridiagonalVectors(diagonal, off, all.subarray(0, k)));
  // Qᵀ A Q = T: a vector of A is Q = H₀H₁… times one of T.
  for (let step = n - 2; step >= 0; step--) {
    const tau = taus[step]!;
    const from = step + 1;
    const column = step * ld + from;
    for (let r = 0; r < k && tau !== 0; r++) {
      const row = r * n + from;
      const s = tau * dot(A, column, vectors, row, n - from);
      for (let i = 0; i < n - from; i++) vectors[row + i]! -= s * A[column + i]!;
    }
    if (pace.due()) await pace.rest();
  }
  for (let r = 0; r < k; r++) turn(vectors.subarray(r * n, (r + 1) * n));
  return { values: all.slice(0, k).map((x) => x / scale), vectors, all: all.map((x) => x / scale) };
}

/** Either sign of an eigenvector is one: the largest entry is made positive, so that runs agree. */
function turn(vector: Float64Array): void {
  const most = vector.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0);
  if (most < 0) for (let i = 0; i < vector.length; i++) vector[i] = -vector[i]!;
}
