/**
 * Eigenvalues of a symmetric tridiagonal matrix by the square-root-free QL and QR iterations of Pal, Walker and Kahan
 * (LAPACK's dsterf), in plain TypeScript; the WebAssembly kernel has the same loop. Absolute error a few 2⁻⁵² of the
 * largest eigenvalue. O(n²): seconds from n ≈ 10,000 on.
 */
import { EigentraceError } from '../errors.js';

const epsilon = 2 ** -53;

/** The power of two that brings the largest entry to about 1; 1 where all are zero. */
export function scaleOf(largest: number): number {
  return largest > 0 ? 2 ** -Math.round(Math.log2(largest)) : 1;
}

/**
 * Overwrites `d` (n) with the eigenvalues, unsorted; `e` (n−1 used) is destroyed. Entries should be about 1 in size.
 * Yields once a sweep so that the caller can rest.
 */
export function* qlIteration(d: Float64Array, e: Float64Array): Generator<void, void> {
  const n = d.length;
  const epsilon2 = epsilon * epsilon;
  let sweeps = 0;
  for (let start = 0; start < n;) {
    // the next unreduced block start..last
    let last = start;
    for (; last < n - 1; last++) {
      if (Math.abs(e[last]!) <= Math.sqrt(Math.abs(d[last]!)) * Math.sqrt(Math.abs(d[last + 1]!)) * epsilon) {
        e[last] = 0;
        break;
      }
    }
    let l = start;
    let end = last;
    start = last + 1;
    for (let i = l; i < end; i++) e[i]! *= e[i]!;
    // work from the end whose diagonal is smaller: QL downwards, QR upwards
    if (Math.abs(d[end]!) < Math.abs(d[l]!)) [l, end] = [end, l];
    const step = end >= l ? 1 : -1;
    // e² between i and i + step lies at e[i] going down, at e[i − 1] going up
    const shift = step > 0 ? 0 : -1;
    while ((end - l) * step >= 0) {
      let m = l;
      while (m !== end && Math.abs(e[m + shift]!) > epsilon2 * Math.abs(d[m]! * d[m + step]!)) m += step;
      if (m !== end) e[m + shift] = 0;
      let p = d[l]!;
      if (m === l) {
        l += step;
        continue;
      }
      if (m === l + step) {
        [d[l], d[m]] = pair(p, Math.sqrt(e[l + shift]!), d[m]!);
        e[l + shift] = 0;
        l += 2 * step;
        continue;
      }
      if (++sweeps > 30 * n) throw new EigentraceError('internal', 'internal: the QL iteration did not converge');
      yield;
      const root = Math.sqrt(e[l + shift]!);
      let sigma = (d[l + step]! - p) / (2 * root);
      const r0 = Math.sqrt(sigma * sigma + 1);
      sigma = p - root / (sigma + (sigma >= 0 ? r0 : -r0));
      let c = 1;
      let s = 0;
      let gamma = d[m]! - sigma;
      p = gamma * gamma;
      for (let i = m - step; (i - l) * step >= 0; i -= step) {
        const bb = e[i + shift]!;
        const r = p + bb;
        if (i !== m - step) e[i + step + shift] = s * r;
        const oldC = c;
        const oldGamma = gamma;
        const alpha = d[i]!;
        c = p / r;
        s = bb / r;
        gamma = c * (alpha - sigma) - s * oldGamma;
        d[i + step] = oldGamma + (alpha - gamma);
        p = c !== 0 ? (gamma * gamma) / c : oldC * bb;
      }
      e[l + shift] = s * p;
      d[l] = sigma + gamma;
    }
  }
}

/** Eigenvalues of [[a, b], [b, c]] (LAPACK's dlae2), the larger in size first. */
function pair(a: number, b: number, c: number): [number, number] {
  const sum = a + c;
  const df = Math.abs(a - c);
  const ab = Math.abs(b + b);
  const [more, less] = Math.abs(a) > Math.abs(c) ? [a, c] : [c, a];
  const root =
    df > ab ? df * Math.sqrt(1 + (ab / df) ** 2) : df < ab ? ab * Math.sqrt(1 + (df / ab) ** 2) : ab * Math.SQRT2;
  if (sum === 0) return [0.5 * root, -0.5 * root];
  const first = 0.5 * (sum < 0 ? sum - root : sum + root);
  return [first, (more / first) * less - (b / first) * b];
}
