// Householder tridiagonalisation in one stage, in panels of NB columns (LAPACK's dlatrd and dsytrd, lower): small n.

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
