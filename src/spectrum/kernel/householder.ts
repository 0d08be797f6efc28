/**
 * Gram product and blocked Householder tridiagonalisation in plain TypeScript: the one-stage steps of householder.as.ts, without
 * SIMD and threads. Matrices are column-major, lower triangle, leading dimension `ld` ≥ n + 4, with n + 4 columns.
 * Generators yield between pieces of a few milliseconds so that the caller can rest.
 */
import { blockRows, panelColumns, panelWidth } from './kernel.js';

/** C(4×4) += A Bᵀ over K steps, packed [k][4], in two halves of 4×2: what JavaScript engines keep in registers. */
function tile(
  K: number,
  A: Float64Array,
  a: number,
  B: Float64Array,
  b: number,
  C: Float64Array,
  c: number,
  ld: number,
) {
  for (let h = 0; h < 4; h += 2) {
    let [c0, c1, c2, c3, c4, c5, c6, c7] = [0, 0, 0, 0, 0, 0, 0, 0];
    for (let x = a, y = b + h, end = a + 4 * K; x < end; x += 4, y += 4) {
      const a0 = A[x]!;
      const a1 = A[x + 1]!;
      const a2 = A[x + 2]!;
      const a3 = A[x + 3]!;
      let t = B[y]!;
      c0 += a0 * t;
      c1 += a1 * t;
      c2 += a2 * t;
      c3 += a3 * t;
      t = B[y + 1]!;
      c4 += a0 * t;
      c5 += a1 * t;
      c6 += a2 * t;
      c7 += a3 * t;
    }
    let o = c + h * ld;
    C[o]! += c0;
    C[o + 1]! += c1;
    C[o + 2]! += c2;
    C[o + 3]! += c3;
    o += ld;
    C[o]! += c4;
    C[o + 1]! += c5;
    C[o + 2]! += c6;
    C[o + 3]! += c7;
  }
}

/** C(n,n) lower at offset `o` += A Bᵀ, A and B packed [n/4][K][4] from offset `from`. */
function* product(
  n: number,
  K: number,
  A: Float64Array,
  B: Float64Array,
  from: number,
  C: Float64Array,
  o: number,
  ld: number,
): Generator<void, void> {
  const size = 64;
  for (let J = 0; J < n; J += size) {
    for (let I = J; I < n; I += size) {
      for (let j = J; j < Math.min(n, J + size); j += 4) {
        for (let i = I === J ? j : I; i < Math.min(n, I + size); i += 4) {
          tile(K, A, from + i * K, B, from + j * K, C, o + i + j * ld, ld);
        }
      }
      yield;
    }
  }
}

/** C += PᵀP over `depth` packed rows (panel.ts). */
export function* gramOf(n: number, ld: number, panel: Float64Array, depth: number, C: Float64Array) {
  for (let r = 0, from = 0; r < depth; r += blockRows) {
    const rows = Math.min(blockRows, depth - r);
    yield* product(n, rows, panel, panel, from, C, 0, ld);
    from += rows * panelWidth(n);
  }
}

/** y[at..at+m) = A x for a symmetric lower A(m,m) at offset o; x is read at the same place as y. */
export function symv(A: Float64Array, o: number, ld: number, m: number, x: Float64Array, y: Float64Array, at: number) {
  y.fill(0, at, at + m);
  let c = 0;
  for (; c + 4 <= m; c += 4) {
    const p = o + c + c * ld;
    for (let j = 0; j < 4; j++) {
      const xj = x[at + c + j]!;
      let s = A[p + j * ld + j]! * xj;
      for (let i = j + 1; i < 4; i++) {
        const a = A[p + j * ld + i]!;
        s += a * x[at + c + i]!;
        y[at + c + i]! += a * xj;
      }
      y[at + c + j]! += s;
    }
    const x0 = x[at + c]!;
    const x1 = x[at + c + 1]!;
    const x2 = x[at + c + 2]!;
    const x3 = x[at + c + 3]!;
    let [s0, s1, s2, s3] = [0, 0, 0, 0];
    let p0 = p + 4;
    let p1 = p0 + ld;
    let p2 = p1 + ld;
    let p3 = p2 + ld;
    for (let i = at + c + 4, end = at + m; i < end; i++, p0++, p1++, p2++, p3++) {
      const a0 = A[p0]!;
      const a1 = A[p1]!;
      const a2 = A[p2]!;
      const a3 = A[p3]!;
      const xi = x[i]!;
      y[i]! += a0 * x0 + a1 * x1 + (a2 * x2 + a3 * x3);
      s0 += a0 * xi;
      s1 += a1 * xi;
      s2 += a2 * xi;
      s3 += a3 * xi;
    }
    y[at + c]! += s0;
    y[at + c + 1]! += s1;
    y[at + c + 2]! += s2;
    y[at + c + 3]! += s3;
  }
  for (; c < m; c++) {
    const p = o + c + c * ld;
    const xj = x[at + c]!;
    let s = A[p]! * xj;
    for (let i = 1; i < m - c; i++) {
      const a = A[p + i]!;
      s += a * x[at + c + i]!;
      y[at + c + i]! += a * xj;
    }
    y[at + c]! += s;
  }
}

