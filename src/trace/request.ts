/**
 * What a user asks of `trace`, resolved: every option with its meaning, unit and default. The command line's
 * help and the record's `requests` come from the same names.
 */
import type { FiredAlert } from '../record/index.js';
import type { AlertOptions } from './alerts.js';
import type { Precision } from '../models/index.js';
import type { Control, ControlKind } from './control.js';

export interface TraceRequest {
  /** A folder of checkpoint folders, one checkpoint folder, or a `series.json`. Null only with `features`: their names say it. */
  series: string | null;
  /**
   * The tokenizer for every checkpoint, a folder or a `tokenizer.json`, in place of their own. Default: each checkpoint's own,
   * else the series'.
   */
  tokenizer?: string | null;
  /** `.txt[.gz]`, `.jsonl[.gz]`, `.parquet`, a folder or glob of those, or `sample:`. Null with `features`: not known. */
  corpus: string | null;
  /**
   * Representations made elsewhere in place of models: a path with `{revision}`, `{step}`, `{stage}`, `{layer}`, ending in
   * .npy, .npz, .safetensors or .parquet; (N, d), one row a sequence. Options about the corpus are not used then,
   * `position` and `layers` say what the rows are. Default null.
   */
  features: string | null;
  /** The RUN folder that is written. */
  out: string;
  /** Which checkpoints: `all`, `log:24`, `every:10`, `1000..20000:1000`, a comma list, a glob, or `paper`. Default `all`. */
  revisions: string;
  /**
   * Tokens a training step, for folders whose names give steps only; a `series.json` that says its own wins.
   * Default null: tokens are unknown unless names say them.
   */
  tokensPerStep: number | null;
  /** Text field of jsonl and parquet rows. Default `text`. */
  field: string;
  /** How many sequences; null takes all that pass the filter. Preset `paper`: 15,000. */
  sequences: number | null;
  /** Keep sequences of more than this many tokens. Preset `paper`: 32; `pythia-script`: 10. */
  minTokens: number;
  /** Then cut to this many tokens. Preset `paper`: 512; `pythia-script`: 128. */
  maxTokens: number;
  /** Seed of a random order of the corpus; null (default) keeps corpus order. */
  seed: number | null;
  /** A file of corpus row numbers (one a line, or a JSON array) that fixes the rows for all models; null: none. */
  rows: string | null;
  /** Which tokens of a sequence give rows: the last real one (default), their mean, or all of them. */
  position: 'last' | 'mean' | 'all';
  /** `final` (after the final norm, default), block numbers `0,6,12` (0 = embeddings, before the final norm), or `all`. */
  layers: string;
  /** Standard errors: the delete-a-group jackknife (default) or none. */
  errors: 'jackknife' | 'none';
  /** First and last rank of the α fit, 1-based and inclusive. Default [12, 100]. */
  alphaRange: readonly [number, number];
  /** Also the mean negative log-likelihood a token of the corpus, in nats. Default false. */
  nll: boolean;
  /**
   * Nulls measured besides, under the same N and d: `shuffled-tokens`, `random-init`, `gaussian`. They are stored as variants
   * beside the series. Default none.
   */
  control: readonly ControlKind[];
  /** Seed of their random numbers. Default 0. */
  controlSeed: number;
  /** Keep the representations in the measurement's safetensors file. Default false. */
  saveFeatures: boolean;
  /**
   * Where the forward pass runs: `cpu` (default) or another execution provider of this onnxruntime build. The first batch is
   * also run on the CPU; a difference beyond 1e-3 relative stops the run.
   */
  device: string;
  /**
   * Bytes that both processes together may take; a model that doesn't fit is run in stages of layers. Null (default): what is
   * free, less a tenth (at least 256 MiB).
   */
  memory: number | null;
  /**
   * How the blocks' products are computed: `float32` (default), or `int8`, faster and less exact: weights rounded to bytes a
   * column, states a token. Some sequences are run both ways, and the difference is recorded; see docs/precision.md.
   */
  precision?: Precision;
  /** Threads of the forward pass and the eigensolver. Default: the machine's available parallelism. */
  threads: number;
  /**
   * What becomes of checkpoints that are downloaded from the Hub: `all` stay in its cache (default), `last`: only the last one
   * measured, `none`: each is deleted when it is measured. What was in the cache before stays.
   */
  keep?: 'none' | 'last' | 'all';
  /** Measure again even where a measurement with the same key is there. Default false. */
  force: boolean;
  /** Leave out checkpoints in which the audit of the series finds an error or a warning; see docs/audit.md. Default false. */
  skipFlagged?: boolean;
}

export const traceDefaults = {
  features: null,
  revisions: 'all',
  tokensPerStep: null,
  field: 'text',
  seed: null,
  rows: null,
  position: 'last',
  layers: 'final',
  errors: 'jackknife',
  alphaRange: [12, 100],
  nll: false,
  control: [],
  controlSeed: 0,
  saveFeatures: false,
  device: 'cpu',
  precision: 'float32',
  memory: null,
  keep: 'all',
  force: false,
  skipFlagged: false,
} as const satisfies Partial<TraceRequest>;

/** Sequence filters by name (definitions §1). */
export const presets = {
  paper: { sequences: 15_000, minTokens: 32, maxTokens: 512 },
  'pythia-script': { sequences: 15_000, minTokens: 10, maxTokens: 128 },
} as const;

