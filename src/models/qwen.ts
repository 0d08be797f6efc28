/**
 * Qwen2 and Qwen2.5 (Yang et al. 2024): Llama with biases on query, key and value. Qwen3 (2025): no such biases, and
 * queries and keys normed head by head. Later layers may see a window only (`use_sliding_window`).
 */
import type { Architecture, Decoder } from './architecture.js';
import { activations } from './blocks.js';
import type { Config } from './config.js';
import { gatedDecoder, type GatedShape } from './gated-decoder.js';
import { readLayerKinds, windowsOf } from './layer-kinds.js';
import { readRope } from './rope-config.js';
import { readPositions, readSizes } from './sizes.js';
import type { Weights } from './weights.js';

export const qwen2: Architecture = {
  modelType: 'qwen2',
  title: 'Qwen2, Qwen2.5',
  initial: { padding: { token: null } },
  read: (config, weights) => read(config, weights, { qkNorm: 'none', bias: { qkv: true, out: false, mlp: false } }),
};

export const qwen3: Architecture = {
  modelType: 'qwen3',
  title: 'Qwen3',
  initial: { padding: { token: null } },
  read(config, weights) {
    const bias = config.flag('attention_bias', false);
    return read(config, weights, { headSize: 128, qkNorm: 'heads', bias: { qkv: bias, out: bias, mlp: false } });
  },
};

function read(
  config: Config,
  weights: Weights,
  family: { headSize?: number; qkNorm: 'none' | 'heads'; bias: GatedShape['bias'] },
): Decoder {
  const sizes = readSizes(config, family);
  const epsilon = config.positive('rms_norm_eps', 1e-6);
  const rope = readRope(config, sizes.headSize, { theta: 10_000 });
  const told = config.optional('sliding_window', 4096);
  const window = config.flag('use_sliding_window', false) ? told : null;
  const firstSliding = config.raw('max_window_layers') ?? 28;
  if (typeof firstSliding !== 'number') throw config.fault('max_window_layers', firstSliding, 'a number');
  const kinds = readLayerKinds(config, sizes.layers, (layer) =>
    window !== null && layer >= firstSliding ? 'sliding_attention' : 'full_attention',
  );
  const windows = windowsOf(config, kinds, window);
  const shape = {
    ...sizes,
    positions: readPositions(config),
    tied: config.flag('tie_word_embeddings', false),
    norm: (b, x, name, width) => b.rmsNorm(x, name, width, epsilon),
    norms: 'inputs',
    qkNorm: family.qkNorm,
    bias: family.bias,
    activation: config.choice('hidden_act', activations, 'silu'),
    layer: (layer) => ({ rope, window: windows[layer]! }),
  } satisfies GatedShape;
  return gatedDecoder(shape, weights);
}
