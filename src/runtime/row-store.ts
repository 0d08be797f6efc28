/**
 * The rows of every measured layer, (N, d) float32 each, written in any order and read in corpus order: in memory up
 * to a bound, in one scratch file beyond it.
 */
import { Scratch } from '../bytes/index.js';
import type { Layer } from '../models/index.js';

/** Rows of one layer as src/spectrum reads them. */
export interface StoredRows {
  readonly n: number;
  readonly d: number;
  /** Rows [start, end), (end − start, d). */
  read(start: number, end: number): Float32Array | Promise<Float32Array>;
}

/** Bytes of rows that stay in memory. */
export const memoryBound = 512 * 1024 * 1024;

/** `K` names a kind of row: a layer, or a layer and a position. */
export class RowStore<K = Layer> {
  readonly #layers: readonly K[];
  readonly #n: number;
  readonly #d: number;
  readonly #memory: Map<K, Float32Array> | null;
  readonly #scratch: Scratch | null;

  private constructor(layers: readonly K[], n: number, d: number, scratch: Scratch | null) {
    this.#layers = layers;
    this.#n = n;
    this.#d = d;
    this.#scratch = scratch;
    this.#memory = scratch ? null : new Map(layers.map((layer) => [layer, new Float32Array(n * d)]));
  }

  /** A store for N rows of width d a layer; `folder` is where a scratch file goes. */
  static async create<K>(
    layers: readonly K[],
    n: number,
    d: number,
    folder: string,
    bound = memoryBound,
  ): Promise<RowStore<K>> {
    const bytes = layers.length * n * d * 4;
    return new RowStore(layers, n, d, bytes > bound ? await Scratch.create(folder, bytes) : null);
  }

  async put(layer: K, index: number, row: Float32Array): Promise<void> {
    const kept = this.#memory?.get(layer);
    if (kept) kept.set(row, index * this.#d);
    else
      await this.#scratch!.write(
        this.#offset(layer, index),
        new Uint8Array(row.buffer, row.byteOffset, row.byteLength),
      );
  }

  rows(layer: K): StoredRows {
    const kept = this.#memory?.get(layer);
    const d = this.#d;
    return {
      n: this.#n,
      d,
      read: (start, end) =>
        kept
          ? kept.subarray(start * d, end * d)
          : this.#scratch!.read(this.#offset(layer, start), this.#offset(layer, end)).then(
              (b) => new Float32Array(b.buffer),
            ),
    };
  }

  async close(): Promise<void> {
    this.#memory?.clear();
    await this.#scratch?.close();
  }

  #offset(layer: K, index: number): number {
    return (this.#layers.indexOf(layer) * this.#n + index) * this.#d * 4;
  }
}
