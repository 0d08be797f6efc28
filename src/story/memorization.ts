/** What a page shows of memorization (RUN/memorization): a set of questions, or passages, over a series' checkpoints. */
export interface MemorizationStory {
  readonly what: 'questions' | 'passages';
  /** Of the set of questions, or the passages' corpus. */
  readonly name: string;
  /** The ∞-gram index that it is compared with. */
  readonly index: string;
  /** Questions, or tokens of the passages. */
  readonly n: number | null;
  /** In order of stage and step. */
  readonly points: readonly {
    readonly stage: string;
    readonly revision: string;
    readonly step: number | null;
    readonly tokens: number | null;
    readonly isControl: boolean;
    /** Partial ρ above the control's beyond its error, below it, or neither; null where nothing was compared. */
    readonly verdict: { readonly strict: string; readonly published: string } | null;
  }[];
  /** By metric (`rho`, `rho_partial`, …): a value a point, and its error. */
  readonly values: Readonly<Record<string, readonly (number | null)[]>>;
  readonly errors: Readonly<Record<string, readonly (number | null)[]>>;
  /** What has seen no data, and its values. */
  readonly control: { readonly kind: string; readonly values: Readonly<Record<string, number | null>> } | null;
  /** Shares of tokens by the length of the suffix that the index holds (the paper's Table 7). */
  readonly suffixes: readonly { readonly name: string; readonly share: number | null }[];
  /** Both likelihoods of each question at the last checkpoint, the first thousand; null for passages. */
  readonly scatter: {
    readonly revision: string;
    /** ln P of the model, ln P∞ (null: a token of probability 0; published: all of them), tokens of the answer. */
    readonly items: readonly (readonly [lm: number, strict: number | null, published: number | null, tokens: number])[];
  } | null;
  /** Of passages, at the last checkpoint: mean |ln p − ln p∞| by suffix length and by position. */
  readonly bars: {
    readonly revision: string;
    readonly suffix: readonly MemorizationBar[];
    readonly position: readonly MemorizationBar[];
  } | null;
  /** Whether memorization is claimed, in a sentence. */
  readonly conclusion: { readonly strict: string; readonly published: string } | null;
}

export interface MemorizationBar {
  readonly from: number;
  /** Null: and above. */
  readonly to: number | null;
  readonly tokens: number;
  readonly share: number | null;
  readonly gap: number | null;
}
