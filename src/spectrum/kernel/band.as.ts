// The first of two stages for large n: full → band, nearly all of it in products that stay in the cache (the one-stage
// form reads the whole matrix once a column and is bound by memory).

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
