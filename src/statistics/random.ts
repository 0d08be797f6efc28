/**
 * Random numbers from a name: the same words give the same stream on any machine and in any order of asking, so that a
 * row's or a tensor's draws don't depend on batches, shards or threads. sfc32 (Doty-Humphrey) from a 128-bit hash of the
 * name; normals by Marsaglia's polar method. Not for secrets.
 */

/** Written into keys: another generator gives other numbers. */
export const generatorName = 'sfc32';

/** Outputs thrown away first, so that near names are far apart. */
const warmUp = 16;

export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  #spare: number | null = null;

  /** The stream named by these parts. */
  constructor(...name: readonly (string | number)[]) {
    // JSON: ('ab', 'c') and ('a', 'bc') are two names.
    const text = JSON.stringify(name);
    [this.#a, this.#b, this.#c] = [hash(text, 0x9e3779b9), hash(text, 0x243f6a88), hash(text, 0xb7e15162)];
    for (let i = 0; i < warmUp; i++) this.uint32();
  }

  /** Uniform on 0 … 2³² − 1. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** Uniform on 0 … bound − 1, every number as likely; bound at most 2³². */
  below(bound: number): number {
    const limit = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const value = this.uint32();
      if (value < limit) return value % bound;
    }
  }

  /** Standard normal. */
  normal(): number {
    if (this.#spare !== null) {
      const spare = this.#spare;
      this.#spare = null;
      return spare;
    }
    for (;;) {
      // Centres of 2³² cells of (−1, 1).
      const u = (this.uint32() + 0.5) / 2 ** 31 - 1;
      const v = (this.uint32() + 0.5) / 2 ** 31 - 1;
      const s = u * u + v * v;
      if (s >= 1) continue;
      const scale = Math.sqrt((-2 * Math.log(s)) / s);
      this.#spare = v * scale;
      return u * scale;
    }
  }

  /** Fills `out` with normal draws of mean 0. */
  fillNormal(out: Float32Array, std: number): void {
    for (let i = 0; i < out.length; i++) out[i] = std * this.normal();
  }

  /** Puts the elements [from, to) in a random order, every order as likely (Fisher–Yates). */
  shuffle(values: Int32Array, from: number, to: number): void {
    for (let i = to - 1; i > from; i--) {
      const j = from + this.below(i - from + 1);
      const kept = values[i]!;
      values[i] = values[j]!;
      values[j] = kept;
    }
  }
}

/** MurmurHash3's 32-bit mixing over UTF-16 code units. */
function hash(text: string, seed: number): number {
  let h = seed;
  for (let i = 0; i < text.length; i++) {
    let k = Math.imul(text.charCodeAt(i), 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    h ^= k;
    h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
  }
  h ^= text.length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
