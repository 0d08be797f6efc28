/**
 * A seeded random choice of rows that needs neither the whole corpus in memory nor all of it tokenised: each row
 * has a pseudorandom 53-bit key from (seed, row number) alone, and the rows with the smallest keys are kept. Any
 * row is as likely as any other; a smaller sample is part of a larger one of the same seed; and since the key does
 * not depend on the tokenizer, two tokenizers differ only in the rows that one of them filters out.
 */

/** The key of a row in [0, 2⁵³): seed and row folded twice through MurmurHash3's finaliser. */
export function rowKey(seed: number, row: number): number {
  return (fold(seed, row, 0x9e3779b9) & 0x1fffff) * 2 ** 32 + fold(seed, row, 0x7f4a7c15);
}

function fold(seed: number, row: number, start: number): number {
  let hash = start;
  for (const value of [seed, row]) {
    hash = mix(Math.imul(hash, 31) + (value >>> 0));
    hash = mix(Math.imul(hash, 31) + Math.floor(value / 2 ** 32));
  }
  return hash;
}

function mix(value: number): number {
  let h = value >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Keeps the `size` items of smallest key; holds at most a quarter (or 64) more on the way. */
export class SmallestKeys<T> {
  readonly #size: number;
  #kept: { key: number; row: number; item: T }[] = [];
  #bound = Infinity;

  constructor(size: number) {
    this.#size = size;
  }

  /** How many are kept. */
  get count(): number {
    return Math.min(this.#kept.length, this.#size);
  }

  /** Whether an item of this key could still be kept: ask before doing work for it. */
  wants(key: number): boolean {
    return key <= this.#bound;
  }

  add(key: number, row: number, item: T): void {
    this.#kept.push({ key, row, item });
    if (this.#kept.length >= this.#size + Math.max(64, this.#size / 4)) this.#trim();
  }

  /** What was kept, by row. */
  inOrder(): { row: number; item: T }[] {
    this.#trim();
    return this.#kept.toSorted((a, b) => a.row - b.row);
  }

  #trim(): void {
    this.#kept = this.#kept.sort((a, b) => a.key - b.key || a.row - b.row).slice(0, this.#size);
    if (this.#kept.length === this.#size) this.#bound = this.#kept.at(-1)!.key;
  }
}
