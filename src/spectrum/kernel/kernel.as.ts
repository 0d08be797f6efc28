// Symmetric eigenvalues in WebAssembly SIMD (AssemblyScript; compiled by scripts/build-kernel.mjs into wasm.ts).
// Gram of packed float64 panels, Householder tridiagonalisation in panels of NB columns (LAPACK's dlatrd/dsytrd, lower),
// and the Pal-Walker-Kahan QL iteration (dsterf). Matrices are column-major, lower triangle, leading dimension ld; a
// matrix of order n has ld >= n + 4 and n + 4 columns, so that 4×4 tiles may spill past the edge.
// Functions with (tid, nt) are run by nt threads at once over one shared memory; the others by one.
// Every address is given by the host (kernel/threads.ts): there is no allocator and no static data.

/** Columns of a Householder panel; the host sizes V, W and their packed copies by it. */
export const NB: i32 = 32;
/** Rows of one packed block of a Gram panel: a 4-column panel of it (8 KiB) stays in the first-level cache. */
export const DEPTH: i32 = 256;

// ---- threads -------------------------------------------------------------------------------------------------------

/** All threads wait for each other: a bounded spin, then sleep. sync: two int32, arrived and generation. */
function barrier(sync: usize, nt: i32): void {
  if (nt < 2) return;
  const generation = atomic.load<i32>(sync, 4);
  if (atomic.add<i32>(sync, 1) == nt - 1) {
    atomic.store<i32>(sync, 0);
    atomic.add<i32>(sync, 1, 4);
    atomic.notify(sync + 4, nt);
    return;
  }
  let spins = 0;
  while (atomic.load<i32>(sync, 4) == generation) {
    if (++spins > 20000) atomic.wait<i32>(sync + 4, generation, -1);
  }
}

/** First row of thread tid's share of [from, to), even steps from `from`. */
@inline
function cut(from: i32, to: i32, tid: i32, nt: i32): i32 {
  return tid >= nt ? to : from + ((((to - from) * tid) / nt) & ~1);
}

// ---- products ------------------------------------------------------------------------------------------------------

/** c + a·b, in one instruction where the build has relaxed SIMD (a third faster; the last bit may differ). */
@inline
function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(a, b, c);
  return f64x2.add(c, f64x2.mul(a, b));
}

/** The two float64 of a vector, exchanged. */
@inline
function swapped(v: v128): v128 {
  return i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
}

/** (first of v, second of w). */
@inline
function mixed(v: v128, w: v128): v128 {
  return i8x16.shuffle(v, w, 0, 1, 2, 3, 4, 5, 6, 7, 24, 25, 26, 27, 28, 29, 30, 31);
}

/**
 * C(4×4) += A(4×K) B(4×K)ᵀ; both packed [k][4]. d holds products of a with b as loaded (the diagonals of 2×2 blocks), x
 * with b exchanged: two shuffles a step instead of four splats, 15 % faster; more accumulators than eight spill in V8.
 */
function tile(K: i32, a: usize, b: usize, c: usize, ldc: usize): void {
  let d00 = f64x2.splat(0), d10 = f64x2.splat(0), d01 = f64x2.splat(0), d11 = f64x2.splat(0);
  let x00 = f64x2.splat(0), x10 = f64x2.splat(0), x01 = f64x2.splat(0), x11 = f64x2.splat(0);
  const end = a + (<usize>K << 5);
  while (a < end) {
    const a0 = v128.load(a), a1 = v128.load(a, 16), b0 = v128.load(b), b1 = v128.load(b, 16);
    const s0 = swapped(b0);
    d00 = madd(a0, b0, d00);
    d10 = madd(a1, b0, d10);
    x00 = madd(a0, s0, x00);
    x10 = madd(a1, s0, x10);
    const s1 = swapped(b1);
    d01 = madd(a0, b1, d01);
    d11 = madd(a1, b1, d11);
    x01 = madd(a0, s1, x01);
    x11 = madd(a1, s1, x11);
    a += 32;
    b += 32;
  }
  v128.store(c, f64x2.add(v128.load(c), mixed(d00, x00)));
  v128.store(c, f64x2.add(v128.load(c, 16), mixed(d10, x10)), 16);
  c += ldc;
  v128.store(c, f64x2.add(v128.load(c), mixed(x00, d00)));
  v128.store(c, f64x2.add(v128.load(c, 16), mixed(x10, d10)), 16);
  c += ldc;
  v128.store(c, f64x2.add(v128.load(c), mixed(d01, x01)));
  v128.store(c, f64x2.add(v128.load(c, 16), mixed(d11, x11)), 16);
  c += ldc;
  v128.store(c, f64x2.add(v128.load(c), mixed(x01, d01)));
  v128.store(c, f64x2.add(v128.load(c, 16), mixed(x11, d11)), 16);
}

