/**
 * Mean negative log-likelihood a token of the corpus, in nats: −Σ ln p / Σ tokens over every predicted token
 * (all but a sequence's first). Its standard error is the delete-a-group jackknife of definitions §6 over sequences.
 */
import { groupOfRow } from '../spectrum/index.js';
import { jackknife } from '../statistics/index.js';

const groups = 10;

export interface Likelihood {
  /** Null where no token was predicted, or one is not finite. */
  readonly value: number | null;
  readonly tokens: number;
  readonly se: number | null;
  /** Sequences with a log-probability that is not finite. */
  readonly notFinite: number;
}

export class LikelihoodSum {
  readonly #n: number;
  readonly #sums = new Float64Array(groups);
  readonly #tokens = new Float64Array(groups);
  readonly #perSequence: Float64Array;
  readonly #lengths: Float64Array;
  #notFinite = 0;

  /** For `n` sequences in corpus order. */
  constructor(n: number) {
    this.#n = n;
    this.#perSequence = new Float64Array(n);
    this.#lengths = new Float64Array(n);
  }

  /** Log-probabilities of sequence `index`. */
  add(index: number, logprobs: Float32Array): void {
    let sum = 0;
    for (const value of logprobs) sum += value;
    if (!Number.isFinite(sum)) this.#notFinite++;
    this.#perSequence[index] = sum;
    this.#lengths[index] = logprobs.length;
  }

  /** Summed in corpus order, so that batches change no bit; sequences that aren't finite are left out and counted. */
  result(withError: boolean): Likelihood {
    for (let i = 0; i < this.#n; i++) {
      if (!Number.isFinite(this.#perSequence[i]!)) continue;
      const group = groupOfRow(i, this.#n, groups);
      this.#sums[group]! += this.#perSequence[i]!;
      this.#tokens[group]! += this.#lengths[i]!;
    }
    const total = this.#sums.reduce((a, b) => a + b, 0);
    const tokens = this.#tokens.reduce((a, b) => a + b, 0);
    const notFinite = this.#notFinite;
    if (tokens === 0) return { value: null, tokens, se: null, notFinite };
    const value = -total / tokens;
    const replicates = Array.from(this.#sums, (sum, k) => -(total - sum) / (tokens - this.#tokens[k]!));
    if (!withError || !replicates.every(Number.isFinite)) return { value, tokens, se: null, notFinite };
    return { value, tokens, se: jackknife(replicates).se, notFinite };
  }
}
