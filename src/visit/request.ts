/**
 * What a neighbour of `trace` asks of the loop over a series, and what comes back. A neighbour writes a `VisitJob`: which
 * parts it finds apart from one another, what determines their numbers, and how one is found at one checkpoint. The loop
 * does the rest: opening, hashing, reuse, storing, failures, Ctrl-C.
 */
import type { Checkpoint, FileHashes, Series, SeriesEntry } from '../checkpoints/index.js';
import type { TwoWayTokenizer } from '../corpus/index.js';
import type { Model } from '../models/index.js';
import type { ControlRecord, Finding, FindingBody, FindingKind, Provenance } from '../record/index.js';
import type { ModelProcess } from '../runtime/index.js';
import type { Kernel } from '../spectrum/index.js';
import type { TraceEvent } from '../trace/request.js';

export interface VisitRequest {
  /** A folder of checkpoint folders, one checkpoint folder, or a `series.json`. */
  series: string;
  /** Which checkpoints, as in trace: `all`, `log:24`, a comma list, … Default `all`. */
  revisions: string;
  /** Tokens a training step, for folders whose names give steps only; null: unknown unless names say them. */
  tokensPerStep: number | null;
  /** The RUN folder that is written; null: nothing is stored, nor reused. */
  out: string | null;
  /** Also a model of the first checkpoint's shape with weights drawn by this seed: what training made. Null: none. */
  randomInit: number | null;
  /** Threads of the forward pass and the eigensolver. */
  threads: number;
  /**
   * Bytes that both processes together may take; a model that doesn't fit is run in stages of layers, with the same numbers.
   * Null or absent: what is free, less a margin.
   */
  memory?: number | null;
  /** Find again even where the same is there. */
  force: boolean;
  /** What becomes of checkpoints downloaded from the Hub, as in `trace`. Default `all`. */
  keepDownloads?: 'none' | 'last' | 'all';
}

export const visitDefaults = {
  revisions: 'all',
  tokensPerStep: null,
  randomInit: null,
  force: false,
} as const satisfies Partial<VisitRequest>;

/** What is found, reused and stored on its own at each checkpoint: a task, a basis, a set of prompts. One file each. */
export interface VisitPart {
  /** For lines and errors; empty where a job has one part only. */
  readonly name: string;
  /** What sets its findings apart from others of the kind in the same run, and no more: `{ task: 'sciq', fewshot: 0 }`. */
  readonly scope: Readonly<Record<string, unknown>>;
  /** Every option that determines its numbers, resolved, as it is recorded. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** A checkpoint whose headers were read and whose weights were hashed. */
export interface VisitSubject {
  readonly series: Series;
  readonly entry: SeriesEntry;
  readonly checkpoint: Checkpoint;
  readonly model: Model;
  /** Null where weights are drawn. */
  readonly weights: FileHashes | null;
  /** Of a null; null for the checkpoint as it is. */
  readonly control: ControlRecord | null;
  /** sha256 of the tokenizer; null where there is none. */
  readonly tokenizerSha256: string | null;
  /** The tokenizer; where there is none, an error that says what to do. */
  readonly tokenizer: () => TwoWayTokenizer;
}

export interface VisitTools {
  /** The process of the forward pass. Its weights may be used (`Checkpoint.prepare` was called); it is released after the last part. */
  readonly child: ModelProcess;
  /** The eigensolver's threads, started when first asked for. */
  readonly kernel: Kernel;
  readonly threads: number;
  /** Bytes for both processes together; null: what is free, less a margin. */
  readonly memory: number | null;
  /** A folder for scratch files. */
  readonly scratch: string;
  readonly signal: AbortSignal | undefined;
  /** Tells how far it is; tokens a second where that is known. */
  readonly progress: (phase: VisitPhase, done: number, of: number, tokensPerSecond?: number | null) => void;
  readonly note: (message: string) => void;
  /** Tells in how many sessions the model was run, one after another, where it was not all at once. */
  readonly noteStages: (stages: number) => void;
}

export type VisitPhase = Extract<TraceEvent, { type: 'progress' }>['phase'];

export interface VisitJob<P extends VisitPart = VisitPart> {
  readonly kind: FindingKind;
  /** At least one; found in this order at each checkpoint, with the model opened once. */
  readonly parts: readonly P[];
  /** What determines a part's numbers besides weights, config, tokenizer and precision: corpus, options, versions of definitions. */
  keyParts(subject: VisitSubject, part: P): Promise<Record<string, unknown>> | Record<string, unknown>;
  /** Finds one part. A throw is this checkpoint's failure (`usage`, `environment`: everyone's). */
  run(subject: VisitSubject, part: P, tools: VisitTools): Promise<VisitBody>;
}

/** What a job found, and what it wants told in the provenance besides: a corpus, an index, a data set's hash. */
export interface VisitBody extends FindingBody {
  readonly provenance?: Readonly<Record<string, unknown>> & { readonly corpus?: Provenance['corpus'] };
}

/** What the loop tells while it works: events as trace's, but for the result. `index` counts checkpoints × parts from 0. */
export type VisitEvent =
  | Extract<TraceEvent, { type: 'start' | 'progress' | 'note' }>
  | { type: 'done'; result: Visited; index: number; total: number };

/** How one part of one checkpoint ended. */
export interface Visited {
  stage: string;
  revision: string;
  /** The part's name. */
  part: string;
  control: { readonly kind: 'random-init'; readonly seed: number } | null;
  step: number | null;
  tokens: number | null;
  state: 'measured' | 'reused' | 'failed';
  /** Why it failed; null otherwise. */
  error: string | null;
  seconds: number;
  /** Where the finding is; null when it failed, or nothing is stored. */
  path: string | null;
  /** Null when it failed. */
  finding: Finding | null;
}

export interface VisitResult {
  /** The RUN folder; null where nothing is stored. */
  run: string | null;
  series: string;
  kind: FindingKind;
  results: Visited[];
  interrupted: boolean;
}

export interface VisitHooks {
  signal?: AbortSignal;
  onEvent?: (event: VisitEvent) => void;
}
