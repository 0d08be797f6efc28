/**
 * What does the arithmetic: a kernel lends a workspace of a few symmetric float64 matrices and the operations on them.
 * Two kernels give the same numbers to about 1e-13: WebAssembly threads (threads.ts) and plain TypeScript (pure.ts).
 * The room starts no thread itself: the host gives a `StartThread` (Node's is src/trace/kernel-threads.ts).
 */
import type { RowSums } from '../row-sums.js';

/** A thread that runs the kernel's few lines of JavaScript. */
export interface KernelThread {
  send(message: unknown): void;
  /** Whether the thread must keep its process alive: true while it works, false while it waits. */
  hold(active: boolean): void;
  /** Ends the thread, in whatever it is doing (a lent product is finished first); resolves when it is gone. */
  end(): Promise<void>;
}

/** What a thread tells its host. */
export interface ThreadEvents {
  message(value: unknown): void;
  /** The thread died, or never came up. */
  failed(error: Error): void;
}

/**
 * Starts a thread that evaluates `source`, a JavaScript function expression `(data, listen, send, lend) => …`, and calls
 * it with a structured clone of `data`, `listen(callback)` for messages from `KernelThread.send`, `send(message)`, and, of
 * a host that has one, `lend()`: it promises a product of the host's own instructions, or null where there is none.
 * `product(a, b, c, m, n, k)` promises c = A Bᵀ, where A is m×k, B n×k and c m×n, Float64Arrays by rows in the thread's
 * own memory.
 */
export type StartThread = (source: string, data: unknown, events: ThreadEvents) => KernelThread;

/** A symmetric tridiagonal matrix: `diagonal` (n), `off` (n−1 used). */
export interface Tridiagonal {
  diagonal: Float64Array;
  off: Float64Array;
}

/** A Householder reflection H = I − τ u uᵀ, u₀ = 1, that takes a given vector to β e₀. */
export interface Reflection {
  beta: number;
  tau: number;
  u: Float64Array;
}

/** Of each row. */
export interface Deviations {
  squares: Float64Array;
  alongMean: Float64Array;
}

/**
 * Symmetric matrices of one order in numbered slots, lower triangles. Each operation resolves when it is done; they are
 * asked for one after another. `n` is at most the workspace's order.
 */
export interface Workspace {
  readonly order: number;
  /** Rows that one panel takes, a multiple of `blockRows`. */
  readonly depth: number;
  /** One of two panels of packed rows (panel.ts): one is filled while the other is summed. Fetch it anew before each use. */
  panel(which: 0 | 1): Float64Array;
  /** slot ← 0 */
  clear(slot: number): Promise<void>;
  /** slot += PᵀP over the first `depth` rows of a panel. */
  gram(slot: number, which: 0 | 1, depth: number): Promise<void>;
  /** One of two places for `depth` float32 rows of `order` values: one is filled while the other is summed. Fetch it anew. They lie in panel 1. */
  stage(which: 0 | 1): Float32Array;
  /** Adds the first staged rows to `sums`, as many as there are `groups`; their norms, NaN where a row is not finite. */
  rowSums(which: 0 | 1, groups: Uint8Array, sums: RowSums): Promise<Float64Array>;
  /** ‖x − μ‖² and (x − μ)·μ of the first `count` staged rows. */
  deviations(which: 0 | 1, count: number, mean: Float64Array): Promise<Deviations>;
  /** slot += Σ (f·x − μ)(f·x − μ)ᵀ over the first `count` staged rows, f being 1 or the row's factor. Uses panel 0. */
  covariance(
    slot: number,
    which: 0 | 1,
    count: number,
    mean: Float64Array,
    factors: Float64Array | null,
  ): Promise<void>;
  /** dst ← ca·A + cb·B − f·s sᵀ; slots may coincide. */
  form(
    n: number,
    dst: number,
    a: number,
    ca: number,
    b: number,
    cb: number,
    s?: Float64Array,
    f?: number,
  ): Promise<void>;
  /** dst ← src[index, index], `index` ascending. */
  gather(dst: number, src: number, index: Int32Array): Promise<void>;
  /** target += the lower triangle of the slot, packed by columns: order·(order+1)/2 values. */
  addTo(slot: number, target: Float64Array): void;
  /** slot += a packed lower triangle. */
  addFrom(slot: number, source: Float64Array): void;
  /** max |A|; NaN where an entry is. */
  largest(slot: number, n: number): Promise<number>;
  /** A ← H A H with the reflection H that takes `v` to β e₀. */
  reflect(slot: number, n: number, v: Float64Array): Promise<Reflection>;
  /** A[0..n, 0] += values */
  addColumn(slot: number, values: Float64Array): void;
  /** The tridiagonal form of a matrix scaled to about 1, its first coordinate left alone; the slot is destroyed. */
  tridiagonalise(slot: number, n: number): Promise<Tridiagonal>;
  /** Eigenvalues of each matrix, descending. */
  eigenvalues(matrices: readonly Tridiagonal[]): Promise<Float64Array[]>;
}

export interface Kernel {
  readonly kind: 'wasm' | 'pure';
  /** Instructions: fused multiply-adds, plain SIMD, or none; the last bits of a figure depend on it. */
  readonly arithmetic: 'relaxed-simd' | 'simd' | 'scalar';
  /** Threads for large matrices; small ones use one. */
  readonly threads: number;
  /**
   * Decompositions (tridiagonal reductions), d×d float64 slots and calls of `covariance` that took the host's product
   * (`StartThread`) so far: for tests and estimates.
   */
  readonly counts: { decompositions: number; mostSlots: number; lent: number };
  /** Lends a workspace to `work`; other callers wait their turn. An abort ends what runs and rejects as `interrupted`. */
  use<T>(
    order: number,
    slots: number,
    signal: AbortSignal | undefined,
    work: (space: Workspace) => Promise<T>,
  ): Promise<T>;
  /** Ends the threads and gives back the memory. */
  close(): Promise<void>;
}

/** Columns of a Householder panel, as in kernel.as.ts. */
export const panelColumns = 32;
/** Subdiagonals of the band between the two stages of a large reduction, and rows of its blocks, as in kernel.as.ts. */
export const bandWidth = 32;
export const bandBlock = 64;
/** From this order on a matrix is reduced in two stages. */
export const bandedOrder = 256;
/** From this order on a matrix is worth more than one thread (barriers cost more than they give below). */
export const threadedOrder = 768;
/** From this order on a covariance takes the host's product, if it lends one. */
export const lentOrder = 512;
/** Elements of float64 of one panel buffer, at least one block of rows. */
const panelElements = 3 << 19;

/** Rows of one packed block; kernel.as.ts has the same number. */
export const blockRows = 256;

/** Rows of a panel for matrices of order n: whole blocks, about 12 MiB. */
export function panelDepth(n: number): number {
  return blockRows * Math.max(1, Math.floor(panelElements / blockRows / panelWidth(n)));
}

/** Columns of a packed panel: n padded to a multiple of 4. */
export function panelWidth(n: number): number {
  return (n + 3) & ~3;
}
