/**
 * Nulls: what the figures would be without what is claimed to make them, under the same N, d, layers and corpus.
 */

export const controlKinds = ['shuffled-tokens', 'random-init', 'gaussian'] as const;
export type ControlKind = (typeof controlKinds)[number];

/** What is measured in a checkpoint's place, and the seed of its random numbers. */
export interface Control {
  readonly kind: ControlKind;
  readonly seed: number;
}
