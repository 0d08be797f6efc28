/**
 * OLMo (Groeneveld et al. 2024): Llama with a layer norm that has no parameters, and queries, keys and values clipped
 * where the config says so (`clip_qkv`).
 */
import type { Architecture, Decoder } from './architecture.js';
import { activations } from './blocks.js';
import type { Config } from './config.js';
import { gatedDecoder, type GatedShape } from './gated-decoder.js';
import { readRope } from './rope-config.js';
import { readPositions, readSizes } from './sizes.js';
import type { Weights } from './weights.js';

/** The norm's ε, which the config doesn't hold. */
const epsilon = 1e-5;

export const olmo: Architecture = {
  modelType: 'olmo',
  title: 'OLMo',
  initial: { padding: { token: 1 } },
  read(config: Config, weights: Weights): Decoder {
    const sizes = readSizes(config);
    const rope = readRope(config, sizes.headSize, { theta: 10_000 });
    const bias = config.flag('attention_bias', false);
    const shape = {
      ...sizes,
      positions: readPositions(config),
      tied: config.flag('tie_word_embeddings', false),
      norm: (b, x, _name, width) => b.plainLayerNorm(x, width, epsilon),
      norms: 'inputs',
      qkNorm: 'none',
      bias: { qkv: bias, out: bias, mlp: false },
      clip: config.optional('clip_qkv', null),
      activation: config.choice('hidden_act', activations, 'silu'),
      layer: () => ({ rope, window: null }),
    } satisfies GatedShape;
    return gatedDecoder(shape, weights);
  },
};
