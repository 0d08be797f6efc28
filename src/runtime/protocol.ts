/** What the parent and the child that runs onnxruntime say to each other (structured clone over the fork's pipe). */

import type { CacheMessage, ChooseMessage, StepMessage } from './cache-message.js';
import type { RunMessage } from './run-message.js';

/**
 * `states`: tokens → states; `head`: final states → log-probabilities or logits; `reference`: as `states` on the CPU, to
 * check another device by; `rows`: tokens → chosen states; `scores`: states → ln p of chosen tokens; `tree`: tokens that
 * see what a mask says → chosen states; `cached`: the same, with keys and values kept.
 */
export type Slot = 'states' | 'head' | 'reference' | 'rows' | 'scores' | 'tree' | 'cached';

/**
 * A row of a sequence, taken from the states of its first `tokens` tokens (all where it has fewer): the last of them, or
 * their mean. Under a causal mask that is the row of the sequence cut to so many tokens.
 */
export interface StatePick {
  readonly position: 'last' | 'mean';
  readonly tokens: number;
}

/** A graph of src/models, to be loaded as a session. */
export interface LoadMessage {
  readonly op: 'load';
  readonly slot: Slot;
  readonly bytes: Uint8Array;
  /** The real folder below which the weight files lie. */
  readonly folder: string;
  readonly threads: number;
  /** An execution provider of onnxruntime: `cpu`, `cuda`, … */
  readonly device: string;
}

/** One batch of B sequences, not padded yet. */
export interface ForwardMessage {
  readonly op: 'forward';
  readonly slot: 'states' | 'reference';
  /** Token ids of all sequences, one after another. */
  readonly ids: Int32Array;
  /** Tokens of each sequence, (B). */
  readonly lengths: Int32Array;
  /** The head's output for the tokens, when it is loaded and asked for. */
  readonly head: 'none' | 'logprobs' | 'logits';
  /** Whether state outputs hold every token, (B, T, d); padding is dropped before they are sent. */
  readonly everyToken: boolean;
  /** The states that came from the part before, (tokens, d) without padding, where the graph is a part of a model. */
  readonly hidden?: Float32Array | null;
  /** Whether every token's last state is sent back, for the part after this one or the head. Default false. */
  readonly onward?: boolean;
  /** By state output: rows to take from every token's states in their place; absent: they are sent as they are. */
  readonly picks?: Readonly<Record<string, readonly StatePick[]>> | null;
}

/** The head alone, on final states that were kept. */
export interface ScoreMessage {
  readonly op: 'score';
  readonly ids: Int32Array;
  readonly lengths: Int32Array;
  /** Every token's final state, (tokens, d). */
  readonly states: Float32Array;
  /** Token ids whose logits the loaded head gives; null: all, as log-probabilities. */
  readonly tokens: { readonly from: number; readonly to: number } | null;
}

/** Ends one session, or all of them. */
export interface ReleaseMessage {
  readonly op: 'release';
  readonly slot: Slot | null;
}

/** Runs the head slot on random states (rows, width) a few times and answers with each run's ms. */
export interface TimeMessage {
  readonly op: 'time';
  readonly rows: number;
  readonly width: number;
  readonly repeats: number;
}

export interface ProbeMessage {
  readonly op: 'probe';
}

export type Request =
  | LoadMessage
  | ForwardMessage
  | ScoreMessage
  | ReleaseMessage
  | TimeMessage
  | ProbeMessage
  | RunMessage
  | StepMessage
  | ChooseMessage
  | CacheMessage;

/** States of a batch by output name: (B, d), (tokens, d) where every token was asked for, or (B·P, d) for P picks; float32. */
export interface ForwardReply {
  readonly states: Record<string, Float32Array>;
  /**
   * `logprobs`: ln p(token t+1 | tokens 0..t) of every sequence, its T−1 values one sequence after another.
   * `logits`: (B, V) at the last token. Null when not asked for.
   */
  readonly head: Float32Array | null;
  /** (tokens, d), when it was asked for by `onward`. */
  readonly hidden: Float32Array | null;
}

/** For every predicted token: `logprobs`, or what its part of the vocabulary says. */
export type ScoreReply = { readonly logprobs: Float32Array } | { readonly sums: LogitSums };

/** Over some logits: the largest, Σ exp(logit − largest), and the target's own (NaN where it is not among them); float64. */
export interface LogitSums {
  readonly largest: Float64Array;
  readonly sum: Float64Array;
  readonly target: Float64Array;
}

/** Memory of the child in bytes: its resident set now, and the largest so far (null where the system doesn't say). */
export interface ProbeReply {
  readonly resident: number;
  readonly peak: number | null;
}

export type Envelope = { readonly id: number } & Request;
export type Reply =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number; readonly ok: false; readonly error: string };
