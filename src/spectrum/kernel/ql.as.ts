// Eigenvalues of a tridiagonal matrix: the Pal-Walker-Kahan QL iteration (dsterf).

/** Eigenvalues of [[a, b], [b, c]] (LAPACK's dlae2): the larger in size first. */
function pair(a: f64, b: f64, c: f64, out: usize): void {
  const sum = a + c, df = abs(a - c), ab = abs(b + b);
  const more = abs(a) > abs(c) ? a : c, less = abs(a) > abs(c) ? c : a;
  let root: f64;
  if (df > ab) root = df * sqrt<f64>(1 + (ab / df) * (ab / df));
  else if (df < ab) root = ab * sqrt<f64>(1 + (df / ab) * (df / ab));
  else root = ab * sqrt<f64>(2);
  if (sum == 0) {
    store<f64>(out, 0.5 * root);
    store<f64>(out, -0.5 * root, 8);
    return;
  }
  const first = 0.5 * (sum < 0 ? sum - root : sum + root);
  store<f64>(out, first);
  store<f64>(out, (more / first) * less - (b / first) * b, 8);
}

/**
 * Eigenvalues of the tridiagonal D(n), E(n−1) (LAPACK's dsterf without its scaling: the host scales to about 1), left
 * unsorted in D; E is destroyed. Returns 0, or 1 when 30·n sweeps were not enough. `out`: 16 bytes of scratch.
 * The part from `step` = +1 is QL from the top, −1 is QR from the bottom: the smaller end is worked on.
 */
export function ql(n: i32, D: usize, E: usize, out: usize): i32 {
  const eps: f64 = 1.1102230246251565e-16, eps2 = eps * eps;
  let start = 0, sweeps = 0;
  while (start < n) {
    // the next unreduced block start..last
    let last = start;
    for (; last < n - 1; last++) {
      const e = E + (<usize>last << 3);
      const limit = sqrt<f64>(abs(load<f64>(D + (<usize>last << 3)))) * sqrt<f64>(abs(load<f64>(D + (<usize>last << 3), 8))) * eps;
      if (abs(load<f64>(e)) <= limit) {
        store<f64>(e, 0);
        break;
      }
    }
    let l = start, end = last;
    start = last + 1;
    if (l == end) continue;
    for (let i = l; i < end; i++) {
      const e = E + (<usize>i << 3);
      store<f64>(e, load<f64>(e) * load<f64>(e));
    }
    if (abs(load<f64>(D + (<usize>end << 3))) < abs(load<f64>(D + (<usize>l << 3)))) {
      const t = end;
      end = l;
      l = t;
    }
    const step = end >= l ? 1 : -1;
    // e²(i, i+step) lies at E[i] going down and at E[i−1] going up
    const shift = step > 0 ? 0 : -1;
    while ((end - l) * step >= 0) {
      let m = l;
      while (m != end) {
        const e = load<f64>(E + (<usize>(m + shift) << 3));
        if (abs(e) <= eps2 * abs(load<f64>(D + (<usize>m << 3)) * load<f64>(D + (<usize>(m + step) << 3)))) break;
        m += step;
      }
      if (m != end) store<f64>(E + (<usize>(m + shift) << 3), 0);
      const dl = D + (<usize>l << 3), el = E + (<usize>(l + shift) << 3);
      let p = load<f64>(dl);
      if (m == l) {
        l += step;
        continue;
      }
      if (m == l + step) {
        const next = D + (<usize>(l + step) << 3);
        pair(p, sqrt<f64>(load<f64>(el)), load<f64>(next), out);
        store<f64>(dl, load<f64>(out));
        store<f64>(next, load<f64>(out, 8));
        store<f64>(el, 0);
        l += 2 * step;
        continue;
      }
      if (++sweeps > 30 * n) return 1;
      const root = sqrt<f64>(load<f64>(el));
      let sigma = (load<f64>(D + (<usize>(l + step) << 3)) - p) / (2 * root);
      const r0 = sqrt<f64>(sigma * sigma + 1);
      sigma = p - root / (sigma + (sigma >= 0 ? r0 : -r0));
      let c: f64 = 1, s: f64 = 0, gamma = load<f64>(D + (<usize>m << 3)) - sigma;
      p = gamma * gamma;
      for (let i = m - step; (i - l) * step >= 0; i -= step) {
        const bb = load<f64>(E + (<usize>(i + shift) << 3)), r = p + bb;
        if (i != m - step) store<f64>(E + (<usize>(i + step + shift) << 3), s * r);
        const oldC = c, oldGamma = gamma, alpha = load<f64>(D + (<usize>i << 3));
        c = p / r;
        s = bb / r;
        gamma = c * (alpha - sigma) - s * oldGamma;
        store<f64>(D + (<usize>(i + step) << 3), oldGamma + (alpha - gamma));
        p = c != 0 ? (gamma * gamma) / c : oldC * bb;
      }
      store<f64>(el, s * p);
      store<f64>(dl, sigma + gamma);
    }
  }
  return 0;
}
