/**
 * Eigenvectors of a symmetric tridiagonal matrix of entries of about 1, by inverse iteration (as LAPACK's dstein): T − λ is
 * factored with row exchanges, a random vector is solved for a few times and each time made orthogonal to the vectors
 * before, until ‖Tz − λz‖ is a few roundings. Clusters and parts that fall apart need nothing else.
 */
import { EigentraceError } from '../errors.js';
import { Random } from '../statistics/random.js';
import { dot } from './kernel/householder.js';

const epsilon = 2 ** -52;
const mostSolves = 8;
const mostStarts = 6;

/** Vectors (k, n) by rows of eigenvalues `wanted` (k), falling. Yields once a solve. */
export function* tridiagonalVectors(
  diagonal: Float64Array,
  off: Float64Array,
  wanted: Float64Array,
): Generator<void, Float64Array> {
  const n = diagonal.length;
  let norm = 0;
  for (let i = 0; i < n; i++) {
    const beside = Math.abs(i > 0 ? off[i - 1]! : 0) + Math.abs(i < n - 1 ? off[i]! : 0);
    norm = Math.max(norm, Math.abs(diagonal[i]!) + beside);
  }
  const factors = new Factors(n);
  const vectors = new Float64Array(wanted.length * n);
  const tolerance = 16 * epsilon * Math.sqrt(n) * norm;
  for (const [k, value] of wanted.entries()) {
    const z = vectors.subarray(k * n, (k + 1) * n);
    factors.factor(diagonal, off, value, Math.max(epsilon * norm, Number.MIN_VALUE / epsilon));
    if (!(yield* iterate(z, k))) {
      const place = `eigenvector ${k} of ${wanted.length}`;
      throw new EigentraceError('internal', `internal: ${place} did not converge (matrix of order ${n})`);
    }
  }
  return vectors;

  function* iterate(z: Float64Array, k: number): Generator<void, boolean> {
    for (let start = 0; start < mostStarts; start++) {
      const random = new Random('eigenvector', n, k, start);
      for (let i = 0; i < n; i++) z[i] = random.normal();
      normalise(z);
      for (let solve = 0; solve < mostSolves; solve++) {
        yield;
        factors.solve(z);
        normalise(z);
        // Twice: the first time leaves what rounding makes of a long projection.
        const first = clean(z, k);
        if (first > 0) clean(z, k);
        if (first === 0) break;
        if (solve > 0 && residual(z, wanted[k]!) <= tolerance) return true;
      }
    }
    return false;
  }

  /** Makes z orthogonal to the first k vectors and of length 1; 0 where nothing of it is left. */
  function clean(z: Float64Array, k: number): number {
    for (let j = 0; j < k; j++) {
      const s = dot(vectors, j * n, z, 0, n);
      for (let i = 0, at = j * n; i < n; i++) z[i]! -= s * vectors[at + i]!;
    }
    return normalise(z);
  }

  /** max |Tz − λz| */
  function residual(z: Float64Array, value: number): number {
    let most = 0;
    for (let i = 0; i < n; i++) {
      const before = i > 0 ? off[i - 1]! * z[i - 1]! : 0;
      const after = i < n - 1 ? off[i]! * z[i + 1]! : 0;
      most = Math.max(most, Math.abs((diagonal[i]! - value) * z[i]! + before + after));
    }
    return most;
  }
}

/** To length 1, whatever its size; its length before, 0 where it has none. */
function normalise(z: Float64Array): number {
  const most = z.reduce((best, x) => Math.max(best, Math.abs(x)), 0);
  if (most === 0 || !Number.isFinite(most)) return 0;
  for (let i = 0; i < z.length; i++) z[i]! /= most;
  const length = Math.sqrt(dot(z, 0, z, 0, z.length));
  for (let i = 0; i < z.length; i++) z[i]! /= length;
  return length * most;
}

/** P (T − λ) = L U: U with two superdiagonals, L with one below. */
class Factors {
  readonly #n: number;
  readonly #u0: Float64Array;
  readonly #u1: Float64Array;
  readonly #u2: Float64Array;
  readonly #below: Float64Array;
  readonly #exchanged: Uint8Array;

  constructor(n: number) {
    this.#n = n;
    this.#u0 = new Float64Array(n);
    this.#u1 = new Float64Array(n);
    this.#u2 = new Float64Array(n);
    this.#below = new Float64Array(n);
    this.#exchanged = new Uint8Array(n);
  }

  /** `least` stands in for a smaller pivot: that is what makes the solution large along the eigenvector. */
  factor(diagonal: Float64Array, off: Float64Array, value: number, least: number): void {
    const n = this.#n;
    // The row at work: [p, q] in columns i, i + 1.
    let p = diagonal[0]! - value;
    let q = n > 1 ? off[0]! : 0;
    for (let i = 0; i < n - 1; i++) {
      const sub = off[i]!;
      const next = diagonal[i + 1]! - value;
      const after = i + 2 < n ? off[i + 1]! : 0;
      if (Math.abs(sub) > Math.abs(p)) {
        const m = p / sub;
        [this.#u0[i], this.#u1[i], this.#u2[i]] = [sub, next, after];
        [this.#below[i], this.#exchanged[i]] = [m, 1];
        [p, q] = [q - m * next, -m * after];
      } else {
        if (Math.abs(p) < least) p = least;
        const m = sub / p;
        [this.#u0[i], this.#u1[i], this.#u2[i]] = [p, q, 0];
        [this.#below[i], this.#exchanged[i]] = [m, 0];
        [p, q] = [next - m * q, after];
      }
    }
    this.#u0[n - 1] = Math.abs(p) < least ? least : p;
  }

  solve(z: Float64Array): void {
    const n = this.#n;
    for (let i = 0; i < n - 1; i++) {
      if (this.#exchanged[i]) [z[i], z[i + 1]] = [z[i + 1]!, z[i]!];
      z[i + 1]! -= this.#below[i]! * z[i]!;
    }
    for (let i = n - 1; i >= 0; i--) {
      let x = z[i]!;
      if (i + 1 < n) x -= this.#u1[i]! * z[i + 1]!;
      if (i + 2 < n) x -= this.#u2[i]! * z[i + 2]!;
      z[i] = x / this.#u0[i]!;
      // A long run of tiny pivots would overflow: only the direction matters.
      if (Math.abs(z[i]!) > 1e150) for (let j = 0; j < n; j++) z[j]! *= 1e-150;
    }
  }
}
