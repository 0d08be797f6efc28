// Operations on whole matrices.

/** Zeroes; the first touch of fresh memory is the slow part. */
export function clear(at: usize, bytes: usize): void {
  memory.fill(at, 0, bytes);
}

/** dst(n,n) lower = ca·A + cb·B − f·s sᵀ, for any of the three the same matrix; s has n values and one of padding. */
export function form(tid: i32, nt: i32, n: i32, ld: i32, dst: usize, A: usize, ca: f64, B: usize, cb: f64, s: usize, f: f64): void {
  const fa = f64x2.splat(ca), fb = f64x2.splat(cb);
  for (let j = tid; j < n; j += nt) {
    const o = (<usize>j * <usize>ld + <usize>j) << 3;
    const fs = f64x2.splat(f * load<f64>(s + (<usize>j << 3)));
    let a = A + o, b = B + o, c = dst + o, p = s + (<usize>j << 3);
    for (let i = j; i < n; i += 2) {
      const sum = f64x2.add(f64x2.mul(fa, v128.load(a)), f64x2.mul(fb, v128.load(b)));
      v128.store(c, f64x2.sub(sum, f64x2.mul(fs, v128.load(p))));
      a += 16;
      b += 16;
      c += 16;
      p += 16;
    }
  }
}

/** dst(m,m) lower = src[index, index]; `index` holds m ascending int32. */
export function gather(m: i32, ld: i32, dst: usize, src: usize, index: usize): void {
  for (let j = 0; j < m; j++) {
    const from = src + ((<usize>load<i32>(index + (<usize>j << 2)) * <usize>ld) << 3);
    const to = dst + ((<usize>j * <usize>ld) << 3);
    for (let i = j; i < m; i++) {
      store<f64>(to + (<usize>i << 3), load<f64>(from + (<usize>load<i32>(index + (<usize>i << 2)) << 3)));
    }
  }
}

/** max |A[i,j]| over the lower triangle; NaN where any entry is NaN. */
export function largest(n: i32, ld: i32, A: usize): f64 {
  let most: f64 = 0;
  for (let j = 0; j < n; j++) {
    const column = A + ((<usize>j * <usize>ld) << 3);
    for (let i = j; i < n; i++) {
      const a = abs(load<f64>(column + (<usize>i << 3)));
      if (!(a <= most)) {
        if (a != a) return a;
        most = a;
      }
    }
  }
  return most;
}

/**
 * A ← H A H with the reflection H = I − τ u uᵀ (u₀ = 1) that takes v to β e₀. Writes u; `out` receives β and τ.
 * `p` is scratch of n values.
 */
export function reflect(n: i32, ld: i32, A: usize, v: usize, u: usize, p: usize, out: usize): void {
  const ld8 = <usize>ld << 3;
  const first = load<f64>(v), rest = dot(v, v, 1, n);
  let tau: f64 = 0, beta = first, scale: f64 = 0;
  if (rest > 0) {
    const norm = sqrt<f64>(first * first + rest);
    beta = first >= 0 ? -norm : norm;
    tau = (beta - first) / beta;
    scale = 1 / (first - beta);
  }
  store<f64>(out, beta);
  store<f64>(out, tau, 8);
  store<f64>(u, 1);
  for (let i = 1; i < n; i++) store<f64>(u + (<usize>i << 3), load<f64>(v + (<usize>i << 3)) * scale);
  if (tau == 0) return;
  memory.fill(p, 0, <usize>n << 3);
  for (let c = 0; c < n; c += 4) symv4(A, ld8, n, c, u, p);
  // A − u wᵀ − w uᵀ with w = τ p − ½τ² (uᵀp) u
  const half = 0.5 * tau * tau * dot(u, p, 0, n);
  for (let i = 0; i < n; i++) {
    const o = p + (<usize>i << 3);
    store<f64>(o, tau * load<f64>(o) - half * load<f64>(u + (<usize>i << 3)));
  }
  for (let j = 0; j < n; j++) {
    const uj = load<f64>(u + (<usize>j << 3)), wj = load<f64>(p + (<usize>j << 3));
    for (let i = j; i < n; i++) {
      const o = A + <usize>j * ld8 + (<usize>i << 3);
      store<f64>(o, load<f64>(o) - load<f64>(u + (<usize>i << 3)) * wj - load<f64>(p + (<usize>i << 3)) * uj);
    }
  }
}
