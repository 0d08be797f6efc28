/** Where a draw falls: from a seed and what is drawn. */
import type { Draw } from '../runtime/index.js';
import { Random } from '../statistics/random.js';

export interface Sampling extends Draw {
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