/** What `--dry-run` prints and `trace` starts from. */
export interface TracePlan {
  series: string;
  checkpoints: {
    stage: string;
    revision: string;
    /** Of a null; absent or null for a real measurement. */
    control?: Control | null;
    step: number | null;
    tokens: number | null;
    /** A measurement with the same key is there and will be reused. */
    reused: boolean;
    /** Bytes of weights, or of representations made elsewhere, on disk. */
    bytes: number;
    /** Why it can't be measured, when that is known before starting. */
    problem: string | null;
  }[];
  /** Null where representations are read. */
  corpus: { name: string; asked: number | null; found: number; tokens: number } | null;
  /** Rows and columns of the first checkpoint's representations. */
  rows: { n: number; d: number };
  /** Of one checkpoint: floating-point operations of the forward pass and of the decompositions. */
  flops: { forward: number; spectrum: number };
  /** Bytes of weights read for what is not reused. */
  bytesToRead: number;
  /** Of what is not reused and lies on the Hub: bytes to fetch, and those in the cache already. Absent where nothing does. */
  fetch?: { bytes: number; cached: number };
  /** Estimated seconds for all that is not reused, from this machine's measured speed; null when nothing is left to do. */
  seconds: number | null;
  /** The same seconds by what they are spent on. */
  time?: { start: number; hash: number; load: number; forward: number; spectrum: number; store: number };
  /** Estimated peak memory of the whole job in bytes. */
  peakMemory: number;
  /** Sessions that a model is run in, one after another, within --memory: 1 is the whole model at once; absent or 0: no model. */
  stages?: number;
  /** Why measurements that are there can't be reused: `option: OLD → NEW`, one a differing part of the key. */
  differences: string[];
  notes: string[];
  /** What `skipFlagged` leaves out; absent or empty: nothing. */
  skipped?: SkippedCheckpoint[];
}

/** What `trace` tells while it works. `index` counts checkpoints from 0. */
export type TraceEvent =
  | { type: 'plan'; plan: TracePlan }
  | {
      type: 'start';
      stage: string;
      revision: string;
      /** Of the null that is measured; absent or null for a real measurement. */
      control?: Control | null;
      step: number | null;
      tokens: number | null;
      index: number;
      total: number;
    }
  | {
      type: 'progress';
      revision: string;
      control?: Control | null;
      index: number;
      total: number;
      /** What is under way; the last three are of other rooms than trace's. */
      phase:
        'download' | 'tokenize' | 'hash' | 'load' | 'forward' | 'nll' | 'spectrum' | 'score' | 'generate' | 'query';
      /** Done and total in tokens (forward, nll, generate), bytes (hash), decompositions (spectrum) or items (score, query). */
      done: number;
      of: number;
      /** Of a download; absent or null elsewhere, or while not known. */
      bytesPerSecond?: number | null;
      /** The same. */
      secondsLeft?: number | null;
      /** Corpus tokens a second of the forward pass so far; null elsewhere. */
      tokensPerSecond: number | null;
    }
  | { type: 'done'; result: CheckpointResult; index: number; total: number }
  | {
      /** A series that is followed has nothing to measure now. */
      type: 'waiting';
      /** The last step that was measured; null before the first. */
      after: number | null;
      /** Checkpoints measured so far. */
      count: number;
      /** What is `being written`, or can't be used yet, and why. */
      unfinished: { revision: string; reason: string }[];
    }
  /** A condition of `--alert` holds at a checkpoint. */
  | { type: 'alert'; alert: FiredAlert }
  | { type: 'note'; message: string };

/** How one checkpoint, or one of its nulls, ended. */
export interface CheckpointResult {
  stage: string;
  revision: string;
  /** Of a null; absent or null for a real measurement. */
  control?: Control | null;
  /** Of a sweep's point; absent or null for any other. */
  sweep?: { readonly over: string; readonly value: number | string } | null;
  step: number | null;
  tokens: number | null;
  state: 'measured' | 'reused' | 'failed';
  /** Why it failed; null otherwise. */
  error: string | null;
  seconds: number;
  /** Where the measurement is; null when it failed. */
  path: string | null;
  /** By layer name: the figures of interface.md's measurement. */
  layers: Record<string, Record<string, number | null>>;
  /** By layer name: why a figure is null. */
  reasons: Record<string, Record<string, string>>;
  n: number;
  d: number;
  /** Flag codes, for the table. */
  flags: string[];
}

/** A chosen checkpoint that `skipFlagged` leaves out. */
export interface SkippedCheckpoint {
  stage: string;
  revision: string;
  step: number | null;
  tokens: number | null;
  /** What the audit found. */
  flags: { code: string; message: string }[];
}

export interface TraceResult {
  run: string;
  results: CheckpointResult[];
  /** What was left out for its flags; absent or empty: nothing. */
  skipped?: SkippedCheckpoint[];
  interrupted: boolean;
  /** Conditions that hold, one a condition and checkpoint, where any was asked for. */
  alerts?: FiredAlert[];
  /** Of a series that was followed: checkpoints that went away before they were measured. */
  missed?: { stage: string; revision: string; step: number | null }[];
}

/** What the caller gives along. */
export interface TraceHooks {
  signal?: AbortSignal;
  /** What is to be heard of. Default: nothing. */
  alerts?: AlertOptions;
  onEvent?: (event: TraceEvent) => void;
}
