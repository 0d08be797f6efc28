/**
 * How the errors of a series and of a null measured beside it belong together (definitions §6). A null made of the same
 * sequences keeps their order and so the jackknife's groups, though its own tokens may hash to something else: left-out
 * values then go in pairs. White noise shares nothing with anything. One rule, for every place that tells of the two.
 */
import type { Pairing } from './correlation.js';

/** What tells sequences apart without their tokens: whose they are, and how they were chosen. */
export interface SequencesMeasured {
  readonly corpus: string | null;
  readonly sequences: number;
  /** All tokens of all sequences: a permutation keeps their number, another choice seldom does. */
  readonly tokens: number;
  readonly minTokens: number | null;
  readonly maxTokens: number | null;
}

/** Null: on other sequences, of which it isn't known what they share, so that a difference has no error. */
export function controlPairing(
  kind: string,
  real: SequencesMeasured | null,
  control: SequencesMeasured | null,
): Pairing | null {
  if (kind === 'gaussian') return 'independent';
  if (real === null || control === null) return null;
  const parts = ['corpus', 'sequences', 'tokens', 'minTokens', 'maxTokens'] as const;
  return parts.every((part) => real[part] === control[part]) ? 'paired' : null;
}