/**
 * C(n,n) lower += A Bᵀ over K packed rows: A and B are [n/4][K][4] float64. Squares of `size` columns are handed out by
 * the counter; each is summed by one thread in the order of k, so no bit of C depends on the number of threads.
 */
function squares(n: i32, K: i32, A: usize, B: usize, C: usize, ldc: usize, size: i32, counter: usize): void {
  const count = (n + size - 1) / size, total = (count * (count + 1)) / 2;
  const stride = <usize>K << 5;
  while (true) {
    let t = atomic.add<i32>(counter, 1);
    if (t >= total) return;
    let J = 0;
    while (t >= count - J) {
      t -= count - J;
      J++;
    }
    const I = J + t;
    const i0 = I * size, i1 = min(n, i0 + size), j0 = J * size, j1 = min(n, j0 + size);
    for (let j = j0; j < j1; j += 4) {
      for (let i = I == J ? j : i0; i < i1; i += 4) {
        tile(K, A + <usize>(i >> 2) * stride, B + <usize>(j >> 2) * stride, C + (<usize>i << 3) + <usize>j * ldc, ldc);
      }
    }
  }
}

/**
 * C(n,n) lower += PᵀP for `depth` packed rows: P is blocks of up to DEPTH rows, each [n/4][rows][4] float64 with the
 * columns padded by zeros to a multiple of 4. `counters` holds one zeroed int32 a block.
 */
export function gram(tid: i32, nt: i32, n: i32, ld: i32, P: usize, depth: i32, C: usize, size: i32, counters: usize, sync: usize): void {
  const width = (<usize>n + 3) & ~3;
  for (let r = 0; r < depth; r += DEPTH) {
    const rows = min(DEPTH, depth - r);
    squares(n, rows, P, P, C, <usize>ld << 3, size, counters);
    P += (<usize>rows * width) << 3;
    counters += 4;
    // The next block adds to the same squares, perhaps in other hands: without waiting two threads could meet in one.
    barrier(sync, nt);
  }
}

