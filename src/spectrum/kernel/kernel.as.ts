// Symmetric eigenvalues in WebAssembly SIMD (AssemblyScript; scripts/build-kernel.mjs joins the parts *.as.ts, this one
// first, and compiles them into wasm.ts): threads, products and Grams here; rows, matrices, householder, band, chase, ql.
// Matrices are column-major, lower triangle, leading dimension ld; a matrix of order n has ld >= n + 4 and n + 4 columns,
// so that 4×4 tiles may spill past the edge.
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