/** y[yo+i] −= Σ_k P[i,k] s[k] for i0 ≤ i < i1, k < K. */
function subtract(
  P: Float64Array,
  ld: number,
  K: number,
  s: Float64Array,
  y: Float64Array,
  yo: number,
  i0: number,
  i1: number,
) {
  let k = 0;
  for (; k + 3 < K; k += 4) {
    const s0 = s[k]!;
    const s1 = s[k + 1]!;
    const s2 = s[k + 2]!;
    const s3 = s[k + 3]!;
    let p = k * ld + i0;
    let q = p + ld;
    let r = q + ld;
    let t = r + ld;
    for (let i = i0; i < i1; i++) y[yo + i]! -= P[p++]! * s0 + P[q++]! * s1 + (P[r++]! * s2 + P[t++]! * s3);
  }
  for (; k < K; k++) {
    const x = s[k]!;
    for (let i = i0, p = k * ld + i0; i < i1; i++) y[yo + i]! -= P[p++]! * x;
  }
}

export function dot(p: Float64Array, a: number, q: Float64Array, b: number, n: number): number {
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < n; i += 4) {
    s0 += p[a + i]! * q[b + i]!;
    s1 += p[a + i + 1]! * q[b + i + 1]!;
    s2 += p[a + i + 2]! * q[b + i + 2]!;
    s3 += p[a + i + 3]! * q[b + i + 3]!;
  }
  for (; i < n; i++) s0 += p[a + i]! * q[b + i]!;
  return s0 + s1 + (s2 + s3);
}

/**
 * A(n,n) → tridiagonal D(n), E(n−1) by similarity (dlatrd's panels); A is destroyed. With `taus` (n−1) the reflections
 * H = I − τ v vᵀ are kept: v of step k lies in A's column k from row k + 1 on, its first value 1.
 */
export function* tridiagonaliseSteps(
  A: Float64Array,
  ld: number,
  n: number,
  D: Float64Array,
  E: Float64Array,
  taus?: Float64Array,
): Generator<void, void> {
  const V = new Float64Array(ld * panelColumns);
  const W = new Float64Array(ld * panelColumns);
  const packedV = new Float64Array(2 * panelColumns * (n + 4));
  const packedW = new Float64Array(2 * panelColumns * (n + 4));
  const y = new Float64Array(ld);
  const v = new Float64Array(ld);
  const sumW = new Float64Array(panelColumns);
  const sumV = new Float64Array(panelColumns);
  for (let k0 = 0; k0 < n; k0 += panelColumns) {
    const nb = Math.min(panelColumns, n - k0);
    for (let i = 0; i < nb; i++) {
      yield;
      const k = k0 + i;
      const column = k * ld;
      for (let q = 0; q < i; q++) {
        sumW[q] = W[q * ld + k]!;
        sumV[q] = V[q * ld + k]!;
      }
      subtract(V, ld, i, sumW, A, column, k, n);
      subtract(W, ld, i, sumV, A, column, k, n);
      D[k] = A[column + k]!;
      const m0 = k + 1;
      const m = n - m0;
      if (m <= 0) return;
      V.fill(0, i * ld + k0, i * ld + m0);
      W.fill(0, i * ld + k0, i * ld + m0);
      const first = A[column + m0]!;
      const rest = dot(A, column + m0 + 1, A, column + m0 + 1, m - 1);
      let [tau, scale, e] = [0, 0, first];
      if (rest > 0) {
        const norm = Math.sqrt(first * first + rest);
        e = first >= 0 ? -norm : norm;
        tau = (e - first) / e;
        scale = 1 / (first - e);
      }
      E[k] = e;
      v[m0] = 1;
      for (let r = m0 + 1; r < n; r++) v[r] = A[column + r]! * scale;
      V.set(v.subarray(m0, n), i * ld + m0);
      if (taus) {
        A.set(v.subarray(m0, n), column + m0);
        taus[k] = tau;
      }
      symv(A, m0 + m0 * ld, ld, m, v, y, m0);
      for (let q = 0; q < i; q++) {
        sumW[q] = dot(W, q * ld + m0, v, m0, m);
        sumV[q] = dot(V, q * ld + m0, v, m0, m);
      }
      subtract(V, ld, i, sumW, y, 0, m0, n);
      subtract(W, ld, i, sumV, y, 0, m0, n);
      const alpha = -0.5 * tau * tau * dot(y, m0, v, m0, m);
      for (let r = m0; r < n; r++) W[i * ld + r] = tau * y[r]! + alpha * v[r]!;
    }
    const r0 = k0 + nb;
    if (r0 >= n) return;
    // [V|W] and [−W|−V] as panels of four rows: A −= V Wᵀ + W Vᵀ in one product
    for (let p = 0; p < n - r0; p += 4) {
      for (let k = 0; k < nb; k++) {
        for (let q = 0; q < 4; q++) {
          const inside = p + q < n - r0;
          const x = inside ? V[k * ld + r0 + p + q]! : 0;
          const z = inside ? W[k * ld + r0 + p + q]! : 0;
          const at = 2 * p * nb + 4 * k + q;
          packedV[at] = x;
          packedV[at + 4 * nb] = z;
          packedW[at] = -z;
          packedW[at + 4 * nb] = -x;
        }
      }
    }
    yield* product(n - r0, 2 * nb, packedV, packedW, 0, A, r0 + r0 * ld, ld);
  }
}
