// Symmetric eigenvalues in WebAssembly SIMD (AssemblyScript; compiled by scripts/build-kernel.mjs into wasm.ts).
// Gram of packed float64 panels, Householder tridiagonalisation in panels of NB columns (LAPACK's dlatrd/dsytrd, lower),
// and the Pal-Walker-Kahan QL iteration (dsterf). Matrices are column-major, lower triangle, leading dimension ld; a
// matrix of order n has ld >= n + 4 and n + 4 columns, so that 4×4 tiles may spill past the edge.
// Functions with (tid, nt) are run by nt threads at once over one shared memory; the others by one.
// Every address is given by the host (kernel/threads.ts): there is no allocator and no static data.

/** Columns of a Householder panel; the host sizes V, W and their packed copies by it. */
export const NB: i32 = 32;
/** Subdiagonals of the band between the two stages; a multiple of 8, at least NB. */
export const BAND: i32 = 32;
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

// What a function with barriers needs comes in memory, float64 by float64. As parameters they would lie on the caller's
// stack, where V8 11.3 (Node 20) was seen to lose one while a thread slept in a barrier: the thread then met nobody.

@inline
function integer(args: usize, i: i32): i32 {
  return <i32>load<f64>(args + (<usize>i << 3));
}

@inline
function place(args: usize, i: i32): usize {
  return <usize>load<f64>(args + (<usize>i << 3));
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
  while (true) {
    let t = atomic.add<i32>(counter, 1);
    if (t >= total) return;
    let J = 0;
    while (t >= count - J) {
      t -= count - J;
      J++;
    }
    square(n, K, A, B, C, ldc, size, J + t, J);
  }
}

/** Square (I, J) of the above; on the diagonal its lower half. */
function square(n: i32, K: i32, A: usize, B: usize, C: usize, ldc: usize, size: i32, I: i32, J: i32): void {
  const stride = <usize>K << 5;
  const i0 = I * size, i1 = min(n, i0 + size), j0 = J * size, j1 = min(n, j0 + size);
  for (let j = j0; j < j1; j += 4) {
    for (let i = I == J ? j : i0; i < i1; i += 4) {
      tile(K, A + <usize>(i >> 2) * stride, B + <usize>(j >> 2) * stride, C + (<usize>i << 3) + <usize>j * ldc, ldc);
    }
  }
}

/**
 * C(n,n) lower += PᵀP for `depth` packed rows: P is blocks of up to DEPTH rows, each [n/4][rows][4] float64 with the
 * columns padded by zeros to a multiple of 4. A square takes all blocks in turn while it lies in the second-level cache;
 * squares are handed out by the zeroed `counter`.
 */
export function gram(tid: i32, nt: i32, n: i32, ld: i32, P: usize, depth: i32, C: usize, size: i32, counter: usize): void {
  const count = (n + size - 1) / size, total = (count * (count + 1)) / 2, ldc = <usize>ld << 3;
  const width = (<usize>n + 3) & ~3;
  while (true) {
    let t = atomic.add<i32>(counter, 1);
    if (t >= total) return;
    let J = 0;
    while (t >= count - J) {
      t -= count - J;
      J++;
    }
    const I = J + t;
    for (let r = 0; r < depth; r += DEPTH) {
      const rows = min(DEPTH, depth - r);
      square(n, rows, P + ((<usize>r * width) << 3), P + ((<usize>r * width) << 3), C, ldc, size, I, J);
    }
  }
}

/**
 * Packs `count` float32 rows (row-major, n columns) into P as gram reads them: factor·x − mean in float64, `factors` one
 * a row. Then gram.
 */
export function covariance(tid: i32, nt: i32, args: usize): void {
  const n = integer(args, 0), ld = integer(args, 1), rows = place(args, 2), count = integer(args, 3), mean = place(args, 4), factors = place(args, 5);
  const P = place(args, 6), C = place(args, 7), size = integer(args, 8), counter = place(args, 9), sync = place(args, 10);
  const width = (n + 3) & ~3;
  // 16 columns a time: a cache line of the rows, four streams into the panel
  const strips = (width + 15) >> 4;
  const from = ((strips * tid) / nt) << 4, to = min(width, ((strips * (tid + 1)) / nt) << 4);
  for (let r = 0; r < count; r += DEPTH) {
    const block = min(DEPTH, count - r);
    packBlock(n, block, rows + ((<usize>r * <usize>n) << 2), mean, factors + (<usize>r << 3), P + ((<usize>r * <usize>width) << 3), from, to);
  }
  barrier(sync, nt);
  gram(tid, nt, n, ld, P, count, C, size, counter);
}