/** y(n) += A x for columns c..c+3 of a symmetric lower A(n,n), both triangles used. */
function symv4(A: usize, ld8: usize, n: i32, c: i32, x: usize, y: usize): void {
  const corner = A + (<usize>c << 3) + <usize>c * ld8;
  const n4 = min(4, n - c);
  for (let j = 0; j < n4; j++) {
    const column = corner + <usize>j * ld8;
    const xj = load<f64>(x + (<usize>(c + j) << 3));
    let s = load<f64>(column + (<usize>j << 3)) * xj;
    for (let i = j + 1; i < n4; i++) {
      const a = load<f64>(column + (<usize>i << 3));
      s += a * load<f64>(x + (<usize>(c + i) << 3));
      const yi = y + (<usize>(c + i) << 3);
      store<f64>(yi, load<f64>(yi) + a * xj);
    }
    const yj = y + (<usize>(c + j) << 3);
    store<f64>(yj, load<f64>(yj) + s);
  }
  if (n - c <= 4) return;
  const xc = x + (<usize>c << 3);
  const x0 = v128.load64_splat(xc), x1 = v128.load64_splat(xc, 8), x2 = v128.load64_splat(xc, 16), x3 = v128.load64_splat(xc, 24);
  let t0 = f64x2.splat(0), t1 = f64x2.splat(0), t2 = f64x2.splat(0), t3 = f64x2.splat(0);
  let q0 = corner + 32, q1 = q0 + ld8, q2 = q1 + ld8, q3 = q2 + ld8;
  let xp = xc + 32, yp = y + (<usize>(c + 4) << 3);
  const rest = n - c - 4;
  const end = q0 + (<usize>(rest >> 1) << 4);
  while (q0 < end) {
    const a0 = v128.load(q0), a1 = v128.load(q1), a2 = v128.load(q2), a3 = v128.load(q3), xx = v128.load(xp);
    const sum = f64x2.add(madd(a0, x0, f64x2.mul(a1, x1)), madd(a2, x2, f64x2.mul(a3, x3)));
    v128.store(yp, f64x2.add(v128.load(yp), sum));
    t0 = madd(a0, xx, t0);
    t1 = madd(a1, xx, t1);
    t2 = madd(a2, xx, t2);
    t3 = madd(a3, xx, t3);
    q0 += 16;
    q1 += 16;
    q2 += 16;
    q3 += 16;
    xp += 16;
    yp += 16;
  }
  let s0 = f64x2.extract_lane(t0, 0) + f64x2.extract_lane(t0, 1), s1 = f64x2.extract_lane(t1, 0) + f64x2.extract_lane(t1, 1);
  let s2 = f64x2.extract_lane(t2, 0) + f64x2.extract_lane(t2, 1), s3 = f64x2.extract_lane(t3, 0) + f64x2.extract_lane(t3, 1);
  if (rest & 1) {
    const b0 = load<f64>(q0), b1 = load<f64>(q1), b2 = load<f64>(q2), b3 = load<f64>(q3), last = load<f64>(xp);
    s0 += b0 * last;
    s1 += b1 * last;
    s2 += b2 * last;
    s3 += b3 * last;
    const sum = b0 * f64x2.extract_lane(x0, 0) + b1 * f64x2.extract_lane(x1, 0) + b2 * f64x2.extract_lane(x2, 0) + b3 * f64x2.extract_lane(x3, 0);
    store<f64>(yp, load<f64>(yp) + sum);
  }
  const yc = y + (<usize>c << 3);
  store<f64>(yc, load<f64>(yc) + s0);
  store<f64>(yc, load<f64>(yc, 8) + s1, 8);
  store<f64>(yc, load<f64>(yc, 16) + s2, 16);
  store<f64>(yc, load<f64>(yc, 24) + s3, 24);
}

/** y[i0..i1) -= Σ_k P[:,k] s[k], k < K, two columns at a time. */
function subtract(P: usize, ld8: usize, K: i32, s: usize, y: usize, i0: i32, i1: i32): void {
  let k = 0;
  for (; k + 1 < K; k += 2) {
    const s0 = load<f64>(s + (<usize>k << 3)), s1 = load<f64>(s + (<usize>k << 3), 8);
    const w0 = f64x2.splat(s0), w1 = f64x2.splat(s1);
    let p = P + <usize>k * ld8 + (<usize>i0 << 3), q = p + ld8, o = y + (<usize>i0 << 3);
    let i = i0;
    for (; i + 1 < i1; i += 2) {
      v128.store(o, f64x2.sub(v128.load(o), madd(v128.load(p), w0, f64x2.mul(v128.load(q), w1))));
      p += 16;
      q += 16;
      o += 16;
    }
    if (i < i1) store<f64>(o, load<f64>(o) - (load<f64>(p) * s0 + load<f64>(q) * s1));
  }
  if (k == K) return;
  const s0 = load<f64>(s + (<usize>k << 3)), p = P + <usize>k * ld8;
  for (let i = i0; i < i1; i++) {
    const o = y + (<usize>i << 3);
    store<f64>(o, load<f64>(o) - load<f64>(p + (<usize>i << 3)) * s0);
  }
}

/** Σ p[i] q[i] over [i0, i1). */
function dot(p: usize, q: usize, i0: i32, i1: i32): f64 {
  let a = f64x2.splat(0), b = f64x2.splat(0);
  let i = i0, x = p + (<usize>i0 << 3), y = q + (<usize>i0 << 3);
  for (; i + 3 < i1; i += 4) {
    a = madd(v128.load(x), v128.load(y), a);
    b = madd(v128.load(x, 16), v128.load(y, 16), b);
    x += 32;
    y += 32;
  }
  a = f64x2.add(a, b);
  let s = f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1);
  for (; i < i1; i++) {
    s += load<f64>(x) * load<f64>(y);
    x += 8;
    y += 8;
  }
  return s;
}

