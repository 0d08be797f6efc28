/**
 * What an architecture is: how its config reads, and four pieces of graph. A new family is one short file that
 * exports an Architecture, and a line in architectures.ts.
 */
import type { Blocks } from './blocks.js';
import type { Config } from './config.js';
import type { Value } from './graph.js';
import type { FamilyInitialisation } from './initialisation.js';
import type { Weights } from './weights.js';

/** A decoder whose config was read and found to be implemented in full. */
export interface Decoder {
  /** Width d of the representation. */
  readonly width: number;
  /** Blocks L; states are numbered 0 (embeddings) to L. */
  readonly layers: number;
  /** Rows of the embedding. */
  readonly vocabulary: number;
  /** Positions the model was made for; longer sequences are computed, and noted. Null: no limit. */
  readonly positions: number | null;
  /** Tokens a sequence may have at most, where positions are learned and end; longer ones are refused. Null: no limit. */
  readonly longest: number | null;
  /** Name of the unembedding; the token embedding's own where they are tied. */
  readonly head: string;
  /** Names of the embedding and unembedding tensors, which don't count as work done for a token. */
  readonly embeddings: readonly string[];
  /** ids (B, T) → state 0 (B, T, d). */
  embed(b: Blocks, ids: Value): Value;
  /**
   * State l (B, T, d) → state l+1. `pick` must be called on the attention's output and on the residual before
   * the output projection: it is the identity, or takes the last token where nothing later needs the others.
   */
  block(b: Blocks, layer: number, x: Value, pick: (x: Value) => Value): Value;
  /** The norm before the unembedding: (…, d) → (…, d). */
  finalNorm(b: Blocks, x: Value): Value;
  /** Logits: (…, d) → (…, vocabulary). */
  unembed(b: Blocks, x: Value): Value;
}

export interface Architecture {
  /** `model_type` in config.json. */
  readonly modelType: string;
  /** What people call it. */
  readonly title: string;
  /** Where random initial weights are not made as most families make them. */
  readonly initial?: FamilyInitialisation;
  read(config: Config, weights: Weights): Decoder;
}