/** Columns from..to of one block of packed rows. */
function packBlock(n: i32, count: i32, rows: usize, mean: usize, factors: usize, P: usize, from: i32, to: i32): void {
  const pitch = <usize>n << 2, stride = <usize>count << 5;
  for (let j0 = from; j0 < to; j0 += 16) {
    for (let r = 0; r < count; r++) {
      const factor = v128.load64_splat(factors + (<usize>r << 3));
      let x = rows + <usize>r * pitch + (<usize>j0 << 2), m = mean + (<usize>j0 << 3);
      let o = P + <usize>(j0 >> 2) * stride + (<usize>r << 5);
      const end = min(j0 + 16, to);
      for (let j = j0; j < end; j += 4) {
        if (j + 4 <= n) {
          const low = f64x2.promote_low_f32x4(v128.load64_zero(x)), high = f64x2.promote_low_f32x4(v128.load64_zero(x, 8));
          v128.store(o, f64x2.sub(f64x2.mul(low, factor), v128.load(m)));
          v128.store(o, f64x2.sub(f64x2.mul(high, factor), v128.load(m, 16)), 16);
        } else {
          const f = f64x2.extract_lane(factor, 0);
          for (let q = 0; q < 4; q++) {
            const value = j + q < n ? <f64>load<f32>(x + (<usize>q << 2)) * f - load<f64>(m + (<usize>q << 3)) : 0;
            store<f64>(o + (<usize>q << 3), value);
          }
        }
        x += 16;
        m += 32;
        o += stride;
      }
    }
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

// ---- sums over rows ------------------------------------------------------------------------------------------------

/** Two float32 as float64. */
@inline
function two(x: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(x));
}

/**
 * ‖x‖² of `count` float32 rows (row-major, n columns) into `squares`; then, over the finite rows in their order, each
 * group's Σx (n values a group from `sums` on, `groups` one byte a row) and Σx/‖x‖ (`unit`). The additions are those of
 * row-sums.ts, so the bits are too.
 */
export function rowSums(tid: i32, nt: i32, args: usize): void {
  const n = integer(args, 0), rows = place(args, 1), count = integer(args, 2), groups = place(args, 3), squares = place(args, 4);
  const sums = place(args, 5), unit = place(args, 6), sync = place(args, 7);
  const pitch = <usize>n << 2;
  for (let r = (count * tid) / nt, end = (count * (tid + 1)) / nt; r < end; r++) {
    let x = rows + <usize>r * pitch, a = f64x2.splat(0), b = f64x2.splat(0), i = 0;
    for (; i + 3 < n; i += 4) {
      const low = two(x), high = two(x + 8);
      a = f64x2.add(a, f64x2.mul(low, low));
      b = f64x2.add(b, f64x2.mul(high, high));
      x += 16;
    }
    let first = f64x2.extract_lane(a, 0);
    for (; i < n; i++) {
      const value = <f64>load<f32>(x);
      first += value * value;
      x += 4;
    }
    store<f64>(squares + (<usize>r << 3), first + f64x2.extract_lane(a, 1) + (f64x2.extract_lane(b, 0) + f64x2.extract_lane(b, 1)));
  }
  barrier(sync, nt);
  const from = cut(0, n, tid, nt), to = cut(0, n, tid + 1, nt);
  for (let r = 0; r < count; r++) {
    const square = load<f64>(squares + (<usize>r << 3));
    // NaN or infinite: the row is left out
    if (!(square < Infinity)) continue;
    const factor = square > 0 ? 1 / sqrt<f64>(square) : 0, f = f64x2.splat(factor);
    let x = rows + <usize>r * pitch + (<usize>from << 2), u = unit + (<usize>from << 3), i = from;
    let s = sums + ((<usize>load<u8>(groups + <usize>r) * <usize>n + <usize>from) << 3);
    for (; i + 1 < to; i += 2) {
      const value = two(x);
      v128.store(s, f64x2.add(v128.load(s), value));
      v128.store(u, f64x2.add(v128.load(u), f64x2.mul(value, f)));
      x += 8;
      s += 16;
      u += 16;
    }
    if (i < to) {
      const value = <f64>load<f32>(x);
      store<f64>(s, load<f64>(s) + value);
      store<f64>(u, load<f64>(u) + value * factor);
    }
  }
}

/** ‖x − μ‖² and (x − μ)·μ of `count` float32 rows, in the additions of scan.ts. */
export function deviations(tid: i32, nt: i32, args: usize): void {
  const n = integer(args, 0), rows = place(args, 1), count = integer(args, 2), mean = place(args, 3), squares = place(args, 4), along = place(args, 5);
  for (let r = (count * tid) / nt, end = (count * (tid + 1)) / nt; r < end; r++) {
    let x = rows + ((<usize>r * <usize>n) << 2), m = mean, s = f64x2.splat(0), t = f64x2.splat(0), i = 0;
    for (; i + 1 < n; i += 2) {
      const mu = v128.load(m), y = f64x2.sub(two(x), mu);
      s = f64x2.add(s, f64x2.mul(y, y));
      t = f64x2.add(t, f64x2.mul(y, mu));
      x += 8;
      m += 16;
    }
    let s0 = f64x2.extract_lane(s, 0), t0 = f64x2.extract_lane(t, 0);
    if (i < n) {
      const mu = load<f64>(m), y = <f64>load<f32>(x) - mu;
      s0 += y * y;
      t0 += y * mu;
    }
    store<f64>(squares + (<usize>r << 3), s0 + f64x2.extract_lane(s, 1));
    store<f64>(along + (<usize>r << 3), t0 + f64x2.extract_lane(t, 1));
  }
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
function panel(tid: i32, nt: i32, k0: i32, nb: i32, args: usize): void {
  const n = integer(args, 0), ld8 = place(args, 1) << 3, A = place(args, 2), V = place(args, 3), W = place(args, 4), Y = place(args, 5);
  const S = place(args, 6), D = place(args, 7), E = place(args, 8), tau8 = place(args, 12), sync = place(args, 14);
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
export function tridiagonalise(tid: i32, nt: i32, args: usize): void {
  const n = integer(args, 0), ld = integer(args, 1), A = place(args, 2), V = place(args, 3), W = place(args, 4), Y = place(args, 5);
  const S = place(args, 6), D = place(args, 7), E = place(args, 8), PV = place(args, 9), PW = place(args, 10), size = integer(args, 11);
  const tau8 = place(args, 12), counter = place(args, 13), sync = place(args, 14);
  const ld8 = <usize>ld << 3;
  for (let k0 = 0; k0 < n; k0 += NB) {
    const nb = min(NB, n - k0), r0 = k0 + nb;
    panel(tid, nt, k0, nb, args);
    if (r0 >= n) return;
    if (tid == 0) atomic.store<i32>(counter, 0);
    const tiles = (n - r0 + 3) >> 2;
    packPanels(n, ld8, r0, nb, V, W, PV, PW, (tiles * tid) / nt, (tiles * (tid + 1)) / nt);
    barrier(sync, nt);
    squares(n - r0, 2 * nb, PV, PW, A + (<usize>r0 << 3) + <usize>r0 * ld8, ld8, size, counter);
    barrier(sync, nt);
  }
}

// ---- two-stage tridiagonalisation ----------------------------------------------------------------------------------

/** Rows and columns of a block of the symmetric product: it and its part of V stay in the first-level cache. */
const BLOCK: i32 = 64;

/** `out` (4 values) = Σ_i v[i] column_q[i] over [i0, i1) for four columns, ld8 bytes apart. */
function dot4(v: usize, columns: usize, ld8: usize, i0: i32, i1: i32, out: usize): void {
  const at = <usize>i0 << 3;
  let p = v + at, q0 = columns + at, q1 = q0 + ld8, q2 = q1 + ld8, q3 = q2 + ld8;
  let t0 = f64x2.splat(0), t1 = f64x2.splat(0), t2 = f64x2.splat(0), t3 = f64x2.splat(0);
  const end = p + (<usize>((i1 - i0) >> 1) << 4);
  while (p < end) {
    const x = v128.load(p);
    t0 = madd(v128.load(q0), x, t0);
    t1 = madd(v128.load(q1), x, t1);
    t2 = madd(v128.load(q2), x, t2);
    t3 = madd(v128.load(q3), x, t3);
    p += 16;
    q0 += 16;
    q1 += 16;
    q2 += 16;
    q3 += 16;
  }
  let s0 = f64x2.extract_lane(t0, 0) + f64x2.extract_lane(t0, 1), s1 = f64x2.extract_lane(t1, 0) + f64x2.extract_lane(t1, 1);
  let s2 = f64x2.extract_lane(t2, 0) + f64x2.extract_lane(t2, 1), s3 = f64x2.extract_lane(t3, 0) + f64x2.extract_lane(t3, 1);
  if ((i1 - i0) & 1) {
    const x = load<f64>(p);
    s0 += load<f64>(q0) * x;
    s1 += load<f64>(q1) * x;
    s2 += load<f64>(q2) * x;
    s3 += load<f64>(q3) * x;
  }
  store<f64>(out, s0);
  store<f64>(out, s1, 8);
  store<f64>(out, s2, 16);
  store<f64>(out, s3, 24);
}

/** column_q[i] −= s[q] v[i] over [i0, i1) for four columns. */
function subtract4(v: usize, columns: usize, ld8: usize, i0: i32, i1: i32, s: usize): void {
  const at = <usize>i0 << 3;
  let p = v + at, q0 = columns + at, q1 = q0 + ld8, q2 = q1 + ld8, q3 = q2 + ld8;
  const s0 = f64x2.neg(v128.load64_splat(s)), s1 = f64x2.neg(v128.load64_splat(s, 8));
  const s2 = f64x2.neg(v128.load64_splat(s, 16)), s3 = f64x2.neg(v128.load64_splat(s, 24));
  const end = p + (<usize>((i1 - i0) >> 1) << 4);
  while (p < end) {
    const x = v128.load(p);
    v128.store(q0, madd(s0, x, v128.load(q0)));
    v128.store(q1, madd(s1, x, v128.load(q1)));
    v128.store(q2, madd(s2, x, v128.load(q2)));
    v128.store(q3, madd(s3, x, v128.load(q3)));
    p += 16;
    q0 += 16;
    q1 += 16;
    q2 += 16;
    q3 += 16;
  }
  if ((i1 - i0) & 1) {
    const x = load<f64>(p);
    store<f64>(q0, load<f64>(q0) - load<f64>(s) * x);
    store<f64>(q1, load<f64>(q1) - load<f64>(s, 8) * x);
    store<f64>(q2, load<f64>(q2) - load<f64>(s, 16) * x);
    store<f64>(q3, load<f64>(q3) - load<f64>(s, 24) * x);
  }
}

/**
 * The reflection I − τ v vᵀ (v[0] = 1) that takes x(n) to β e₀: writes v, and β over x[0]; returns τ. x may not be v.
 */
function reflector(n: i32, x: usize, v: usize): f64 {
  const first = load<f64>(x), rest = dot(x, x, 1, n);
  store<f64>(v, 1);
  if (!(rest > 0)) {
    memory.fill(v + 8, 0, <usize>(n - 1) << 3);
    return 0;
  }
  const norm = sqrt<f64>(first * first + rest), beta = first >= 0 ? -norm : norm, scale = 1 / (first - beta);
  for (let i = 1; i < n; i++) store<f64>(v + (<usize>i << 3), load<f64>(x + (<usize>i << 3)) * scale);
  store<f64>(x, beta);
  return (beta - first) / beta;
}

/** QR of P(m, BAND): R over the upper triangle of P, the reflections into V(m, BAND), zeros above, and τ. */
function factor(m: i32, ld8: usize, P: usize, V: usize, tau: usize, four: usize): void {
  for (let j = 0; j < BAND; j++) {
    const v = V + <usize>j * ld8;
    memory.fill(v, 0, <usize>(j < m ? j : m) << 3);
    if (j >= m) {
      store<f64>(tau + (<usize>j << 3), 0);
      continue;
    }
    const top = <usize>j << 3;
    const t = reflector(m - j, P + <usize>j * ld8 + top, v + top);
    store<f64>(tau + top, t);
    if (t == 0) continue;
    let c = j + 1;
    for (; c & 3; c++) {
      const column = P + <usize>c * ld8, s = t * dot(v, column, j, m);
      for (let i = j; i < m; i++) {
        const o = column + (<usize>i << 3);
        store<f64>(o, load<f64>(o) - s * load<f64>(v + (<usize>i << 3)));
      }
    }
    for (; c < BAND; c += 4) {
      const columns = P + <usize>c * ld8;
      dot4(v, columns, ld8, j, m, four);
      for (let q: usize = 0; q < 32; q += 8) store<f64>(four + q, t * load<f64>(four + q));
      subtract4(v, columns, ld8, j, m, four);
    }
  }
}

/**
 * T (upper) of the product of the reflections, I − V T Vᵀ (dlarft): G holds VᵀV above its diagonal, G(i,j) at [i·BAND + j].
 * T(i,j) at [i·BAND + j] of `T`; packed as tile reads it, [j/4][i][4], in `packed`.
 */
function triangle(tau: usize, G: usize, T: usize, packed: usize): void {
  memory.fill(T, 0, BAND * BAND * 8);
  for (let j = 0; j < BAND; j++) {
    const t = load<f64>(tau + (<usize>j << 3));
    store<f64>(T + (<usize>(j * BAND + j) << 3), t);
    for (let i = 0; i < j; i++) {
      let s: f64 = 0;
      for (let k = i; k < j; k++) s += load<f64>(T + (<usize>(i * BAND + k) << 3)) * load<f64>(G + (<usize>(k * BAND + j) << 3));
      store<f64>(T + (<usize>(i * BAND + j) << 3), -t * s);
    }
  }
  packSmall(T, packed, 1);
}

/** A(BAND, BAND), A(i,j) at [i·BAND + j], times f, as [j/4][i][4]. */
function packSmall(A: usize, packed: usize, f: f64): void {
  for (let j = 0; j < BAND; j += 4) {
    for (let i = 0; i < BAND; i++) {
      for (let q = 0; q < 4; q++) {
        store<f64>(packed, f * load<f64>(A + (<usize>(i * BAND + j + q) << 3)));
        packed += 8;
      }
    }
  }
}

/** Block (i0.., k0..) of a symmetric lower A(m,m), from both triangles, as [rows/4][count][4] with zero rows past m. */
function packSymmetric(m: i32, ld8: usize, A: usize, i0: i32, k0: i32, count: i32, P: usize): void {
  const rows = min(BLOCK, m - i0), stride = <usize>count << 5;
  if (i0 > k0) {
    const whole = rows & ~3;
    for (let k = 0; k < count; k++) {
      let x = A + (<usize>i0 << 3) + <usize>(k0 + k) * ld8, o = P + (<usize>k << 5);
      for (let i = 0; i < whole; i += 4) {
        v128.store(o, v128.load(x));
        v128.store(o, v128.load(x, 16), 16);
        x += 32;
        o += stride;
      }
      if (whole < rows) {
        for (let q = 0; q < 4; q++) {
          store<f64>(o + (<usize>q << 3), whole + q < rows ? load<f64>(x + (<usize>q << 3)) : 0);
        }
      }
    }
    return;
  }
  for (let i = 0; i < rows; i += 4) {
    let o = P + <usize>(i >> 2) * stride;
    if (i0 < k0 && i + 4 <= rows) {
      // four columns of the lower triangle, transposed two rows a time
      let x0 = A + (<usize>k0 << 3) + <usize>(i0 + i) * ld8, x1 = x0 + ld8, x2 = x1 + ld8, x3 = x2 + ld8;
      let k = 0;
      for (; k + 1 < count; k += 2) {
        const a = v128.load(x0), b = v128.load(x1), c = v128.load(x2), d = v128.load(x3);
        v128.store(o, i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
        v128.store(o, i8x16.shuffle(c, d, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23), 16);
        v128.store(o, i8x16.shuffle(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31), 32);
        v128.store(o, i8x16.shuffle(c, d, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31), 48);
        x0 += 16;
        x1 += 16;
        x2 += 16;
        x3 += 16;
        o += 64;
      }
      if (k < count) {
        store<f64>(o, load<f64>(x0));
        store<f64>(o, load<f64>(x1), 8);
        store<f64>(o, load<f64>(x2), 16);
        store<f64>(o, load<f64>(x3), 24);
      }
    } else {
      for (let k = k0; k < k0 + count; k++) {
        for (let q = 0; q < 4; q++) {
          const row = i0 + i + q, low = max(row, k), high = min(row, k);
          store<f64>(o + (<usize>q << 3), row < m ? load<f64>(A + (<usize>low << 3) + <usize>high * ld8) : 0);
        }
        o += 32;
      }
    }
  }
}

/** X(m, BAND) = A · B for a symmetric lower A(m,m), B packed [BAND/4][m][4]; blocks of rows by the counter. */
function symmetricProduct(m: i32, ld8: usize, A: usize, B: usize, X: usize, P: usize, counter: usize): void {
  while (true) {
    const i0 = atomic.add<i32>(counter, 1) * BLOCK;
    if (i0 >= m) return;
    const rows = min(BLOCK, m - i0);
    for (let j = 0; j < BAND; j++) memory.fill(X + <usize>j * ld8 + (<usize>i0 << 3), 0, <usize>((rows + 3) & ~3) << 3);
    for (let k0 = 0; k0 < m; k0 += BLOCK) {
      const count = min(BLOCK, m - k0), stride = <usize>count << 5;
      packSymmetric(m, ld8, A, i0, k0, count, P);
      for (let j = 0; j < BAND; j += 4) {
        const b = B + ((<usize>(j >> 2) * <usize>m + <usize>k0) << 5), x = X + <usize>j * ld8 + (<usize>i0 << 3);
        for (let i = 0; i < rows; i += 4) tile(count, P + <usize>(i >> 2) * stride, b, x + (<usize>i << 3), ld8);
      }
    }
  }
}

/**
 * A(n,n) symmetric lower → the same lower band of BAND subdiagonals by similarity, Q = 1 ⊕ Q′. For each panel of BAND
 * columns its QR below the band, I − V T Vᵀ, and on the rest A ← A − V Wᵀ − W Vᵀ with X = A V T, W = X − ½ V Tᵀ VᵀX.
 * small: 5·BAND² + 2·BAND values of scratch; blocks: BLOCK² a thread. Every sum is made by one thread in a fixed order.
 */
function toBand(tid: i32, nt: i32, args: usize): void {
  const n = integer(args, 0), ld8 = place(args, 1) << 3, A = place(args, 2), V = place(args, 3), W = place(args, 4), PV = place(args, 7);
  const PW = place(args, 8), small = place(args, 9), blocks = place(args, 10), size = integer(args, 12), counter = place(args, 13), sync = place(args, 14);
  const square: usize = BAND * BAND * 8;
  const G = small, T = G + square, packedT = T + square, Z = packedT + square, packedM = Z + square, tau = packedM + square, four = tau + BAND * 8;
  const mine = blocks + <usize>tid * <usize>(BLOCK * BLOCK * 8);
  const half: usize = BAND << 5, whole: usize = BAND << 6;
  for (let k0 = 0; k0 + BAND + 1 < n; k0 += BAND) {
    const r0 = k0 + BAND, m = n - r0, tiles = (m + 3) >> 2;
    const p0 = (tiles * tid) / nt, p1 = (tiles * (tid + 1)) / nt;
    const rest = A + (<usize>r0 << 3) + <usize>r0 * ld8;
    if (tid == 0) factor(m, ld8, A + (<usize>r0 << 3) + <usize>k0 * ld8, V, tau, four);
    barrier(sync, nt);
    for (let j = tid; j < BAND; j += nt) {
      for (let i = 0; i < j; i++) {
        store<f64>(G + (<usize>(i * BAND + j) << 3), dot(V + <usize>i * ld8, V + <usize>j * ld8, min(j, m), m));
      }
    }
    packRowsOf(m, ld8, V, PV, whole, 1, p0, p1);
    barrier(sync, nt);
    if (tid == 0) {
      triangle(tau, G, T, packedT);
      atomic.store<i32>(counter, 0);
    }
    barrier(sync, nt);
    // V T, packed [BAND/4][m][4], into PW
    for (let j = 0; j < BAND; j += 4) {
      const to = PW + ((<usize>(j >> 2) * <usize>m) << 5), t = packedT + <usize>(j >> 2) * half;
      for (let p = p0; p < p1; p++) {
        const o = to + (<usize>p << 7);
        if (4 * p + 4 <= m) {
          memory.fill(o, 0, 128);
          tile(BAND, t, PV + <usize>p * whole, o, 32);
        } else {
          // the last rows: a whole tile would spill into the next columns
          memory.fill(mine, 0, 128);
          tile(BAND, t, PV + <usize>p * whole, mine, 32);
          memory.copy(o, mine, <usize>(m - 4 * p) << 5);
        }
      }
    }
    barrier(sync, nt);
    symmetricProduct(m, ld8, rest, PW, W, mine, counter);
    barrier(sync, nt);
    for (let j = tid; j < BAND; j += nt) {
      for (let i = 0; i < BAND; i += 4) {
        dot4(W + <usize>j * ld8, V + <usize>i * ld8, ld8, 0, m, Z + (<usize>(j * BAND + i) << 3));
      }
    }
    barrier(sync, nt);
    if (tid == 0) {
      // M(i,j) = Σ_k T(k,i) Z(k,j), Z(k,j) at [j·BAND + k]
      for (let i = 0; i < BAND; i++) {
        for (let j = 0; j < BAND; j++) {
          let s: f64 = 0;
          for (let k = 0; k <= i; k++) s += load<f64>(T + (<usize>(k * BAND + i) << 3)) * load<f64>(Z + (<usize>(j * BAND + k) << 3));
          store<f64>(G + (<usize>(i * BAND + j) << 3), s);
        }
      }
      packSmall(G, packedM, -0.5);
      atomic.store<i32>(counter, 0);
    }
    barrier(sync, nt);
    for (let j = 0; j < BAND; j += 4) {
      const M = packedM + <usize>(j >> 2) * half;
      for (let p = p0; p < p1; p++) tile(BAND, PV + <usize>p * whole, M, W + <usize>j * ld8 + (<usize>p << 5), ld8);
    }
    packPanels(m, ld8, 0, BAND, V, W, PV, PW, p0, p1);
    barrier(sync, nt);
    squares(m, 2 * BAND, PV, PW, rest, ld8, size, counter);
    barrier(sync, nt);
  }
}

/** Rows 4·p0..4·p1 of V(m, BAND) as [row/4][BAND][4], `step` bytes from one four to the next, zero past m. */
function packRowsOf(m: i32, ld8: usize, V: usize, P: usize, step: usize, f: f64, p0: i32, p1: i32): void {
  for (let p = p0; p < p1; p++) {
    let x = V + (<usize>p << 5), o = P + <usize>p * step;
    for (let k = 0; k < BAND; k++) {
      for (let q = 0; q < 4; q++) store<f64>(o + (<usize>q << 3), 4 * p + q < m ? f * load<f64>(x + (<usize>q << 3)) : 0);
      x += ld8;
      o += 32;
    }
  }
}

// A band as its columns from the diagonal on, 2·BAND values each (half for what a chased bulge fills), with BAND zero
// columns after the last: (i,j) at i + (2·BAND − 1)·j, so a block of it is a matrix with that leading dimension.
const BAND8: usize = (2 * BAND - 1) << 3;
const WIDTH: usize = BAND;
/** Sweeps that one thread chases together, each two blocks behind the one before. */
const SWEEPS: i32 = 8;

/** Copies columns [from, to) of the band of A. */
function copyBand(n: i32, ld8: usize, A: usize, B: usize, from: i32, to: i32): void {
  for (let j = from; j < to; j++) {
    const o = B + <usize>j * (BAND8 + 8);
    const count = j < n ? min(BAND + 1, n - j) : 0;
    memory.copy(o, A + <usize>j * ld8 + (<usize>j << 3), <usize>count << 3);
    memory.fill(o + (<usize>count << 3), 0, <usize>(2 * BAND - count) << 3);
  }
}

/** D ← H D H for a symmetric lower block of order BAND, H = I − τ v vᵀ; w is scratch. */
function turnDiagonal(D: usize, v: usize, tau: f64, w: usize): void {
  memory.fill(w, 0, WIDTH << 3);
  for (let c = 0; c < BAND; c += 4) symv4(D, BAND8, BAND, c, v, w);
  const half = -0.5 * tau * tau * dot(w, v, 0, BAND);
  const t2 = f64x2.splat(tau), h2 = f64x2.splat(half);
  for (let i: usize = 0; i < WIDTH << 3; i += 16) {
    // negative, so that the update is made of additions
    v128.store(w + i, f64x2.neg(madd(v128.load(v + i), h2, f64x2.mul(v128.load(w + i), t2))));
  }
  for (let j = 0; j < BAND; j += 2) {
    const at = <usize>j << 3;
    let a = D + at + <usize>j * BAND8, b = a + BAND8;
    const v0 = load<f64>(v + at), v1 = load<f64>(v + at, 8), w0 = load<f64>(w + at), w1 = load<f64>(w + at, 8);
    store<f64>(a, load<f64>(a) + 2 * v0 * w0);
    store<f64>(a, load<f64>(a, 8) + (v1 * w0 + w1 * v0), 8);
    store<f64>(b, load<f64>(b, 8) + 2 * v1 * w1, 8);
    const x0 = f64x2.splat(v0), x1 = f64x2.splat(v1), y0 = f64x2.splat(w0), y1 = f64x2.splat(w1);
    a += 16;
    b += 16;
    for (let i = at + 16; i < WIDTH << 3; i += 16) {
      const x = v128.load(v + i), y = v128.load(w + i);
      v128.store(a, madd(x, y0, madd(y, x0, v128.load(a))));
      v128.store(b, madd(x, y1, madd(y, x1, v128.load(b))));
      a += 16;
      b += 16;
    }
  }
}

/**
 * B ← H′ B H for a block of order BAND below the diagonal: H = I − τ v vᵀ from the sweep's last block, H′ the reflection
 * that then takes its first column to β e₀. v becomes that of H′; returns its τ. y, z: scratch.
 */
function turnBelow(B: usize, v: usize, tau: f64, y: usize, z: usize): f64 {
  const size: usize = WIDTH << 3;
  memory.fill(y, 0, size);
  for (let j: usize = 0; j < WIDTH; j += 4) {
    let b0 = B + j * BAND8, b1 = b0 + BAND8, b2 = b1 + BAND8, b3 = b2 + BAND8;
    const at = v + (j << 3), t = f64x2.splat(-tau);
    const x0 = f64x2.mul(t, v128.load64_splat(at)), x1 = f64x2.mul(t, v128.load64_splat(at, 8));
    const x2 = f64x2.mul(t, v128.load64_splat(at, 16)), x3 = f64x2.mul(t, v128.load64_splat(at, 24));
    for (let o = y; o < y + size; o += 16) {
      const s = madd(v128.load(b0), x0, madd(v128.load(b1), x1, v128.load(o)));
      v128.store(o, madd(v128.load(b2), x2, madd(v128.load(b3), x3, s)));
      b0 += 16;
      b1 += 16;
      b2 += 16;
      b3 += 16;
    }
  }
  // y = −τ B v: the first column of B H, then H′
  const v0 = load<f64>(v);
  for (let i: usize = 0; i < size; i += 8) store<f64>(B + i, load<f64>(B + i) + load<f64>(y + i) * v0);
  const u = z + size, next = reflector(BAND, B, u);
  // columns 1..: B + y vᵀ − u (τ′ uᵀ(B + y vᵀ)), in one pass
  const along = dot(u, y, 0, BAND);
  for (let j: usize = 0; j < WIDTH; j += 4) dot4(u, B + j * BAND8, BAND8, 0, BAND, z + (j << 3));
  for (let j: usize = 0; j < size; j += 8) store<f64>(z + j, -next * (load<f64>(z + j) + along * load<f64>(v + j)));
  for (let j: usize = 1; j < WIDTH; j += 2) {
    const at = j << 3;
    let a = B + j * BAND8, b = a + BAND8;
    const x0 = v128.load64_splat(v + at), z0 = v128.load64_splat(z + at);
    if (j + 1 < WIDTH) {
      const x1 = v128.load64_splat(v + at, 8), z1 = v128.load64_splat(z + at, 8);
      for (let i: usize = 0; i < size; i += 16) {
        const p = v128.load(y + i), q = v128.load(u + i);
        v128.store(a, madd(p, x0, madd(q, z0, v128.load(a))));
        v128.store(b, madd(p, x1, madd(q, z1, v128.load(b))));
        a += 16;
        b += 16;
      }
    } else {
      for (let i: usize = 0; i < size; i += 16) {
        v128.store(a, madd(v128.load(y + i), x0, madd(v128.load(u + i), z0, v128.load(a))));
        a += 16;
      }
    }
  }
  for (let i: usize = 8; i < size; i += 8) store<f64>(B + i, 0);
  memory.copy(v, u, size);
  return next;
}

/** Blocks that a sweep passes. */
@inline
function blocksOf(n: i32, sweep: i32): i32 {
  return (n - sweep - 2) / BAND + 1;
}

/**
 * Band → tridiagonal: sweep s clears column s below the first subdiagonal and chases the bulge down, block after block
 * (PLASMA's order). Groups of sweeps are dealt to the threads; block k of a sweep follows block k+1 of the sweep before,
 * of which `progress` (int32 a group, zeroed) tells. S: (SWEEPS + 4)·(BAND + 2) values of scratch a thread.
 */
function chase(tid: i32, nt: i32, n: i32, B: usize, S: usize, progress: usize): void {
  const column = BAND8 + 8, slot: usize = (BAND + 2) << 3;
  const y = S + <usize>(SWEEPS * slot), z = y + slot;
  const groups = (n - 2 + SWEEPS - 1) / SWEEPS;
  for (let g = tid; g < groups; g += nt) {
    const s0 = g * SWEEPS, s1 = min(n - 2, s0 + SWEEPS), lag = 2 * (s1 - s0 - 1);
    const waves = blocksOf(n, s0) + lag, mine = progress + (<usize>g << 2);
    for (let wave = 0; wave < waves; wave++) {
      if (g > 0) {
        let spins = 0;
        while (true) {
          const done = atomic.load<i32>(mine - 4);
          if (done >= wave + 2) break;
          if (++spins > 20000) atomic.wait<i32>(mine - 4, done, -1);
        }
      }
      for (let s = s0; s < s1; s++) {
        const k = wave - 2 * (s - s0);
        if (k < 0 || k >= blocksOf(n, s)) continue;
        const v = S + <usize>(s - s0) * slot, r0 = s + 1 + k * BAND;
        let tau: f64;
        if (k == 0) tau = reflector(BAND, B + <usize>s * column + 8, v);
        else tau = turnBelow(B + <usize>(r0 - BAND) * column + (BAND << 3), v, load<f64>(v + (BAND << 3)), y, z);
        store<f64>(v + (BAND << 3), tau);
        turnDiagonal(B + <usize>r0 * column, v, tau, y);
      }
      if (wave >= lag && nt > 1) {
        atomic.store<i32>(mine, wave - lag + 1);
        atomic.notify(mine, 1);
      }
    }
    atomic.store<i32>(mine, i32.MAX_VALUE);
    if (nt > 1) atomic.notify(mine, 1);
  }
}

/** The same as tridiagonalise in two stages, for large n: full → band → tridiagonal. The band lies in PV. */
export function tridiagonaliseByBand(tid: i32, nt: i32, args: usize): void {
  const n = integer(args, 0), ld = integer(args, 1), A = place(args, 2), V = place(args, 3), W = place(args, 4), D = place(args, 5);
  const E = place(args, 6), PV = place(args, 7), PW = place(args, 8), small = place(args, 9), blocks = place(args, 10), progress = place(args, 11);
  const size = integer(args, 12), counter = place(args, 13), sync = place(args, 14);
  const ld8 = <usize>ld << 3;
  toBand(tid, nt, args);
  const columns = n + BAND;
  copyBand(n, ld8, A, PV, (columns * tid) / nt, (columns * (tid + 1)) / nt);
  if (tid == 0) memory.fill(progress, 0, <usize>n << 2);
  barrier(sync, nt);
  chase(tid, nt, n, PV, blocks + <usize>tid * <usize>(BLOCK * BLOCK * 8), progress);
  barrier(sync, nt);
  for (let i = tid; i < n; i += nt) {
    const column = PV + <usize>i * (BAND8 + 8);
    store<f64>(D + (<usize>i << 3), load<f64>(column));
    store<f64>(E + (<usize>i << 3), load<f64>(column, 8));
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