// ---- whole matrices ------------------------------------------------------------------------------------------------

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

// ---- Householder tridiagonalisation --------------------------------------------------------------------------------

// A thread's scratch in S (4 KiB each): its parts of Wᵀv, Vᵀv and wᵀv, the gathered rows of W and V, and the sums.
const PART_W: usize = 0;
const PART_V: usize = 256;
const PART_DOT: usize = 512;
const ROW_W: usize = 1024;
const ROW_V: usize = 1280;
const SUM_W: usize = 1536;
const SUM_V: usize = 1792;

/** One panel: reflections k0..k0+nb−1 into V(n,nb), W(n,nb) with A ← A − V Wᵀ − W Vᵀ still to be done past the panel. */
function panel(tid: i32, nt: i32, n: i32, ld8: usize, k0: i32, nb: i32, A: usize, V: usize, W: usize, Y: usize, S: usize, D: usize, E: usize, tau8: usize, sync: usize): void {
  const mine = S + (<usize>tid << 12);
  const y = Y + <usize>tid * ld8;
  for (let i = 0; i < nb; i++) {
    const k = k0 + i, m0 = k + 1, m = n - m0;
    const column = A + <usize>k * ld8, v = V + <usize>i * ld8, w = W + <usize>i * ld8;
    if (i > 0) {
      // column k as it is after the panel's earlier reflections
      for (let q = 0; q < i; q++) {
        const o = <usize>q * ld8 + (<usize>k << 3);
        store<f64>(mine + ROW_W + (<usize>q << 3), load<f64>(W + o));
        store<f64>(mine + ROW_V + (<usize>q << 3), load<f64>(V + o));
      }
      const i0 = cut(k, n, tid, nt), i1 = cut(k, n, tid + 1, nt);
      subtract(V, ld8, i, mine + ROW_W, column, i0, i1);
      subtract(W, ld8, i, mine + ROW_V, column, i0, i1);
      barrier(sync, nt);
    }
    if (tid == 0) {
      store<f64>(D + (<usize>k << 3), load<f64>(column + (<usize>k << 3)));
      let tau: f64 = 0, e: f64 = 0, scale: f64 = 0;
      if (m > 0) {
        const first = load<f64>(column + (<usize>m0 << 3)), rest = dot(column, column, m0 + 1, n);
        e = first;
        if (rest > 0) {
          const norm = sqrt<f64>(first * first + rest);
          e = first >= 0 ? -norm : norm;
          tau = (e - first) / e;
          scale = 1 / (first - e);
        }
      }
      store<f64>(E + (<usize>k << 3), e);
      store<f64>(tau8, tau);
      const head = <usize>(m0 - k0) << 3;
      memory.fill(v + (<usize>k0 << 3), 0, head);
      memory.fill(w + (<usize>k0 << 3), 0, head);
      if (m > 0) store<f64>(v + (<usize>m0 << 3), 1);
      for (let r = m0 + 1; r < n; r++) store<f64>(v + (<usize>r << 3), load<f64>(column + (<usize>r << 3)) * scale);
    }
    barrier(sync, nt);
    if (m <= 0) return;
    const tau = load<f64>(tau8);
    // y = A v, four columns a time and thread
    memory.fill(y + (<usize>m0 << 3), 0, <usize>m << 3);
    const corner = A + (<usize>m0 << 3) + <usize>m0 * ld8;
    for (let c = tid * 4; c < m; c += 4 * nt) symv4(corner, ld8, m, c, v + (<usize>m0 << 3), y + (<usize>m0 << 3));
    const i0 = cut(m0, n, tid, nt), i1 = cut(m0, n, tid + 1, nt);
    for (let q = 0; q < i; q++) {
      store<f64>(mine + PART_W + (<usize>q << 3), dot(W + <usize>q * ld8, v, i0, i1));
      store<f64>(mine + PART_V + (<usize>q << 3), dot(V + <usize>q * ld8, v, i0, i1));
    }
    barrier(sync, nt);
    // w = y − V (Wᵀv) − W (Vᵀv), own rows
    for (let q = 0; q < i; q++) {
      let sw: f64 = 0, sv: f64 = 0;
      for (let t = 0; t < nt; t++) {
        const part = S + (<usize>t << 12) + (<usize>q << 3);
        sw += load<f64>(part + PART_W);
        sv += load<f64>(part + PART_V);
      }
      store<f64>(mine + SUM_W + (<usize>q << 3), sw);
      store<f64>(mine + SUM_V + (<usize>q << 3), sv);
    }
    for (let r = i0; r < i1; r++) {
      let s: f64 = 0;
      for (let t = 0; t < nt; t++) s += load<f64>(Y + <usize>t * ld8 + (<usize>r << 3));
      store<f64>(w + (<usize>r << 3), s);
    }
    subtract(V, ld8, i, mine + SUM_W, w, i0, i1);
    subtract(W, ld8, i, mine + SUM_V, w, i0, i1);
    store<f64>(mine + PART_DOT, dot(w, v, i0, i1));
    barrier(sync, nt);
    let wv: f64 = 0;
    for (let t = 0; t < nt; t++) wv += load<f64>(S + (<usize>t << 12) + PART_DOT);
    const alpha = -0.5 * tau * (tau * wv);
    for (let r = i0; r < i1; r++) {
      const o = w + (<usize>r << 3);
      store<f64>(o, tau * load<f64>(o) + alpha * load<f64>(v + (<usize>r << 3)));
    }
    barrier(sync, nt);
  }
}

