/**
 * The kernel without WebAssembly: the calling thread, one piece of a few milliseconds after another, resting in between.
 * Five to ten times slower than threads.ts; for hosts without shared memory, and the oracle of its tests.
 */
import { dot, gramOf, symv, tridiagonaliseSteps } from './householder.js';
import type { RowSums } from '../row-sums.js';
import {
  type Deviations,
  type Kernel,
  panelDepth,
  panelWidth,
  type Reflection,
  type Tridiagonal,
  type Workspace,
} from './kernel.js';
import { Pace, throwIfStopped } from './pace.js';
import { packRows } from './panel.js';
import { qlIteration } from '../tridiagonal.js';

export class PureKernel implements Kernel {
  readonly kind = 'pure';
  readonly arithmetic = 'scalar';
  readonly threads = 1;
  readonly counts = { decompositions: 0, mostSlots: 0, lent: 0 };
  #turn: Promise<unknown> = Promise.resolve();

  use<T>(
    order: number,
    slots: number,
    signal: AbortSignal | undefined,
    work: (space: Workspace) => Promise<T>,
  ): Promise<T> {
    const mine = this.#turn.then(() => {
      throwIfStopped(signal);
      this.counts.mostSlots = Math.max(this.counts.mostSlots, slots);
      return work(new PureWorkspace(order, slots, this.counts, new Pace(signal)));
    });
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class PureWorkspace implements Workspace {
  readonly order: number;
  readonly depth: number;
  readonly #ld: number;
  readonly #slots: Float64Array[];
  readonly #panels: (Float64Array | undefined)[] = [];
  readonly #stages: (Float32Array | undefined)[] = [];
  readonly #counts: { decompositions: number };
  readonly #pace: Pace;

  constructor(order: number, slots: number, counts: { decompositions: number }, pace: Pace) {
    this.order = order;
    this.depth = panelDepth(order);
    this.#ld = panelWidth(order) + 8;
    this.#slots = Array.from({ length: slots }, () => new Float64Array(this.#ld * (order + 4)));
    this.#counts = counts;
    this.#pace = pace;
  }

  panel(which: 0 | 1): Float64Array {
    return (this.#panels[which] ??= new Float64Array(this.depth * panelWidth(this.order)));
  }

  clear(slot: number): Promise<void> {
    this.#slots[slot]!.fill(0);
    return Promise.resolve();
  }

  gram(slot: number, which: 0 | 1, depth: number): Promise<void> {
    return this.#pace.drive(gramOf(this.order, this.#ld, this.panel(which), depth, this.#slots[slot]!));
  }

  stage(which: 0 | 1): Float32Array {
    return (this.#stages[which] ??= new Float32Array(this.depth * this.order));
  }

  async rowSums(which: 0 | 1, groups: Uint8Array, sums: RowSums): Promise<Float64Array> {
    const rows = this.stage(which);
    const norms = new Float64Array(groups.length);
    for (let i = 0; i < norms.length; i++) {
      norms[i] = sums.add(rows, i * this.order, groups[i]!);
      if (this.#pace.due()) await this.#pace.rest();
    }
    return norms;
  }

  async deviations(which: 0 | 1, count: number, mean: Float64Array): Promise<Deviations> {
    const d = this.order;
    const rows = this.stage(which);
    const squares = new Float64Array(count);
    const alongMean = new Float64Array(count);
    for (let i = 0, from = 0; i < count; i++, from += d) {
      // even and odd columns: the additions don't wait for each other
      let [s0, s1, m0, m1] = [0, 0, 0, 0];
      for (let j = 0; j + 1 < d; j += 2) {
        const y0 = rows[from + j]! - mean[j]!;
        const y1 = rows[from + j + 1]! - mean[j + 1]!;
        s0 += y0 * y0;
        s1 += y1 * y1;
        m0 += y0 * mean[j]!;
        m1 += y1 * mean[j + 1]!;
      }
      if (d % 2 === 1) {
        const y = rows[from + d - 1]! - mean[d - 1]!;
        s0 += y * y;
        m0 += y * mean[d - 1]!;
      }
      squares[i] = s0 + s1;
      alongMean[i] = m0 + m1;
      if (this.#pace.due()) await this.#pace.rest();
    }
    return { squares, alongMean };
  }

  covariance(
    slot: number,
    which: 0 | 1,
    count: number,
    mean: Float64Array,
    factors: Float64Array | null,
  ): Promise<void> {
    const index = Int32Array.from({ length: count }, (_, i) => i);
    packRows(this.panel(0), this.stage(which), 0, this.order, index, mean, factors);
    return this.gram(slot, 0, count);
  }

  async form(
    n: number,
    dst: number,
    a: number,
    ca: number,
    b: number,
    cb: number,
    s?: Float64Array,
    f = 0,
  ): Promise<void> {
    const [A, B, C] = [this.#slots[a]!, this.#slots[b]!, this.#slots[dst]!];
    for (let j = 0; j < n; j++) {
      const fs = s ? f * s[j]! : 0;
      for (let i = j, o = j * this.#ld + j; i < n; i++, o++) C[o] = ca * A[o]! + cb * B[o]! - (s ? fs * s[i]! : 0);
      if (this.#pace.due()) await this.#pace.rest();
    }
  }

  async gather(dst: number, src: number, index: Int32Array): Promise<void> {
    const [A, C] = [this.#slots[src]!, this.#slots[dst]!];
    for (let j = 0; j < index.length; j++) {
      const from = index[j]! * this.#ld;
      for (let i = j; i < index.length; i++) C[j * this.#ld + i] = A[from + index[i]!]!;
      if (this.#pace.due()) await this.#pace.rest();
    }
  }

  addTo(slot: number, target: Float64Array): void {
    this.#columns(slot, (A, o, at) => (target[at]! += A[o]!));
  }

  addFrom(slot: number, source: Float64Array): void {
    this.#columns(slot, (A, o, at) => (A[o]! += source[at]!));
  }

  largest(slot: number, n: number): Promise<number> {
    let most = 0;
    const A = this.#slots[slot]!;
    for (let j = 0; j < n; j++) {
      for (let i = j; i < n; i++) {
        const a = Math.abs(A[j * this.#ld + i]!);
        if (Number.isNaN(a)) return Promise.resolve(NaN);
        if (a > most) most = a;
      }
    }
    return Promise.resolve(most);
  }

  async reflect(slot: number, n: number, v: Float64Array): Promise<Reflection> {
    const A = this.#slots[slot]!;
    const ld = this.#ld;
    const u = new Float64Array(n);
    const first = v[0]!;
    const rest = dot(v, 1, v, 1, n - 1);
    u[0] = 1;
    if (!(rest > 0)) return { beta: first, tau: 0, u };
    const norm = Math.sqrt(first * first + rest);
    const beta = first >= 0 ? -norm : norm;
    const tau = (beta - first) / beta;
    for (let i = 1; i < n; i++) u[i] = v[i]! / (first - beta);
    const w = new Float64Array(n);
    symv(A, 0, ld, n, u, w, 0);
    // A − u wᵀ − w uᵀ with w = τ A u − ½τ² (uᵀ A u) u
    const half = 0.5 * tau * tau * dot(u, 0, w, 0, n);
    for (let i = 0; i < n; i++) w[i] = tau * w[i]! - half * u[i]!;
    for (let j = 0; j < n; j++) {
      const [uj, wj] = [u[j]!, w[j]!];
      for (let i = j, o = j * ld + j; i < n; i++, o++) A[o] = A[o]! - u[i]! * wj - w[i]! * uj;
      if (this.#pace.due()) await this.#pace.rest();
    }
    return { beta, tau, u };
  }

  addColumn(slot: number, values: Float64Array): void {
    const A = this.#slots[slot]!;
    for (let i = 0; i < values.length; i++) A[i]! += values[i]!;
  }

  async tridiagonalise(slot: number, n: number): Promise<Tridiagonal> {
    this.#counts.decompositions++;
    const diagonal = new Float64Array(n);
    const off = new Float64Array(n);
    await this.#pace.drive(tridiagonaliseSteps(this.#slots[slot]!, this.#ld, n, diagonal, off));
    return { diagonal, off };
  }

  async eigenvalues(matrices: readonly Tridiagonal[]): Promise<Float64Array[]> {
    const found: Float64Array[] = [];
    for (const { diagonal, off } of matrices) {
      const values = diagonal.slice();
      await this.#pace.drive(qlIteration(values, off.slice()));
      found.push(values.sort().reverse());
    }
    return found;
  }

  #columns(slot: number, each: (A: Float64Array, o: number, at: number) => void): void {
    const A = this.#slots[slot]!;
    for (let j = 0, at = 0; j < this.order; j++) {
      for (let i = j; i < this.order; i++, at++) each(A, j * this.#ld + i, at);
    }
  }
}
