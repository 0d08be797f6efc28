/** What an audit knows of a revision, wherever it lies: a folder on this machine or a revision on the Hub. */
import type { FindingCode } from './finding.js';

/** A file as its place lists it. */
export interface RevisionFile {
  /** Its name in the revision, `model-00001-of-00002.safetensors`. */
  readonly name: string;
  readonly size: number;
  /** Of the Hub's large files their id; null where nobody has said it. */
  readonly sha256: string | null;
}

export interface WeightFacts extends RevisionFile {
  /** The same for files of the same bytes, and for no others; null where that is not known. */
  readonly content: string | null;
}

export interface RevisionFacts {
  readonly stage: string;
  readonly revision: string;
  readonly step: number | null;
  /** Of the same stage and step, revisions of several parents or seeds are no faults. */
  readonly branch: string;
  /** Files of weights, in order of name. An adapter's base is not among them. */
  readonly weights: readonly WeightFacts[];
  readonly config: Readonly<Record<string, unknown>> | null;
  /** Equal for equal tokenizers; null where there is none. */
  readonly tokenizer: string | null;
  /** Dtypes of its tensors, sorted; empty where only the config could be asked and says none. */
  readonly dtypes: readonly string[];
  /** Tensor name → shape, `[2, 3]`; null where headers were not read. */
  readonly shapes: ReadonlyMap<string, string> | null;
  /** What its `trainer_state.json` says, where a Trainer wrote it. */
  readonly trainer: { readonly step: number; readonly saveSteps: number | null } | null;
  /** What is wrong with it alone. */
  readonly problems: readonly { readonly code: FindingCode; readonly message: string }[];
}

/** A series as an audit sees it. */
export interface SeriesFacts {
  readonly name: string;
  /** Tokens a step of pretraining; null where nobody says. */
  readonly tokensPerStep: number | null;
  /** In order of stage and step; revisions without a step (`main`) last in their stage. */
  readonly revisions: readonly RevisionFacts[];
}

/** Whether it can be measured at all. */
export function isWhole({ problems }: RevisionFacts): boolean {
  return problems.every(({ code }) => code === 'unfinished' || code === 'no-tokenizer');
}

/** Revisions by stage, in the order of the series. */
export function byStage(revisions: readonly RevisionFacts[]): Map<string, RevisionFacts[]> {
  const stages = new Map<string, RevisionFacts[]>();
  for (const facts of revisions) stages.set(facts.stage, [...(stages.get(facts.stage) ?? []), facts]);
  return stages;
}
