/**
 * The kernel on WebAssembly threads: one shared memory, `threads` workers with an instance each, all arithmetic in them
 * (a browser's main thread may not wait, and a long decomposition must not block the caller's event loop).
 * A job is the name of an exported function and its arguments; every worker answers once.
 */
import { EigentraceError } from '../../errors.js';
import {
  bandedOrder,
  type Deviations,
  type Kernel,
  type KernelThread,
  lentOrder,
  type Reflection,
  type StartThread,
  threadedOrder,
  type Tridiagonal,
  type Workspace,
} from './kernel.js';
import { lentSource, lentStrip } from './lent.js';
import type { RowSums } from '../row-sums.js';
import { fixed, type Layout, layoutFor, pageBytes } from './memory.js';
import { stopped, throwIfStopped } from './pace.js';
import type { SharedMemory } from './webassembly.js';

/** Runs in each thread; `data` is { module, memory }. */
const threadSource = `(data, listen, send, lend) => {
  const { exports } = new WebAssembly.Instance(data.module, { env: { memory: data.memory, abort() { throw new Error('abort'); } } });
  const lent = (${lentSource})(data.memory, lend);
  listen(async ({ op, args }) => {
    try { send({ value: op in lent ? await lent[op](...args) : exports[op](...args) }); } catch (error) { send({ error: String(error) }); }
  });
}`;

interface Job {
  op: string;
  args: number[];
}

/** Squares of the result that threads take in turn: small ones share a small matrix more evenly. */
const squareOf = (n: number): number => (n < 1024 ? 64 : 128);
/** The same for a Gram, whose squares take many rows each: 5 % from 128 to 256. */
const gramSquareOf = (n: number): number => (n < 1536 ? squareOf(n) : 256);

export class ThreadedKernel implements Kernel {
  readonly kind = 'wasm';
  readonly arithmetic: 'relaxed-simd' | 'simd';
  readonly threads: number;
  readonly counts = { decompositions: 0, mostSlots: 0, lent: 0 };
  readonly #start: StartThread;
  readonly #module: object;
  readonly #memory: SharedMemory;
  readonly #pool: KernelThread[] = [];
  /** Where a worker's next answer goes, by worker. */
  readonly #waiting: ({ resolve: (value: number) => void; reject: (error: Error) => void } | undefined)[] = [];
  #turn: Promise<unknown> = Promise.resolve();
  /** Whether every thread of the pool has a product of the host's; null before they were asked. */
  #lends: boolean | null = null;
  #closed = false;

  constructor(
    threads: number,
    start: StartThread,
    module: object,
    memory: SharedMemory,
    arithmetic: 'relaxed-simd' | 'simd',
  ) {
    this.arithmetic = arithmetic;
    this.threads = threads;
    this.#start = start;
    this.#module = module;
    this.#memory = memory;
  }

  use<T>(
    order: number,
    slots: number,
    signal: AbortSignal | undefined,
    work: (space: Workspace) => Promise<T>,
  ): Promise<T> {
    const mine = this.#turn.then(async () => {
      throwIfStopped(signal);
      if (this.#closed) throw new EigentraceError('internal', 'internal: the spectrum kernel is closed');
      const layout = layoutFor(order, slots, this.threads);
      this.#reserve(layout.bytes);
      this.counts.mostSlots = Math.max(this.counts.mostSlots, slots);
      const stop = (): void => void this.#end(stopped());
      signal?.addEventListener('abort', stop);
      try {
        return await work(new ThreadedWorkspace(this, layout, signal));
      } finally {
        signal?.removeEventListener('abort', stop);
        // A worker may still be inside a job that nobody awaits any more: no one else may use its memory.
        if (this.#waiting.some((w) => w !== undefined)) await this.#end(stopped());
      }
    });
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#end(stopped());
  }

  /** The memory as it is now: it moves when it grows. */
  get buffer(): SharedArrayBuffer {
    return this.#memory.buffer;
  }

