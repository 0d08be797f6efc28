/**
 * Python's `random.Random(seed)`, as far as drawing examples needs it: the Mersenne Twister (Matsumoto & Nishimura 1998)
 * seeded by a whole number, `_randbelow` and `sample`. The lm-evaluation-harness draws its few-shot examples so, and
 * another generator would make other prompts.
 */
const N = 624;
const M = 397;

export class PythonRandom {
  readonly #state = new Uint32Array(N);
  #at = N;

  /** `seed`: a whole number from 0 to 2^32 − 1. */
  constructor(seed: number) {
    this.#seed(19_650_218);
    const s = this.#state;
    // init_by_array with the one word that the seed is.
    let i = 1;
    for (let k = 0; k < N; k++) {
      s[i] = (s[i]! ^ Math.imul(s[i - 1]! ^ (s[i - 1]! >>> 30), 1_664_525)) + seed;
      if (++i === N) {
        s[0] = s[N - 1]!;
        i = 1;
      }
    }
    for (let k = 1; k < N; k++) {
      s[i] = (s[i]! ^ Math.imul(s[i - 1]! ^ (s[i - 1]! >>> 30), 1_566_083_941)) - i;
      if (++i === N) {
        s[0] = s[N - 1]!;
        i = 1;
      }
    }
    s[0] = 0x80000000;
  }

  /** `count` different places below `n`, in the order drawn: `sample(range(n), count)`. */
  sample(n: number, count: number): number[] {
    if (count > n) throw new RangeError(`internal: a sample of ${count} from ${n}`);
    let setSize = 21;
    if (count > 5) setSize += 4 ** Math.ceil(Math.log(count * 3) / Math.log(4));
    const drawn: number[] = [];
    if (n <= setSize) {
      const pool = Array.from({ length: n }, (_, i) => i);
      for (let i = 0; i < count; i++) {
        const j = this.#below(n - i);
        drawn.push(pool[j]!);
        pool[j] = pool[n - i - 1]!;
      }
      return drawn;
    }
    const seen = new Set<number>();
    while (drawn.length < count) {
      const j = this.#below(n);
      if (seen.has(j)) continue;
      seen.add(j);
      drawn.push(j);
    }
    return drawn;
  }

  #below(n: number): number {
    const bits = 32 - Math.clz32(n);
    for (;;) {
      const value = this.#next() >>> (32 - bits);
      if (value < n) return value;
    }
  }

  #seed(seed: number): void {
    const s = this.#state;
    s[0] = seed;
    for (let i = 1; i < N; i++) s[i] = Math.imul(s[i - 1]! ^ (s[i - 1]! >>> 30), 1_812_433_253) + i;
  }

  #next(): number {
    const s = this.#state;
    if (this.#at === N) {
      for (let k = 0; k < N; k++) {
        const y = (s[k]! & 0x80000000) | (s[(k + 1) % N]! & 0x7fffffff);
        s[k] = s[(k + M) % N]! ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      this.#at = 0;
    }
    let y = s[this.#at++]!;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }
}
