// Sums over float32 rows, before any matrix.

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

/**
 * factor·x − mean in float64 of `count` float32 rows (row-major, n columns), by columns: value r of column j at P + 8·(j·count + r).
 * `factors` one a row.
 */
export function transpose(tid: i32, nt: i32, n: i32, rows: usize, count: i32, mean: usize, factors: usize, P: usize): void {
  const pitch = <usize>n << 2, stride = <usize>count << 3;
  // 16 columns at a time: a cache line of the rows
  const strips = (n + 15) >> 4, end = min(n, ((strips * (tid + 1)) / nt) << 4);
  for (let j0 = ((strips * tid) / nt) << 4; j0 < end; j0 += 16) {
    const j1 = min(j0 + 16, end);
    let r = 0;
    for (; r + 1 < count; r += 2) {
      const f = v128.load64_splat(factors + (<usize>r << 3)), g = v128.load64_splat(factors + (<usize>r << 3), 8);
      let x = rows + <usize>r * pitch + (<usize>j0 << 2), o = P + <usize>j0 * stride + (<usize>r << 3), j = j0;
      for (; j + 1 < j1; j += 2) {
        const m = v128.load(mean + (<usize>j << 3));
        const a = f64x2.sub(f64x2.mul(two(x), f), m), b = f64x2.sub(f64x2.mul(two(x + pitch), g), m);
        v128.store(o, i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
        v128.store(o + stride, i8x16.shuffle(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
        x += 8;
        o += stride << 1;
      }
      if (j < j1) {
        const m = load<f64>(mean + (<usize>j << 3));
        store<f64>(o, <f64>load<f32>(x) * f64x2.extract_lane(f, 0) - m);
        store<f64>(o, <f64>load<f32>(x + pitch) * f64x2.extract_lane(g, 0) - m, 8);
      }
    }
    if (r < count) {
      const f = load<f64>(factors + (<usize>r << 3));
      for (let j = j0; j < j1; j++) {
        const value = <f64>load<f32>(rows + <usize>r * pitch + (<usize>j << 2)) * f - load<f64>(mean + (<usize>j << 3));
        store<f64>(P + <usize>j * stride + (<usize>r << 3), value);
      }
    }
  }
}
