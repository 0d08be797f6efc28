// The second stage: band → tridiagonal by chasing bulges (PLASMA's blocks), 6·BAND·n² operations in the cache.

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
