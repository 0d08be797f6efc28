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
  /** Of passages: mean |ln p − ln p∞| by the suffix found and by position; null for questions. */
  readonly bars: { readonly suffix: MemorizationBars; readonly position: MemorizationBars } | null;
  /** Of passages: windows whose next tokens greedy decoding must reproduce; null where none is long enough. */
  readonly windows: { readonly count: number; readonly promptTokens: number; readonly extractTokens: number } | null;
  /** Whether memorization is claimed, in a sentence. */
  readonly conclusion: { readonly strict: string; readonly published: string } | null;
}

/** A breakdown of the gap over tokens with p∞ > 0. */
export interface MemorizationBars {
  /** What each bar is over: suffix lengths or positions; `to` null: and above. Tokens and the share with p∞ > 0, of the last checkpoint. */
  readonly edges: readonly {
    readonly from: number;
    readonly to: number | null;
    readonly tokens: number;
    readonly share: number | null;
  }[];
  /** A point each, by bar, in nats; null: no token there. */
  readonly gaps: readonly (readonly (number | null)[])[];
}
