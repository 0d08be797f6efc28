/**
 * How transformers initialises a model before training (`_init_weights`): matrices and embeddings N(0, std²) with std the
 * config's `initializer_range` (0.02 where it is silent), biases 0, norms at the identity; GPT-2 divides the std of the
 * projections into the residual stream by √(2·layers); Llama-shaped embeddings have a zero row for the padding token.
 */
import type { Config } from './config.js';

/** What a family does in its own way. */
export interface FamilyInitialisation {
  /** The config's key of the standard deviation. Default `initializer_range`. */
  readonly key?: string;
  /** Weights of norms. Default 1; 0 in Gemma, which adds 1. */
  readonly normWeight?: 0 | 1;
  /** Whether the embedding's padding row is zero, and the padding token where the config is silent (null: none). Default no such row. */
  readonly padding?: { readonly token: number | null };
  /** Projections whose std is divided by √(2·layers), by the end of their name. */
  readonly residual?: string;
}

/** How one tensor is made: all one value, or normal draws, of which one row may be zero. */
export type Draw =
  | { readonly kind: 'constant'; readonly value: number }
  | { readonly kind: 'normal'; readonly std: number; readonly zeroRow: number | null };

export interface Initialisation {
  /** Standard deviation of matrices and embeddings. */
  readonly std: number;
  /** Where it stands: the config's key, or `default`. */
  readonly from: string;
  /** How a tensor that the model uses is made. */
  readonly of: (name: string, shape: readonly number[]) => Draw;
}

const defaultStd = 0.02;

export function readInitialisation(config: Config, layers: number, family: FamilyInitialisation): Initialisation {
  const { key = 'initializer_range', normWeight = 1, padding, residual } = family;
  const told = config.raw(key) !== undefined;
  const std = config.positive(key, defaultStd);
  const zeroRow = padding ? config.token('pad_token_id', padding.token) : null;
  return {
    std,
    from: told ? key : 'default',
    of: (name, shape) => {
      if (name.endsWith('.bias')) return { kind: 'constant', value: 0 };
      // What has one axis and is no bias is the weight of a norm.
      if (shape.length === 1) return { kind: 'constant', value: normWeight };
      const scale = residual !== undefined && name.endsWith(residual) ? 1 / Math.sqrt(2 * layers) : 1;
      return { kind: 'normal', std: std * scale, zeroRow: name.endsWith('embed_tokens.weight') ? zeroRow : null };
    },
  };
}
