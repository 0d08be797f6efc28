/**
 * The kernel without WebAssembly: the calling thread, one piece of a few milliseconds after another, resting in between.
 * Five to ten times slower than threads.ts; for hosts without shared memory, and the oracle of its tests.
 */
import { dot, gramOf, symv, tridiagonaliseSteps } from './householder.js';
import { type Kernel, panelDepth, panelWidth, type Reflection, type Tridiagonal, type Workspace } from './kernel.js';
import { Pace, throwIfStopped } from './pace.js';
import { qlIteration } from '../tridiagonal.js';

export class PureKernel implements Kernel {
  readonly kind = 'pure';
  readonly arithmetic = 'scalar';
  readonly threads = 1;
  readonly counts = { decompositions: 0, mostSlots: 0 };
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
  readonly #panels: Float64Array[];
  readonly #counts: { decompositions: number };
  readonly #pace: Pace;

  constructor(order: number, slots: number, counts: { decompositions: number }, pace: Pace) {
    this.order = order;
    this.depth = panelDepth(order);
    this.#ld = panelWidth(order) + 8;
    this.#slots = Array.from({ length: slots }, () => new Float64Array(this.#ld * (order + 4)));
    this.#panels = [0, 1].map(() => new Float64Array(this.depth * panelWidth(order)));
    this.#counts = counts;
    this.#pace = pace;
  }

  panel(which: 0 | 1): Float64Array {
    return this.#panels[which]!;
  }

  clear(slot: number): Promise<void> {
    this.#slots[slot]!.fill(0);
    return Promise.resolve();
  }

  gram(slot: number, which: 0 | 1, depth: number): Promise<void> {
    return this.#pace.drive(gramOf(this.order, this.#ld, this.#panels[which]!, depth, this.#slots[slot]!));
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