/** Rows r0.. of V and W as panels of four: PV = [V|W] and PW = [−W|−V], each [tile][2·nb][4]; tiles p0..p1. */
function packPanels(n: i32, ld8: usize, r0: i32, nb: i32, V: usize, W: usize, PV: usize, PW: usize, p0: i32, p1: i32): void {
  const block = <usize>nb << 5;
  for (let p = p0; p < p1; p++) {
    const row = r0 + 4 * p, count = min(4, n - row);
    let a = V + (<usize>row << 3), b = W + (<usize>row << 3);
    let o = PV + <usize>p * 2 * block, u = PW + <usize>p * 2 * block;
    for (let k = 0; k < nb; k++) {
      for (let q = 0; q < 4; q++) {
        const at = <usize>q << 3;
        const x = q < count ? load<f64>(a + at) : 0, z = q < count ? load<f64>(b + at) : 0;
        store<f64>(o + at, x);
        store<f64>(o + block + at, z);
        store<f64>(u + at, -z);
        store<f64>(u + block + at, -x);
      }
      a += ld8;
      b += ld8;
      o += 32;
      u += 32;
    }
  }
}

/** A(n,n) symmetric lower → tridiagonal D(n), E(n−1) by similarity; A is destroyed. tau8 and counter: 8 bytes each. */
export function tridiagonalise(tid: i32, nt: i32, n: i32, ld: i32, A: usize, V: usize, W: usize, Y: usize, S: usize, D: usize, E: usize, PV: usize, PW: usize, size: i32, tau8: usize, counter: usize, sync: usize): void {
  const ld8 = <usize>ld << 3;
  for (let k0 = 0; k0 < n; k0 += NB) {
    const nb = min(NB, n - k0), r0 = k0 + nb;
    panel(tid, nt, n, ld8, k0, nb, A, V, W, Y, S, D, E, tau8, sync);
    if (r0 >= n) return;
    if (tid == 0) atomic.store<i32>(counter, 0);
    const tiles = (n - r0 + 3) >> 2;
    packPanels(n, ld8, r0, nb, V, W, PV, PW, (tiles * tid) / nt, (tiles * (tid + 1)) / nt);
    barrier(sync, nt);
    squares(n - r0, 2 * nb, PV, PW, A + (<usize>r0 << 3) + <usize>r0 * ld8, ld8, size, counter);
    barrier(sync, nt);
  }
}

// ---- QL iteration --------------------------------------------------------------------------------------------------

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
