/**
 * Llama (Touvron et al. 2023; Llama 3: Dubey et al. 2024), the shape of Tülu 3 too: RMSNorm before each sub-layer,
 * rotary embedding on whole heads, grouped key-value heads, SwiGLU. Biases and tied embeddings where the config says so.
 */
import type { Architecture, Decoder } from './architecture.js';
import { activations } from './blocks.js';
import type { Config } from './config.js';
import { gatedDecoder, type GatedShape } from './gated-decoder.js';
import { readRope } from './rope-config.js';
import { readPositions, readSizes } from './sizes.js';
import type { Weights } from './weights.js';

export const llama: Architecture = {
  modelType: 'llama',
  title: 'Llama (Tülu 3)',
  initial: { padding: { token: null } },
  read(config: Config, weights: Weights): Decoder {
    const sizes = readSizes(config);
    const epsilon = config.positive('rms_norm_eps', 1e-6);
    const rope = readRope(config, sizes.headSize, { theta: 10_000 });
    const bias = config.flag('attention_bias', false);
    const shape = {
      ...sizes,
      positions: readPositions(config),
      tied: config.flag('tie_word_embeddings', false),
      norm: (b, x, name, width) => b.rmsNorm(x, name, width, epsilon),
      norms: 'inputs',
      qkNorm: 'none',
      bias: { qkv: bias, out: bias, mlp: config.flag('mlp_bias', false) },
      activation: config.choice('hidden_act', activations, 'silu'),
      layer: () => ({ rope, window: null }),
    } satisfies GatedShape;
    return gatedDecoder(shape, weights);
  },
};