  /** Whether the host lends a product. They are asked, and load it, at the first matrix that is worth it. */
  async lends(order: number, signal: AbortSignal | undefined): Promise<boolean> {
    if (order < lentOrder) return false;
    if (this.#lends === null) {
      const answers = await this.run(
        Array.from({ length: this.threads }, () => ({ op: 'lend', args: [] })),
        signal,
      );
      this.#lends = answers.every((answer) => answer === 1);
    }
    return this.#lends;
  }

  /** One job a worker, all at once, with what they find at `fixed.args`; the values they return. */
  async run(jobs: readonly Job[], signal: AbortSignal | undefined, args: readonly number[] = []): Promise<number[]> {
    throwIfStopped(signal);
    new Int32Array(this.buffer, fixed.sync, (fixed.scratch - fixed.sync) / 4).fill(0);
    new Float64Array(this.buffer, fixed.args, args.length).set(args);
    while (this.#pool.length < jobs.length) this.#add();
    const workers = this.#pool.slice(0, jobs.length);
    for (const worker of workers) worker.hold(true);
    try {
      return await Promise.all(
        jobs.map(
          (job, i) =>
            new Promise<number>((resolve, reject) => {
              this.#waiting[i] = { resolve, reject };
              workers[i]!.send(job);
            }),
        ),
      );
    } finally {
      for (const worker of workers) worker.hold(false);
    }
  }

  #add(): void {
    const i = this.#pool.length;
    const events = {
      message: (value: unknown): void => {
        // A late word of a thread that was ended is not its successor's.
        if (this.#pool[i] !== thread) return;
        const waiting = this.#waiting[i];
        this.#waiting[i] = undefined;
        const answer = value as { value?: number; error?: string };
        if (answer.error === undefined) waiting?.resolve(answer.value ?? 0);
        else waiting?.reject(new EigentraceError('internal', `internal: spectrum kernel: ${answer.error}`));
      },
      // The others may wait for this one at a barrier for ever: all end.
      failed: (error: Error): void => {
        if (this.#pool[i] !== thread) return;
        const message = `spectrum kernel: a thread ended, got "${error.message}" (expected it to work); try --threads 1`;
        void this.#end(new EigentraceError('environment', message, { cause: error }));
      },
    };
    const thread = this.#start(threadSource, { module: this.#module, memory: this.#memory }, events);
    this.#pool.push(thread);
  }

  async #end(reason: Error): Promise<void> {
    const pool = this.#pool.splice(0);
    this.#lends = null;
    const waiting = this.#waiting.splice(0);
    await Promise.all(pool.map((thread) => thread.end()));
    for (const w of waiting) w?.reject(reason);
  }

  #reserve(bytes: number): void {
    const pages = Math.ceil((bytes - this.buffer.byteLength) / pageBytes);
    if (pages <= 0) return;
    try {
      this.#memory.grow(pages);
    } catch (error) {
      const size = `${(bytes / 2 ** 20).toFixed(0)} MiB`;
      throw new EigentraceError('environment', `spectrum kernel: the memory can't grow to ${size}`, { cause: error });
    }
  }
}

class ThreadedWorkspace implements Workspace {
  readonly order: number;
  readonly depth: number;
  readonly #kernel: ThreadedKernel;
  readonly #layout: Layout;
  readonly #signal: AbortSignal | undefined;

  constructor(kernel: ThreadedKernel, layout: Layout, signal: AbortSignal | undefined) {
    this.order = layout.order;
    this.depth = layout.depth;
    this.#kernel = kernel;
    this.#layout = layout;
    this.#signal = signal;
  }

  panel(which: 0 | 1): Float64Array {
    return this.#view(this.#layout.panels[which], this.depth * ((this.order + 3) & ~3));
  }

  async clear(slot: number): Promise<void> {
    const { ld, order, slots } = this.#layout;
    await this.#one('clear', [slots[slot]!, 8 * ld * (order + 4)]);
  }

  async gram(slot: number, which: 0 | 1, depth: number): Promise<void> {
    const { ld, order, slots, panels } = this.#layout;
    const args = [order, ld, panels[which], depth, slots[slot]!, gramSquareOf(order), fixed.counter];
    await this.#all('gram', this.#threadsForRows(), args);
  }

