/**
 * The child's side of `step`: keys and values of every block in buffers that are filled in place, and the mask that says
 * which of them a token sees. Sequences of a batch may have different lengths: what a short one lacks stays a hole that
 * no token sees.
 */
import * as ort from 'onnxruntime-node';
import { maskName, type CacheShape } from '../models/index.js';
import type { CacheMessage, StepMessage } from './cache-message.js';

/** Slots that a full buffer grows by, at least. */
const growth = 64;
/** Added to the scores of what a token doesn't see: its exponential is 0, and a row of nothing but it stays finite. */
const unseen = -1e9;

/** What B sequences keep. */
interface Cache {
  readonly batch: number;
  /** Slots a sequence, and how many are in use. */
  capacity: number;
  used: number;
  /** (B, capacity): the position of what lies in a slot; −1 for a hole. */
  positions: Int32Array;
  /** (B): the position of the next token. */
  readonly next: Int32Array;
  /** A block's keys, then its values, block by block: (B, heads, capacity, size). */
  buffers: Float32Array[];
  readonly shapes: readonly CacheShape[];
}

/** New tokens, padded to (B, T). */
interface Chunk {
  readonly B: number;
  readonly T: number;
  readonly lengths: Int32Array;
  readonly ids: BigInt64Array;
  /** −1 on padding. */
  readonly positions: Int32Array;
  readonly parents: Int32Array;
}

export class Caches {
  readonly #caches = new Map<number, Cache>();

  async step(session: ort.InferenceSession | undefined, message: StepMessage): Promise<Float32Array> {
    if (!session) throw new Error(`internal: no graph is loaded as ${message.slot}`);
    const cache = message.handle === null ? null : this.#open(message.handle, message);
    const chunk = chunkOf(message, cache);
    const { B, T } = chunk;
    const rows = BigInt64Array.from(message.rows, BigInt);
    const feeds: Record<string, ort.Tensor> = {
      ids: new ort.Tensor('int64', chunk.ids, [B, T]),
      positions: new ort.Tensor(
        'int64',
        BigInt64Array.from(chunk.positions, (p) => BigInt(Math.max(0, p))),
        [B, T],
      ),
      rows: new ort.Tensor('int64', rows, [rows.length / 2, 2]),
    };
    const S = (cache?.capacity ?? 0) + T;
    for (const window of message.windows) {
      feeds[maskName(window)] = new ort.Tensor('float32', maskOf(chunk, cache, window), [B, 1, T, S]);
    }
    cache?.buffers.forEach((buffer, i) => {
      const { heads, size } = cache.shapes[i >> 1]!;
      feeds[`past.${i >> 1}.${i % 2 === 0 ? 'keys' : 'values'}`] = new ort.Tensor('float32', buffer, [
        ...[B, heads, cache.capacity, size],
      ]);
    });
    const outputs = await session.run(feeds, message.keep ? session.outputNames : ['final']);
    if (cache && message.keep) append(cache, chunk, outputs);
    return outputs['final']!.data as Float32Array;
  }

  change({ handle, rows, as }: CacheMessage): null {
    const cache = this.#caches.get(handle);
    if (!cache) throw new Error(`internal: no cache ${handle}`);
    if (rows === null) this.#caches.delete(handle);
    else if (as === handle && rows.every((row, b) => row >= b)) this.#caches.set(handle, moved(cache, rows));
    else this.#caches.set(as!, picked(cache, rows));
    return null;
  }

  #open(handle: number, { lengths, shapes, fresh }: StepMessage): Cache {
    let cache = this.#caches.get(handle);
    if (!cache) {
      if (!fresh) throw new Error(`internal: no cache ${handle}`);
      const batch = lengths.length;
      cache = {
        ...{ batch, capacity: 1, used: 0, shapes },
        positions: new Int32Array(batch).fill(-1),
        next: new Int32Array(batch),
        buffers: shapes.flatMap(({ heads, size }) => [0, 1].map(() => new Float32Array(batch * heads * size))),
      };
      this.#caches.set(handle, cache);
    }
    if (cache.batch !== lengths.length) throw new Error(`internal: cache ${handle} holds ${cache.batch} sequences`);
    return cache;
  }
}

function chunkOf(message: StepMessage, cache: Cache | null): Chunk {
  const { lengths } = message;
  const B = lengths.length;
  const T = lengths.reduce((longest, length) => Math.max(longest, length), 0);
  const ids = new BigInt64Array(B * T);
  const positions = new Int32Array(B * T).fill(-1);
  const parents = new Int32Array(B * T).fill(-1);
  for (let b = 0, from = 0; b < B; b++) {
    const start = cache?.next[b] ?? 0;
    for (let t = 0; t < lengths[b]!; t++) {
      const parent = message.parents ? message.parents[from + t]! : t - 1;
      ids[b * T + t] = BigInt(message.ids[from + t]!);
      parents[b * T + t] = parent;
      positions[b * T + t] = parent < 0 ? start : positions[b * T + parent]! + 1;
    }
    from += lengths[b]!;
  }
  return { B, T, lengths, ids, positions, parents };
}

