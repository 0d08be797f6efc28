/** The sizes that every Llama-shaped config states, under the same keys, and that must fit one another. */
import type { Config } from './config.js';

export interface Sizes {
  /** Width d of the residual stream. */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  /** Key-value heads; fewer than heads when queries share them. */
  readonly kvHeads: number;
  readonly headSize: number;
  /** Width of the MLP's inside. */
  readonly inner: number;
  readonly vocabulary: number;
}

/** `head_dim` is d/heads where the config is silent, unless the family has another default. */
export function readSizes(config: Config, defaults: { headSize?: number } = {}): Sizes {
  const width = config.size('hidden_size');
  const heads = config.size('num_attention_heads');
  const kvHeads = config.size('num_key_value_heads', heads);
  if (heads % kvHeads !== 0) throw config.fault('num_key_value_heads', kvHeads, `a divisor of ${heads} heads`);
  const told = config.raw('head_dim') !== undefined || defaults.headSize !== undefined;
  if (!told && width % heads !== 0) {
    throw config.fault('num_attention_heads', heads, `a divisor of hidden_size ${width}`);
  }
  return {
    width,
    layers: config.size('num_hidden_layers'),
    heads,
    kvHeads,
    headSize: told ? config.size('head_dim', defaults.headSize) : width / heads,
    inner: config.size('intermediate_size'),
    vocabulary: config.size('vocab_size'),
  };
}

/** Positions the model was made for; null when the config doesn't say. */
export function readPositions(config: Config): number | null {
  return config.raw('max_position_embeddings') === undefined ? null : config.size('max_position_embeddings');
}
