/**
 * Where things lie in the sorter's memory, in bytes: arguments and the cover's tables below 64 KiB, then counts, keys,
 * the text, the cover's ranks and the table. 6¾ bytes a token of two: the text 2, the table 4, ranks ½, keys ¼.
 */

/** Bytes of a token. */
export type TokenWidth = 1 | 2 | 4;

export const pageBytes = 65536;
export const mostPages = 65536;
export const mostThreads = 16;
const buckets = 65536;
export const period = 73;
/** Bytes that a fixed count of arguments, the counter, and the cover's tables begin at. */
const places = { args: 1024, counter: 1088, classes: 2048, moves: 3072 } as const;

/** The nine residues modulo 73 of the cover. */
export const cover: readonly number[] = [1, 2, 4, 8, 16, 32, 37, 55, 64];

export interface Layout {
  readonly tokens: number;
  readonly width: TokenWidth;
  /** Bytes after which suffixes count as equal. */
  readonly limit: number;
  readonly args: number;
  readonly counter: number;
  readonly classes: number;
  readonly moves: number;
  /** uint32 counts of the buckets, a thread. */
  readonly counts: readonly number[];
  /** Start and end of the buckets that are sorted. */
  readonly list: number;
  /** Keys (uint64), a thread, and how many. */
  readonly keys: readonly number[];
  readonly room: number;
  readonly text: number;
  readonly ranks: number;
  /** Ranks with the zeros between. */
  readonly rankPlaces: number;
  /** By residue: where its ranks begin; −1 outside the cover. */
  readonly classStarts: Int32Array;
  /** Suffixes in the cover. */
  readonly covered: number;
  readonly table: number;
  readonly bytes: number;
}

/** The layout for so many tokens; it may exceed the 4 GiB that there are: the caller looks. */
export function layoutFor(tokens: number, width: TokenWidth, threads: number): Layout {
  let next = pageBytes;
  const take = (bytes: number): number => {
    const at = next;
    next += Math.ceil(bytes / 64) * 64;
    return at;
  };
  const eachThread = (bytes: number): number[] => Array.from({ length: threads }, () => take(bytes));
  const limit = 2 + 8 * Math.ceil((period * width - 2) / 8);
  const classStarts = new Int32Array(period).fill(-1);
  let rankPlaces = 0;
  let covered = 0;
  for (const residue of cover) {
    const size = residue < tokens ? Math.floor((tokens - 1 - residue) / period) + 1 : 0;
    classStarts[residue] = rankPlaces;
    rankPlaces += size + 1;
    covered += size;
  }
  const counts = eachThread(4 * buckets);
  const list = take(8 * buckets);
  const room = Math.max(4096, Math.ceil(tokens / (32 * threads)));
  const keys = eachThread(8 * room);
  // Keys are read 8 bytes at a time up to the limit, past the text's end too.
  const text = take(tokens * width + limit + 64);
  const ranks = take(4 * rankPlaces);
  // While the cover is sorted its work (rankCover) lies behind it in the table.
  const table = take(Math.max(4 * tokens, 20 * covered + 128));
  return {
    ...places,
    ...{ tokens, width, limit, counts, list, keys, room, text, ranks, rankPlaces, classStarts, covered, table },
    bytes: next,
  };
}

/** Most tokens of a shard that is sorted in `memory` bytes. */
export function mostTokens(memory: number, width: TokenWidth, threads: number): number {
  const limit = Math.min(memory, pageBytes * mostPages);
  const fixed = layoutFor(0, width, threads).bytes;
  let tokens = Math.floor((limit - fixed) / (layoutFor(1e8, width, threads).bytes / 1e8));
  while (tokens > 0 && layoutFor(tokens, width, threads).bytes > limit) tokens = Math.floor(tokens * 0.999) - 1;
  return Math.max(0, tokens);
}

/** By difference modulo the period: the member of the cover that the first of two suffixes is moved to. */
export function movesOf(): Uint32Array {
  const moves = new Uint32Array(period);
  for (const a of cover) for (const b of cover) moves[(b - a + period) % period] = a;
  return moves;
}
