/**
 * Sorts the suffixes of one shard: `tokenized.<i>` in, `table.<i>` out. A suffix begins at a token and is compared as
 * bytes (little-endian tokens, so the low byte first) to the end of the file, the shorter first; the table holds their
 * byte offsets in that order. The work is done by WebAssembly threads (kernel/suffixes.as.ts says how).
 */
import type { ByteSource } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import { layoutFor, movesOf, pageBytes, mostPages, type Layout, type TokenWidth } from './kernel/layout.js';
import { ThreadPool } from './kernel/pool.js';

const chunkBytes = 1024 * 1024;
const buckets = 65536;

export interface SortOptions {
  readonly signal?: AbortSignal | undefined;
  /** Suffixes sorted so far, the cover's counted too, of `of`. */
  readonly onProgress?: (done: number, of: number) => void;
}

/** Bytes of a pointer: as many as the length of the text takes, as the engine's own indexer has it. */
export function pointerWidth(textBytes: number): number {
  let width = 1;
  while (256 ** width < textBytes) width++;
  return width;
}

export class SuffixSorter {
  readonly #pool: ThreadPool;
  #layout: Layout | null = null;

  constructor(threads: number) {
    this.#pool = new ThreadPool(threads);
  }

  /** Sorts the suffixes of a text; `table` then gives them. What was sorted before is gone. */
  async sort(text: ByteSource, width: TokenWidth, options: SortOptions = {}): Promise<void> {
    const tokens = text.byteLength / width;
    if (!Number.isInteger(tokens) || tokens < 1) {
      const got = `got ${text.byteLength} bytes`;
      throw new EigentraceError('input', `${text.name}: holds no whole tokens, ${got} (expected ${width} bytes each)`);
    }
    const layout = layoutFor(tokens, width, this.#pool.threads);
    if (layout.bytes > pageBytes * mostPages) {
      const message = `${text.name}: too many tokens to sort at once, got ${tokens} (4 GiB of memory); build with a smaller --memory`;
      throw new EigentraceError('input', message);
    }
    this.#layout = null;
    this.#pool.reserve(layout.bytes);
    await this.#load(text, layout, options.signal);
    let done = 0;
    const of = tokens + layout.covered;
    const counter = new Uint32Array(this.#pool.buffer, layout.counter, 2);
    const timer = setInterval(() => options.onProgress?.(done + Atomics.load(counter, 1), of), 200);
    try {
      await this.#pass(layout, false, options.signal);
      await this.#pool.run(
        [{ op: 'rankCover', args: [layout.covered, layout.table + 4 * layout.covered] }],
        options.signal,
      );
      done = layout.covered;
      await this.#pass(layout, true, options.signal);
    } finally {
      clearInterval(timer);
    }
    options.onProgress?.(of, of);
    this.#layout = layout;
  }

  /** The table of the text sorted last, in chunks that are overwritten by the next. */
  async *table(): AsyncGenerator<Uint8Array> {
    const layout = this.#layout;
    if (!layout) throw new EigentraceError('internal', 'internal: no text was sorted');
    const width = pointerWidth(layout.tokens * layout.width);
    // The keys are no longer needed: the first thread's are as large as a chunk at least.
    const out = layout.keys[0]!;
    const most = Math.min(Math.floor((8 * layout.room - 8) / width), Math.ceil(chunkBytes / width));
    for (let from = 0; from < layout.tokens; from += most) {
      const to = Math.min(from + most, layout.tokens);
      await this.#pool.run([{ op: 'packTable', args: [from, to, width, out] }]);
      yield new Uint8Array(this.#pool.buffer, out, (to - from) * width);
    }
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  async #load(text: ByteSource, layout: Layout, signal?: AbortSignal): Promise<void> {
    const bytes = new Uint8Array(this.#pool.buffer);
    for (let at = 0; at < text.byteLength; at += chunkBytes) {
      if (signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
      bytes.set(await text.read(at, Math.min(at + chunkBytes, text.byteLength)), layout.text + at);
    }
    // The memory was used before: zeros after the text, and between the classes of ranks.
    bytes.fill(0, layout.text + text.byteLength, layout.text + text.byteLength + layout.limit + 16);
    bytes.fill(0, layout.ranks, layout.ranks + 4 * layout.rankPlaces);
    new Int32Array(this.#pool.buffer, layout.classes, layout.classStarts.length).set(layout.classStarts);
    const moves = movesOf();
    new Uint32Array(this.#pool.buffer, layout.moves, moves.length).set(moves);
  }

  /** Sorts the cover's suffixes as far as they differ, or, when its ranks are there, all suffixes. */
  async #pass(layout: Layout, ranked: boolean, signal?: AbortSignal): Promise<void> {
    const { threads, buffer } = this.#pool;
    const uint32 = (at: number, length: number): Uint32Array => new Uint32Array(buffer, at, length);
    for (let t = 0; t < threads; t++) {
      uint32(layout.args, 11).set([
        ...[layout.text, Math.log2(layout.width), layout.tokens, layout.table, layout.keys[t]!, layout.room],
        ...[layout.classes, layout.moves, layout.ranks, ranked ? 1 : 0, layout.limit],
      ]);
      const begin = { op: 'begin', args: [layout.args] };
      await this.#pool.run([...Array<null>(t).fill(null), begin], signal);
    }
    const counts = layout.counts.map((at) => uint32(at, buckets));
    for (const count of counts) count.fill(0);
    const share = (t: number): number => Math.floor((layout.tokens * t) / threads);
    const shares = (op: string) => layout.counts.map((at, t) => ({ op, args: [share(t), share(t + 1), at] }));
    await this.#pool.run(shares('countBuckets'), signal);
    const found: { from: number; to: number }[] = [];
    let next = 0;
    for (let bucket = 0; bucket < buckets; bucket++) {
      const from = next;
      for (const count of counts) {
        const size = count[bucket]!;
        count[bucket] = next;
        next += size;
      }
      if (next - from > 1) found.push({ from, to: next });
    }
    await this.#pool.run(shares('fillBuckets'), signal);
    // The largest first: none is left for the end, when other threads have nothing to do.
    found.sort((a, b) => b.to - b.from - (a.to - a.from));
    const list = uint32(layout.list, 2 * found.length);
    found.forEach(({ from, to }, i) => list.set([from, to], 2 * i));
    uint32(layout.counter, 2).fill(0);
    const job = { op: 'sortBuckets', args: [layout.list, found.length, layout.counter] };
    await this.#pool.run(
      Array.from({ length: threads }, () => job),
      signal,
    );
  }
}
