/**
 * The paper's models by the names that series have: a Hub id, with or without its organisation, in any case, and
 * `-deduped` apart (other weights: not the paper's).
 */
import { paperValues } from './paper-values.js';

/** A point read off a figure: training tokens, and the value there. */
export type PaperPoint = readonly [tokens: number, value: number];

/** What the paper shows of one of its models. */
export interface PaperCurves {
  /** The paper's name: `pythia-1b`, `OLMo-2-1124-7B`. */
  readonly name: string;
  /** Definition `rankme.published` (Fig 2). */
  readonly rankme: readonly PaperPoint[];
  readonly alpha: readonly PaperPoint[];
  /** Tokens at which its phases' boundaries are drawn: the end of warmup, and of entropy-seeking. */
  readonly boundaries: readonly number[];
}

/** Table 8: SciQ accuracy with eigen-directions removed or kept. */
export interface PaperAblation {
  readonly name: string;
  readonly original: number;
  readonly top10Removed: number;
  readonly top10Kept: number;
  readonly top50Removed: number;
  readonly top50Kept: number;
}

/** Table 9: correlation of SciQ accuracy with α and RankMe over checkpoints (of which kind is not stated). */
export interface PaperCorrelation {
  readonly name: string;
  readonly alphaR: number;
  readonly alphaP: number;
  readonly rankmeR: number;
  readonly rankmeP: number;
}

/** The paper's curves and boundaries of a model; null for a series that is none of its models. */
export function paperCurvesFor(series: string): PaperCurves | null {
  const found = entryFor(paperValues.fig2, series);
  if (found === null) return null;
  const [name, { rankme, alpha, phases }] = found;
  return { name, rankme, alpha, boundaries: phases };
}

/** Fig 3a: Spearman's ρ of ∞-gram and model over training; null for a series that is none of its models. */
export function paperMemorizationFor(series: string): readonly PaperPoint[] | null {
  return entryFor(paperValues.fig3a_spearman, series)?.[1] ?? null;
}

/** The row of Table 8; null for a series that is none of its models. */
export function paperAblationFor(series: string): PaperAblation | null {
  const { columns: _, ...rows } = paperValues.table8_sciq;
  const found = entryFor(rows, series);
  if (found === null) return null;
  const [name, [original, top10Removed, top10Kept, top50Removed, top50Kept]] = found;
  return { name, original, top10Removed, top10Kept, top50Removed, top50Kept };
}

/** The row of Table 9; null for a series that is none of its models. */
export function paperCorrelationFor(series: string): PaperCorrelation | null {
  const { columns: _, note: __, ...rows } = paperValues.table9_sciq_correlation;
  const found = entryFor(rows, series);
  if (found === null) return null;
  const [name, [alphaR, alphaP, rankmeR, rankmeP]] = found;
  return { name, alphaR, alphaP, rankmeR, rankmeP };
}

/** Organisations that publish the paper's models, as Hub ids have them. */
const organisations = ['eleutherai', 'allenai'];

function entryFor<T>(entries: Readonly<Record<string, T>>, series: string): [string, T] | null {
  const parts = series.toLowerCase().split('/');
  const model = parts.at(-1)!.replace(/@.*$/, '');
  if (parts.length === 2 && !organisations.includes(parts[0]!)) return null;
  return Object.entries(entries).find(([name]) => name.toLowerCase() === model) ?? null;
}
