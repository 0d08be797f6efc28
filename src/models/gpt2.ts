/**
 * GPT-2 (Radford et al. 2019): LayerNorm before each sub-layer, learned positions, query, key and value in one matrix,
 * matrices stored (in, out), biases everywhere, tied embeddings.
 */
import type { Architecture, Decoder } from './architecture.js';
import { activations } from './blocks.js';
import type { Config } from './config.js';
import { prefixOf } from './prefix.js';
import type { Weights } from './weights.js';

export const gpt2: Architecture = {
  modelType: 'gpt2',
  title: 'GPT-2',
  initial: { residual: 'c_proj.weight' },
  read(config: Config, weights: Weights): Decoder {
    const width = config.size('n_embd');
    const layers = config.size('n_layer');
    const heads = config.size('n_head');
    const positions = config.size('n_positions');
    const vocabulary = config.size('vocab_size');
    const inner = config.size('n_inner', 4 * width);
    const epsilon = config.positive('layer_norm_epsilon', 1e-5);
    const activation = config.choice('activation_function', activations, 'gelu_new');
    const tied = config.flag('tie_word_embeddings', true);
    const scaled = config.flag('scale_attn_weights', true);
    const byLayer = config.flag('scale_attn_by_inverse_layer_idx', false);
    if (width % heads !== 0) throw config.fault('n_head', heads, `a divisor of n_embd ${width}`);
    const headSize = width / heads;
    // An old name of n_positions, the order of rounding in half precision, and a classifier's head.
    config.ignore('n_ctx', 'reorder_and_upcast_attn', 'summary_activation', 'summary_first_dropout');
    config.ignore('summary_proj_to_labels', 'summary_type', 'summary_use_proj');

    const base = prefixOf(weights, 'wte.weight', 'transformer.');
    const embedding = `${base}wte.weight`;
    const head = tied ? embedding : 'lm_head.weight';
    const inOut = (from: number, to: number) => ({ in: from, out: to, bias: true, inOut: true });
    return {
      width,
      layers,
      vocabulary,
      positions,
      longest: positions,
      head,
      embeddings: [embedding, `${base}wpe.weight`, head],
      embed(b, ids) {
        const tokens = b.embedding(ids, embedding, vocabulary, width);
        return b.add(tokens, b.learnedPositions(ids, `${base}wpe.weight`, { rows: positions, width, offset: 0 }));
      },
      block(b, layer, x, pick) {
        const at = `${base}h.${layer}.`;
        const normed = b.layerNorm(x, `${at}ln_1`, width, epsilon);
        const [q, k, v] = b.split(b.linear(normed, `${at}attn.c_attn`, inOut(width, 3 * width)), 3, width);
        const scale = (scaled ? 1 / Math.sqrt(headSize) : 1) / (byLayer ? layer + 1 : 1);
        const mixed = b.attention(q!, k!, v!, { heads, kvHeads: heads, headSize, scale });
        const between = b.add(pick(x), b.linear(pick(mixed), `${at}attn.c_proj`, inOut(width, width)));
        const mlpInput = b.layerNorm(between, `${at}ln_2`, width, epsilon);
        const hidden = b.activatedLinear(mlpInput, `${at}mlp.c_fc`, inOut(width, inner), activation);
        return b.add(between, b.linear(hidden, `${at}mlp.c_proj`, inOut(inner, width)));
      },
      finalNorm: (b, x) => b.layerNorm(x, `${base}ln_f`, width, epsilon),
      unembed: (b, x) => b.project(x, head, { in: width, out: vocabulary }),
    };
  },
};
