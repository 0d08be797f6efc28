/**
 * GPT-NeoX (Black et al. 2022), the family of Pythia: LayerNorm, query, key and value in one matrix head by head,
 * rotary embedding on a fraction of each head, attention and MLP beside each other (`use_parallel_residual`)
 * or one after the other, biases everywhere, untied embeddings.
 */
import type { Architecture, Decoder } from './architecture.js';
import { activations } from './blocks.js';
import type { Config } from './config.js';
import { prefixOf } from './prefix.js';
import { readPositions } from './sizes.js';
import { readRope } from './rope-config.js';
import type { Weights } from './weights.js';

export const gptNeox: Architecture = {
  modelType: 'gpt_neox',
  title: 'GPT-NeoX (Pythia)',
  read(config: Config, weights: Weights): Decoder {
    const width = config.size('hidden_size');
    const layers = config.size('num_hidden_layers');
    const heads = config.size('num_attention_heads');
    const inner = config.size('intermediate_size');
    const vocabulary = config.size('vocab_size');
    const epsilon = config.positive('layer_norm_eps', 1e-5);
    const parallel = config.flag('use_parallel_residual', true);
    const attentionBias = config.flag('attention_bias', true);
    const tied = config.flag('tie_word_embeddings', false);
    const activation = config.choice('hidden_act', activations, 'gelu');
    if (width % heads !== 0) throw config.fault('num_attention_heads', heads, `a divisor of hidden_size ${width}`);
    const headSize = width / heads;
    const rope = readRope(config, headSize, {
      theta: 10_000,
      thetaKeys: ['rotary_emb_base', 'rope_theta'],
      fraction: { value: 0.25, keys: ['rotary_pct', 'partial_rotary_factor'] },
    });

    const base = prefixOf(weights, 'embed_in.weight', 'gpt_neox.');
    const embedding = `${base}embed_in.weight`;
    const head = tied ? embedding : weights.firstOf('embed_out.weight', 'lm_head.weight');
    return {
      width,
      layers,
      vocabulary,
      positions: readPositions(config),
      longest: null,
      head,
      embeddings: [embedding, head],
      embed: (b, ids) => b.embedding(ids, embedding, vocabulary, width),
      block(b, layer, x, pick) {
        const at = `${base}layers.${layer}.`;
        const normed = b.layerNorm(x, `${at}input_layernorm`, width, epsilon);
        const shape = { in: width, out: 3 * width, bias: attentionBias };
        const qkv = b.linear(normed, `${at}attention.query_key_value`, shape);
        const [q, k, v] = b.splitHeads(qkv, heads, headSize, 3);
        const mixed = b.attention(b.rotary(q!, heads, headSize, rope), b.rotary(k!, heads, headSize, rope), v!, {
          heads,
          kvHeads: heads,
          headSize,
        });
        const chosen = pick(mixed);
        const residual = pick(x);
        const attended = b.linear(chosen, `${at}attention.dense`, { in: width, out: width, bias: attentionBias });
        // Parallel: the MLP reads x; sequential: it reads x + attention.
        const between = parallel ? residual : b.add(residual, attended);
        const mlpInput = b.layerNorm(between, `${at}post_attention_layernorm`, width, epsilon);
        const up = { in: width, out: inner, bias: true };
        const hidden = b.activatedLinear(mlpInput, `${at}mlp.dense_h_to_4h`, up, activation);
        const mlp = b.linear(hidden, `${at}mlp.dense_4h_to_h`, { in: inner, out: width, bias: true });
        return parallel ? b.add(residual, attended, mlp) : b.add(between, mlp);
      },
      finalNorm: (b, x) => b.layerNorm(x, `${base}final_layer_norm`, width, epsilon),
      unembed: (b, x) => b.project(x, head, { in: width, out: vocabulary }),
    };
  },
};
