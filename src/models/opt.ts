/**
 * OPT (Zhang et al. 2022): LayerNorm before each sub-layer, learned positions that start at row 2, ReLU, tied embeddings.
 * The 350M model's ways (norms after, a narrower embedding) are refused by name.
 */
import type { Architecture, Decoder } from './architecture.js';
import { activations } from './blocks.js';
import type { Config } from './config.js';
import { prefixOf } from './prefix.js';
import type { Weights } from './weights.js';

/** The norms' ε, which the config doesn't hold, and rows of the positions before the first token's. */
const epsilon = 1e-5;
const offset = 2;

export const opt: Architecture = {
  modelType: 'opt',
  title: 'OPT',
  initial: { key: 'init_std', padding: { token: 1 } },
  read(config: Config, weights: Weights): Decoder {
    const width = config.size('hidden_size');
    const layers = config.size('num_hidden_layers');
    const heads = config.size('num_attention_heads');
    const inner = config.size('ffn_dim');
    const positions = config.size('max_position_embeddings');
    const vocabulary = config.size('vocab_size');
    const activation = config.choice('activation_function', activations, 'relu');
    const bias = config.flag('enable_bias', true);
    const tied = config.flag('tie_word_embeddings', true);
    if (width % heads !== 0) throw config.fault('num_attention_heads', heads, `a divisor of hidden_size ${width}`);
    const headSize = width / heads;
    const only = (key: string, value: unknown, got: unknown): void => {
      if (got !== value) throw config.fault(key, got, `${String(value)}; other values are not implemented`);
    };
    only('word_embed_proj_dim', width, config.size('word_embed_proj_dim', width));
    only('do_layer_norm_before', true, config.flag('do_layer_norm_before', true));
    only('layer_norm_elementwise_affine', true, config.flag('layer_norm_elementwise_affine', true));
    only('_remove_final_layer_norm', false, config.flag('_remove_final_layer_norm', false));

    const base = prefixOf(weights, 'embed_tokens.weight', 'model.decoder.', 'decoder.');
    const embedding = `${base}embed_tokens.weight`;
    const head = tied ? embedding : 'lm_head.weight';
    const linear = (from: number, to: number) => ({ in: from, out: to, bias });
    return {
      width,
      layers,
      vocabulary,
      positions,
      longest: positions,
      head,
      embeddings: [embedding, `${base}embed_positions.weight`, head],
      embed(b, ids) {
        const table = { rows: positions + offset, width, offset };
        const tokens = b.embedding(ids, embedding, vocabulary, width);
        return b.add(tokens, b.learnedPositions(ids, `${base}embed_positions.weight`, table));
      },
      block(b, layer, x, pick) {
        const at = `${base}layers.${layer}.`;
        const normed = b.layerNorm(x, `${at}self_attn_layer_norm`, width, epsilon);
        const project = (name: string) => b.linear(normed, `${at}self_attn.${name}_proj`, linear(width, width));
        const mixed = b.attention(project('q'), project('k'), project('v'), { heads, kvHeads: heads, headSize });
        const between = b.add(pick(x), b.linear(pick(mixed), `${at}self_attn.out_proj`, linear(width, width)));
        const mlpInput = b.layerNorm(between, `${at}final_layer_norm`, width, epsilon);
        const hidden = b.activatedLinear(mlpInput, `${at}fc1`, linear(width, inner), activation);
        return b.add(between, b.linear(hidden, `${at}fc2`, linear(inner, width)));
      },
      finalNorm: (b, x) => b.layerNorm(x, `${base}final_layer_norm`, width, epsilon),
      unembed: (b, x) => b.project(x, head, { in: width, out: vocabulary }),
    };
  },
};
