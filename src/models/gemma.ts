/**
 * Gemma 2 (2024) and Gemma 3's text model (2025): embeddings times √d, RMSNorm with weights 1 + w before and after each
 * sub-layer, tanh GELU, tied embeddings, windows in some layers. Gemma 2 caps scores and logits; Gemma 3 norms queries and keys
 * head by head and has a RoPE base of its own for sliding layers. √d is not rounded to bfloat16: weights are float32 here.
 */
import type { Architecture, Decoder } from './architecture.js';
import { activations } from './blocks.js';
import type { Config } from './config.js';
import { gatedDecoder, type GatedShape } from './gated-decoder.js';
import { everyNth, readLayerKinds, windowsOf, type LayerKind } from './layer-kinds.js';
import { readRope, readRopes } from './rope-config.js';
import { readPositions, readSizes, type Sizes } from './sizes.js';
import type { Rope } from './rope.js';
import type { Weights } from './weights.js';

const headSize = 256;
const initial = { normWeight: 0, padding: { token: 0 } } as const;

export const gemma2: Architecture = {
  modelType: 'gemma2',
  title: 'Gemma 2',
  initial,
  read(config, weights) {
    const sizes = readSizes(config, { headSize });
    const rope = readRope(config, sizes.headSize, { theta: 10_000 });
    const kinds = readLayerKinds(config, sizes.layers, everyNth(2));
    return read(config, weights, sizes, kinds, {
      qkNorm: 'none',
      rope: () => rope,
      scoreCap: config.optional('attn_logit_softcapping', 50),
      logitCap: config.optional('final_logit_softcapping', 30),
    });
  },
};

export const gemma3: Architecture = {
  modelType: 'gemma3_text',
  title: 'Gemma 3 (text)',
  initial,
  read(config, weights) {
    const sizes = readSizes(config, { headSize });
    const local = { key: 'rope_local_base_freq', theta: 10_000 };
    const ropes = readRopes(config, sizes.headSize, { theta: 1_000_000 }, local);
    // `layer_types` goes before the pattern, which newer configs hold under either name.
    const pattern = config.size('sliding_window_pattern', config.size('_sliding_window_pattern', 6));
    const kinds = readLayerKinds(config, sizes.layers, everyNth(pattern));
    const scoreCap = config.optional('attn_logit_softcapping', null);
    if (scoreCap !== null) throw config.fault('attn_logit_softcapping', scoreCap, 'null: transformers ignores it here');
    return read(config, weights, sizes, kinds, {
      qkNorm: 'heads',
      rope: (layer) => (kinds[layer] === 'full_attention' ? ropes.full : ropes.sliding),
      scoreCap,
      logitCap: config.optional('final_logit_softcapping', null),
      prefixes: ['model.', 'language_model.model.', 'model.language_model.'],
    });
  },
};

type Family = Pick<GatedShape, 'qkNorm' | 'scoreCap' | 'logitCap' | 'prefixes'> & { rope: (layer: number) => Rope };

function read(
  config: Config,
  weights: Weights,
  sizes: Sizes,
  kinds: readonly LayerKind[],
  { rope, ...family }: Family,
): Decoder {
  const epsilon = config.positive('rms_norm_eps', 1e-6);
  const bias = config.flag('attention_bias', false);
  const windows = windowsOf(config, kinds, config.optional('sliding_window', 4096));
  const activation = config.choice('hidden_activation', activations, 'gelu_pytorch_tanh');
  // An older name of the same, which transformers doesn't read; where it stands it must not say another thing.
  config.choice('hidden_act', [activation], activation);
  const shape = {
    ...sizes,
    ...family,
    positions: readPositions(config),
    tied: config.flag('tie_word_embeddings', true),
    norm: (b, x, name, width) => b.rmsNorm(x, name, width, epsilon, 1),
    norms: 'both',
    bias: { qkv: bias, out: bias, mlp: false },
    activation,
    layer: (layer) => ({ rope: rope(layer), window: windows[layer]! }),
    scale: 1 / Math.sqrt(config.positive('query_pre_attn_scalar', 256)),
    embeddingScale: Math.sqrt(sizes.width),
  } satisfies GatedShape;
  return gatedDecoder(shape, weights);
}
