/** New tokens after kept ones, as the parent and the child speak of them. Keys and values never leave the child. */
import type { CacheShape } from '../models/index.js';
import type { Choice } from './choice.js';

/** One run of B sequences' new tokens, any number each. */
export interface StepMessage {
  readonly op: 'step';
  /** `tree`: nothing came before and nothing is kept; `cached`: after what `handle` holds. */
  readonly slot: 'tree' | 'cached';
  /** The cache that the tokens follow; null for `tree`. */
  readonly handle: number | null;
  /** Whether it is a new one. Default false. */
  readonly fresh?: boolean;
  /** Whether the new tokens are kept in it. */
  readonly keep: boolean;
  /** New tokens of all sequences, one after another, and how many each has. */
  readonly ids: Int32Array;
  readonly lengths: Int32Array;
  /**
   * For each new token the place of the one before it in its own sequence's new tokens, −1 for what was kept; a smaller
   * number than its own place. Null: each follows the one before.
   */
  readonly parents: Int32Array | null;
  /** (R, 2): sequence and place among its new tokens of the states to answer with. */
  readonly rows: Int32Array;
  /** The next token of each asked row, in the place of its state; null: the states. */
  readonly choose: Choosing | null;
  /** As the graph says. */
  readonly shapes: readonly CacheShape[];
  readonly windows: readonly (number | null)[];
}

/** How tokens are chosen by the head that is loaded in `head`. */
export interface Choosing {
  readonly choice: Choice;
  /** Rows of logits held at once. */
  readonly chunk: number;
}

/** The next tokens after states (R, d) that were kept. */
export interface ChooseMessage extends Choosing {
  readonly op: 'choose';
  readonly states: Float32Array;
  readonly width: number;
}

export interface CacheMessage {
  readonly op: 'cache';
  readonly handle: number;
  /** These sequences, each any number of times, become the cache `as`; null: `handle` is dropped. */
  readonly rows: Int32Array | null;
  readonly as: number | null;
}
