/** What a page shows of an ablation (RUN/ablation): a set of questions asked with eigen-directions removed or kept. */
export interface AblationStory {
  /** The set of questions, and what tells it apart where there are several of that name. */
  readonly name: string;
  /** The task or file alone. */
  readonly questions: string;
  /** Whose states give the directions, and whether states are changed about their mean. */
  readonly corpus: string;
  readonly mean: boolean;
  /** Random subspaces that a variant is held against. */
  readonly draws: number;
  /** Share of right answers that guessing gives; null where it is not known. */
  readonly chance: number | null;
  /** Those that count right answers, the main one first; `logprob` last. */
  readonly metrics: readonly string[];
  /** In order of stage and step. */
  readonly points: readonly AblationPoint[];
  /** The unchanged model first, then as asked; random ones last. */
  readonly variants: readonly AblationVariant[];
}

export interface AblationPoint {
  readonly stage: string;
  readonly revision: string;
  readonly step: number | null;
  readonly tokens: number | null;
  readonly questions: number;
  /** States that Σ is of, their width, and directions along which they vary. */
  readonly n: number;
  readonly d: number;
  readonly rank: number;
  /** Flags, in words. */
  readonly notes: readonly string[];
}

export interface AblationVariant {
  /** `top-10 removed`, `random-10 kept`, `original`. */
  readonly name: string;
  readonly kind: 'original' | 'band' | 'random';
  /** Directions removed or kept; null for the unchanged model. */
  readonly size: number | null;
  /** The random directions of the same number; null where none were drawn. */
  readonly control: string | null;
  /** Share of the variance along the directions, a point each. */
  readonly variance: readonly (number | null)[];
  /** By metric, a point each; null where it was not measured. */
  readonly figures: Readonly<Record<string, readonly (AblationFigure | null)[]>>;
}

/**
 * A figure with its error over questions; its change from the unchanged model, paired by question, with the p of McNemar's
 * test (or a paired t test); its difference from the random directions. Null: there is no such thing.
 */
export type AblationFigure = readonly [
  ...[value: number | null, se: number | null, change: number | null, changeSe: number | null, p: number | null],
  ...[versus: number | null, versusSe: number | null, versusP: number | null],
];
