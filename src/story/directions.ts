/** What a page shows of the top eigen-directions (RUN/directions) of one corpus, checkpoint by checkpoint. */
export interface DirectionsStory {
  /** The corpus, and what tells the request apart where there are several of it. */
  readonly name: string;
  readonly position: string;
  /** In order of stage and step. */
  readonly points: readonly DirectionsPoint[];
  /** Checkpoints whose tokens and passages are left out of the page. */
  readonly left: number;
}

export interface DirectionsPoint {
  readonly stage: string;
  readonly revision: string;
  readonly step: number | null;
  readonly tokens: number | null;
  /** States, their width, and directions along which they vary. */
  readonly n: number;
  readonly d: number;
  readonly rank: number;
  /** Coordinates that are large whatever the text, the largest first, and how many more there are. */
  readonly massive: readonly { readonly index: number; readonly rms: number; readonly mean: number }[];
  readonly moreMassive: number;
  /** The checkpoint before, the overlap of the two subspaces, and what unrelated ones would have; null: nothing to compare. */
  readonly change: { readonly since: string; readonly subspace: number | null; readonly chance: number } | null;
  readonly directions: readonly DirectionStory[];
  /** Flags, in words. */
  readonly notes: readonly string[];
}

export interface DirectionStory {
  readonly rank: number;
  /** Of the variance. */
  readonly share: number;
  /** 1/Σu⁴: coordinates that carry it. */
  readonly carriedBy: number;
  /** Too close to a neighbour's eigenvalue: another corpus would turn it. */
  readonly close: boolean;
  /** |cos| with that of its rank before (null: there was none), and with the nearest before. Null: nothing to compare. */
  readonly change: { readonly overlap: number | null; readonly nearest: number; readonly nearestRank: number } | null;
  readonly coordinates: readonly { readonly index: number; readonly share: number; readonly massive: boolean }[];
  /** Both ends, the positive one first; null where they are left out of the page. */
  readonly ends: readonly [DirectionEndStory, DirectionEndStory] | null;
}

export interface DirectionEndStory {
  /** Whose logits rise most towards it; null: the model has no unembedding. */
  readonly tokens: readonly { readonly text: string; readonly logit: number }[] | null;
  /** The states furthest to it, in standard deviations; a passage's last token is the one whose state it is. */
  readonly passages: readonly { readonly text: string; readonly score: number }[];
}
