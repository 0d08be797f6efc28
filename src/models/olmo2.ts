/**
 * OLMo 2 (2 OLMo 2 Furious, 2024): RMSNorm on the sub-layers' outputs instead of their inputs, queries and keys normed
 * over the whole projection. OLMo 3 (2025): the same, with a window in three layers of four and RoPE stretched
 * in the full ones only.
 */
import type { Architecture, Decoder } from './architecture.js';
import { activations } from './blocks.js';
import type { Config } from './config.js';
import { gatedDecoder, type GatedShape } from './gated-decoder.js';
import { everyNth, readLayerKinds, windowsOf } from './layer-kinds.js';
import { readRope, readRopes } from './rope-config.js';
import { readPositions, readSizes, type Sizes } from './sizes.js';
import type { Weights } from './weights.js';

export const olmo2: Architecture = {
  modelType: 'olmo2',
  title: 'OLMo 2',
  initial: { padding: { token: 1 } },
  read(config, weights) {
    const sizes = readSizes(config);
    const rope = readRope(config, sizes.headSize, { theta: 10_000 });
    return read(config, weights, sizes, () => ({ rope, window: null }));
  },
};

export const olmo3: Architecture = {
  modelType: 'olmo3',
  title: 'OLMo 3',
  initial: { padding: { token: 1 } },
  read(config, weights) {
    const sizes = readSizes(config);
    const ropes = readRopes(config, sizes.headSize, { theta: 10_000 });
    const kinds = readLayerKinds(config, sizes.layers, everyNth(4));
    const windows = windowsOf(config, kinds, config.optional('sliding_window', 4096));
    return read(config, weights, sizes, (layer) => ({
      rope: kinds[layer] === 'full_attention' ? ropes.full : ropes.sliding,
      window: windows[layer]!,
    }));
  },
};

function read(config: Config, weights: Weights, sizes: Sizes, layer: GatedShape['layer']): Decoder {
  const epsilon = config.positive('rms_norm_eps', 1e-5);
  const bias = config.flag('attention_bias', false);
  const shape = {
    ...sizes,
    positions: readPositions(config),
    tied: config.flag('tie_word_embeddings', false),
    norm: (b, x, name, width) => b.rmsNorm(x, name, width, epsilon),
    norms: 'outputs',
    qkNorm: 'whole',
    bias: { qkv: bias, out: bias, mlp: false },
    activation: config.choice('hidden_act', activations, 'silu'),
    layer,
  } satisfies GatedShape;
  return gatedDecoder(shape, weights);
}