  stage(which: 0 | 1): Float32Array {
    return new Float32Array(this.#kernel.buffer, this.#layout.stages[which], this.depth * this.order);
  }

  async rowSums(which: 0 | 1, groups: Uint8Array, sums: RowSums): Promise<Float64Array> {
    const { order, panels, stages, factors, groups: at } = this.#layout;
    const count = groups.length;
    new Uint8Array(this.#kernel.buffer, at, count).set(groups);
    // Panel 0 has at least 256 rows: at most 255 groups and the unit vectors' sum.
    const targets = [...sums.groupSums, sums.unitSum];
    const places = targets.map((_, i) => panels[0] + 8 * order * i);
    targets.forEach((target, i) => this.#view(places[i]!, order).set(target));
    const args = [order, stages[which], count, at, factors, panels[0], places.at(-1)!, fixed.sync];
    await this.#together('rowSums', this.#threadsForRows(), args);
    targets.forEach((target, i) => target.set(this.#view(places[i]!, order)));
    return this.#view(factors, count).map((square, i) => sums.count(square, groups[i]!));
  }

  async deviations(which: 0 | 1, count: number, mean: Float64Array): Promise<Deviations> {
    const { order, panels, stages, factors, vectors } = this.#layout;
    this.#view(vectors[0], order).set(mean);
    await this.#together('deviations', this.#threadsForRows(), [
      ...[order, stages[which], count, vectors[0]],
      ...[factors, panels[0]],
    ]);
    return { squares: this.#view(factors, count).slice(), alongMean: this.#view(panels[0], count).slice() };
  }

  async covariance(
    slot: number,
    which: 0 | 1,
    count: number,
    mean: Float64Array,
    factors: Float64Array | null,
  ): Promise<void> {
    const { ld, order, slots, panels, stages, factors: at, vectors } = this.#layout;
    this.#view(vectors[0], order).set(mean);
    const factor = this.#view(at, count);
    if (factors) factor.set(factors.subarray(0, count));
    else factor.fill(1);
    const rows = [stages[which], count, vectors[0], at, panels[0]];
    if (await this.#kernel.lends(order, this.#signal)) {
      await this.#all('transpose', this.#threadsForRows(), [order, ...rows]);
      const args = [order, ld, count, panels[0], slots[slot]!, lentStrip, fixed.counter];
      await this.#all('lentCovariance', this.#threadsForRows(), args);
      this.#kernel.counts.lent++;
      return;
    }
    const args = [order, ld, ...rows, slots[slot]!, gramSquareOf(order), fixed.counter, fixed.sync];
    await this.#together('covariance', this.#threadsForRows(), args);
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
    const { ld, slots, vectors } = this.#layout;
    const vector = this.#view(vectors[0], ld);
    vector.fill(0);
    if (s) vector.set(s);
    await this.#all('form', this.#threadsFor(n), [n, ld, slots[dst]!, slots[a]!, ca, slots[b]!, cb, vectors[0], f]);
  }

  async gather(dst: number, src: number, index: Int32Array): Promise<void> {
    const { ld, slots } = this.#layout;
    new Int32Array(this.#kernel.buffer, this.#layout.index, index.length).set(index);
    await this.#one('gather', [index.length, ld, slots[dst]!, slots[src]!, this.#layout.index]);
  }

  addTo(slot: number, target: Float64Array): void {
    this.#columns(slot, (column, at) => {
      for (let i = 0; i < column.length; i++) target[at + i]! += column[i]!;
    });
  }

  addFrom(slot: number, source: Float64Array): void {
    this.#columns(slot, (column, at) => {
      for (let i = 0; i < column.length; i++) column[i]! += source[at + i]!;
    });
  }

  largest(slot: number, n: number): Promise<number> {
    return this.#one('largest', [n, this.#layout.ld, this.#layout.slots[slot]!]);
  }

  async reflect(slot: number, n: number, v: Float64Array): Promise<Reflection> {
    const { ld, slots, vectors } = this.#layout;
    const [at, u, scratch, out] = vectors;
    this.#view(at, n).set(v);
    await this.#one('reflect', [n, ld, slots[slot]!, at, u, scratch, out]);
    const [beta, tau] = this.#view(out, 2);
    return { beta: beta!, tau: tau!, u: this.#view(u, n).slice() };
  }

  addColumn(slot: number, values: Float64Array): void {
    const column = this.#view(this.#layout.slots[slot]!, values.length);
    for (let i = 0; i < values.length; i++) column[i]! += values[i]!;
  }

  async tridiagonalise(slot: number, n: number): Promise<Tridiagonal> {
    const { ld, slots, v, w, y, packedV, packedW, tridiagonals } = this.#layout;
    const { d, e } = tridiagonals[0]!;
    this.#kernel.counts.decompositions++;
    if (n >= bandedOrder) {
      const { small, blocks, index } = this.#layout;
      const work = [v, w, d, e, packedV, packedW, small, blocks, index, squareOf(n), fixed.counter, fixed.sync];
      await this.#together('tridiagonaliseByBand', this.#threadsFor(n), [n, ld, slots[slot]!, ...work]);
      return { diagonal: this.#view(d, n).slice(), off: this.#view(e, n).slice() };
    }
    const work = [v, w, y, fixed.scratch, d, e, packedV, packedW, squareOf(n), fixed.tau, fixed.counter, fixed.sync];
    await this.#together('tridiagonalise', this.#threadsFor(n), [n, ld, slots[slot]!, ...work]);
    return { diagonal: this.#view(d, n).slice(), off: this.#view(e, n).slice() };
  }

  async eigenvalues(matrices: readonly Tridiagonal[]): Promise<Float64Array[]> {
    const found: Float64Array[] = [];
    const together = Math.min(this.#kernel.threads, this.#layout.tridiagonals.length);
    for (let i = 0; i < matrices.length; i += together) {
      const part = matrices.slice(i, i + together);
      const jobs = part.map(({ diagonal, off }, j) => {
        const { d, e } = this.#layout.tridiagonals[j]!;
        this.#view(d, diagonal.length).set(diagonal);
        this.#view(e, off.length).set(off);
        return { op: 'ql', args: [diagonal.length, d, e, fixed.pair + 16 * j] };
      });
      const failures = await this.#kernel.run(jobs, this.#signal);
      if (failures.some((f) => f !== 0)) {
        throw new EigentraceError('internal', 'internal: the QL iteration did not converge');
      }
      part.forEach(({ diagonal }, j) => {
        const values = this.#view(this.#layout.tridiagonals[j]!.d, diagonal.length).slice();
        found.push(values.sort().reverse());
      });
    }
    return found;
  }

  #threadsForRows(): number {
    return this.order < 192 ? 1 : this.#kernel.threads;
  }

  #threadsFor(n: number): number {
    return n < threadedOrder ? 1 : this.#kernel.threads;
  }

  async #all(op: string, threads: number, args: number[]): Promise<void> {
    const jobs = Array.from({ length: threads }, (_, tid) => ({ op, args: [tid, threads, ...args] }));
    await this.#kernel.run(jobs, this.#signal);
  }

  /** The same for functions in which the threads wait for each other: they take their arguments from memory. */
  async #together(op: string, threads: number, args: number[]): Promise<void> {
    const jobs = Array.from({ length: threads }, (_, tid) => ({ op, args: [tid, threads, fixed.args] }));
    await this.#kernel.run(jobs, this.#signal, args);
  }

  async #one(op: string, args: number[]): Promise<number> {
    const [value] = await this.#kernel.run([{ op, args }], this.#signal);
    return value!;
  }

  #view(at: number, elements: number): Float64Array {
    return new Float64Array(this.#kernel.buffer, at, elements);
  }

  /** Each column of the lower triangle, with its place in the packed triangle. */
  #columns(slot: number, each: (column: Float64Array, at: number) => void): void {
    const { ld, order, slots } = this.#layout;
    for (let j = 0, at = 0; j < order; j++) {
      each(this.#view(slots[slot]! + 8 * (j * ld + j), order - j), at);
      at += order - j;
    }
  }
}
