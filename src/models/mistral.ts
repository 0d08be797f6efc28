/**
 * Mistral 7B (Jiang et al. 2023): Llama without biases, and every layer sees a window of tokens only, where the config
 * has one (`sliding_window`; later versions have null).
 */
import type { Architecture, Decoder } from './architecture.js';
import { activations } from './blocks.js';
import type { Config } from './config.js';
import { gatedDecoder, type GatedShape } from './gated-decoder.js';
import { windowsOf } from './layer-kinds.js';
import { readRope } from './rope-config.js';
import { readPositions, readSizes } from './sizes.js';
import type { Weights } from './weights.js';

export const mistral: Architecture = {
  modelType: 'mistral',
  title: 'Mistral',
  initial: { padding: { token: null } },
  read(config: Config, weights: Weights): Decoder {
    const sizes = readSizes(config);
    const epsilon = config.positive('rms_norm_eps', 1e-6);
    const rope = readRope(config, sizes.headSize, { theta: 10_000 });
    const window = config.optional('sliding_window', 4096);
    const [windowEverywhere] = windowsOf(config, [window === null ? 'full_attention' : 'sliding_attention'], window);
    const shape = {
      ...sizes,
      positions: readPositions(config),
      tied: config.flag('tie_word_embeddings', false),
      norm: (b, x, name, width) => b.rmsNorm(x, name, width, epsilon),
      norms: 'inputs',
      qkNorm: 'none',
      bias: { qkv: false, out: false, mlp: false },
      activation: config.choice('hidden_act', activations, 'silu'),
      layer: () => ({ rope, window: windowEverywhere ?? null }),
    } satisfies GatedShape;
    return gatedDecoder(shape, weights);
  },
};
