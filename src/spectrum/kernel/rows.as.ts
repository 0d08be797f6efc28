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
