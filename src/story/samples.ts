/** What a page shows of generated texts (RUN/samples): the same prompts down a series, written in one way. */
export interface SamplesStory {
  /** How tokens were chosen: `greedy`, `temperature 0.8, top-p 0.95, seed 0`. */
  readonly name: string;
  /** The first of them, as many as a page holds. */
  readonly prompts: readonly SampledPromptStory[];
  /** Prompts and, of each prompt, completions that are left out of the page. */
  readonly left: { readonly prompts: number; readonly completions: number };
  /** In order of stage and step. */
  readonly points: readonly SamplesPoint[];
}

export interface SampledPromptStory {
  readonly text: string;
  /** By metric (`distinct_1`, `loops`, …): value and error over its samples, a point each; null where there is none. */
  readonly figures: Readonly<Record<string, readonly (readonly [value: number, se: number | null] | null)[]>>;
}

export interface SamplesPoint {
  readonly stage: string;
  readonly revision: string;
  readonly step: number | null;
  readonly tokens: number | null;
  /** By prompt, then sample. */
  readonly texts: readonly (readonly SampledText[])[];
  /** Flags, in words. */
  readonly notes: readonly string[];
}

export interface SampledText {
  readonly text: string;
  /** Whether the text is longer than what is shown. */
  readonly isCut: boolean;
  /** Tokens written. */
  readonly tokens: number;
  readonly finish: 'end' | 'stop' | 'length';
  readonly distinct: readonly (number | null)[];
  /** Tokens of the longest span that occurs twice. */
  readonly repeat: number | null;
  /** The end goes round: period and first token. */
  readonly loop: { readonly period: number; readonly from: number } | null;
}
