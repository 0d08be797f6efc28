/**
 * One token of a row of logits, as transformers draws it: temperature, then top-k, then top-p, then a draw from what is
 * left. Everything after the logits is float64. Top-k keeps what is as likely as the k-th token; of equal logits top-p
 * takes the smaller id first (transformers leaves it to the sort).
 */
import { Random } from '../statistics/random.js';

export interface Sampling {
  /** Above 0. */
  readonly temperature: number;
  readonly topK: number | null;
  readonly topP: number;
  readonly seed: number;
}

/** Written into keys: another way of drawing gives other texts. */
export const samplingVersion = 'draws-1';

/** Uniform on [0, 1) by what is drawn, not by when: neither the batch nor other prompts change it. */
export function uniform(seed: number, prompt: string, sample: number, position: number): number {
  const random = new Random('generate', seed, prompt, sample, position);
  // 53 bits, as a float64 holds.
  return ((random.uint32() >>> 5) * 2 ** 26 + (random.uint32() >>> 6)) / 2 ** 53;
}

/** The token at `u` of the cumulated probabilities, tokens in order of their ids. */
export function drawToken(logits: Float32Array, { temperature, topK, topP }: Sampling, u: number): number {
  const { ids, weights } = candidates(logits, temperature, topK, topP);
  let total = 0;
  for (const weight of weights) total += weight;
  let sum = 0;
  for (let i = 0; i < ids.length; i++) {
    sum += weights[i]!;
    if (u * total < sum) return ids[i]!;
  }
  return ids.at(-1)!;
}

/** Tokens that may be drawn, ids ascending, with weights in proportion to their probabilities. */
export function candidates(
  logits: Float32Array,
  temperature: number,
  topK: number | null,
  topP: number,
): { ids: number[]; weights: number[] } {
  const least = topK === null || topK >= logits.length ? -Infinity : kthLargest(logits, topK);
  let most = -Infinity;
  for (const logit of logits) if (logit > most) most = logit;
  const ids: number[] = [];
  const weights: number[] = [];
  let total = 0;
  logits.forEach((logit, id) => {
    if (logit < least) return;
    const weight = Math.exp((logit - most) / temperature);
    ids.push(id);
    weights.push(weight);
    total += weight;
  });
  if (topP === 1) return { ids, weights };
  // A token of at most (1 − p) / count can't be among the likeliest that reach p: all such together are no more than 1 − p.
  const bound = (total * (1 - topP)) / ids.length;
  const order = ids.map((_, i) => i).filter((i) => weights[i]! > bound);
  order.sort((a, b) => weights[b]! - weights[a]! || a - b);
  let sum = 0;
  let kept = 0;
  while (kept < order.length && (kept === 0 || sum < topP * total)) sum += weights[order[kept++]!]!;
  const chosen = order.slice(0, kept).sort((a, b) => a - b);
  return { ids: chosen.map((i) => ids[i]!), weights: chosen.map((i) => weights[i]!) };
}

/** The k-th largest value, equal ones counted each. */
function kthLargest(values: Float32Array, k: number): number {
  return Float32Array.from(values).sort()[values.length - k]!;
}