/** (B, 1, T, P+T): what each new token sees of the kept ones and of the new. */
function maskOf(
  { B, T, lengths, positions, parents }: Chunk,
  cache: Cache | null,
  window: number | null,
): Float32Array {
  const P = cache?.capacity ?? 0;
  const S = P + T;
  const mask = new Float32Array(B * T * S).fill(unseen);
  const reach = window ?? Infinity;
  for (let b = 0; b < B; b++) {
    for (let t = 0; t < lengths[b]!; t++) {
      const row = (b * T + t) * S;
      const position = positions[b * T + t]!;
      for (let j = 0; j < (cache?.used ?? 0); j++) {
        const there = cache!.positions[b * P + j]!;
        if (there >= 0 && position - there < reach) mask[row + j] = 0;
      }
      for (let j = t; j >= 0 && position - positions[b * T + j]! < reach; j = parents[b * T + j]!)
        mask[row + P + j] = 0;
    }
  }
  return mask;
}

/** Puts the new keys and values behind the kept ones. */
function append(
  cache: Cache,
  { B, T, lengths, positions }: Chunk,
  outputs: ort.InferenceSession.OnnxValueMapType,
): void {
  const { used } = cache;
  if (used + T > cache.capacity) grow(cache, used + T + Math.max(growth, (used + T) >> 3));
  const { capacity } = cache;
  cache.buffers.forEach((buffer, i) => {
    const { heads, size } = cache.shapes[i >> 1]!;
    const fresh = outputs[`new.${i >> 1}.${i % 2 === 0 ? 'keys' : 'values'}`]!.data as Float32Array;
    for (let h = 0; h < B * heads; h++) {
      buffer.set(fresh.subarray(h * T * size, (h + 1) * T * size), (h * capacity + used) * size);
    }
  });
  for (let b = 0; b < B; b++) {
    cache.positions.set(positions.subarray(b * T, (b + 1) * T), b * capacity + used);
    cache.next[b]! += lengths[b]!;
  }
  cache.used += T;
}

function grow(cache: Cache, capacity: number): void {
  const { batch, used, shapes } = cache;
  cache.buffers = cache.buffers.map((buffer, i) => {
    const { heads, size } = shapes[i >> 1]!;
    const wider = new Float32Array(batch * heads * capacity * size);
    for (let h = 0; h < batch * heads; h++) {
      const from = h * cache.capacity * size;
      wider.set(buffer.subarray(from, from + used * size), h * capacity * size);
    }
    return wider;
  });
  const positions = new Int32Array(batch * capacity).fill(-1);
  for (let b = 0; b < batch; b++) {
    const from = b * cache.capacity;
    positions.set(cache.positions.subarray(from, from + used), b * capacity);
  }
  cache.positions = positions;
  cache.capacity = capacity;
}

/** Some sequences, each at its place or brought forward, in the same memory: what is kept is mostly not touched. */
function moved(cache: Cache, rows: Int32Array): Cache {
  const { capacity, shapes } = cache;
  const take = <A extends Float32Array | Int32Array>(from: A, stride: number): A => {
    rows.forEach((row, b) => {
      if (row !== b) from.copyWithin(b * stride, row * stride, (row + 1) * stride);
    });
    return from.subarray(0, rows.length * stride) as A;
  };
  return {
    ...{ batch: rows.length, capacity, used: cache.used, shapes },
    positions: take(cache.positions, capacity),
    next: take(cache.next, 1),
    buffers: cache.buffers.map((buffer, i) => {
      const { heads, size } = shapes[i >> 1]!;
      return take(buffer, heads * capacity * size);
    }),
  };
}

/** A copy of some sequences. */
function picked(cache: Cache, rows: Int32Array): Cache {
  const { capacity, shapes } = cache;
  const take = <A extends Float32Array | Int32Array>(from: A, to: A, stride: number): A => {
    rows.forEach((row, b) => to.set(from.subarray(row * stride, (row + 1) * stride), b * stride));
    return to;
  };
  return {
    ...{ batch: rows.length, capacity, used: cache.used, shapes },
    positions: take(cache.positions, new Int32Array(rows.length * capacity), capacity),
    next: take(cache.next, new Int32Array(rows.length), 1),
    buffers: cache.buffers.map((buffer, i) => {
      const { heads, size } = shapes[i >> 1]!;
      const stride = heads * capacity * size;
      return take(buffer, new Float32Array(rows.length * stride), stride);
    }),
  };
}
