/**
 * The Llama shape, which most families vary: separate query, key and value, rotary embedding, a gated MLP,
 * no biases unless said. A family says where its norms stand, what is done to queries and keys, and which layers see
 * only a window; everything else is here once.
 */
import type { Decoder } from './architecture.js';
import type { Activation, Blocks } from './blocks.js';
import type { Value } from './graph.js';
import { prefixOf } from './prefix.js';
import type { Rope } from './rope.js';
import type { Sizes } from './sizes.js';
import type { Weights } from './weights.js';

/** A norm over the last axis, of that width; its weights, if it has any, are named. */
export type Norm = (b: Blocks, x: Value, name: string, width: number) => Value;

export interface GatedShape extends Sizes {
  readonly positions: number | null;
  /** The unembedding is the embedding. */
  readonly tied: boolean;
  readonly norm: Norm;
  /** Norms on the sub-layers' inputs (Llama), on their outputs (OLMo-2), or on both (Gemma). */
  readonly norms: 'inputs' | 'outputs' | 'both';
  /** The norm of queries and keys before they are rotated: none, each head alone, or the whole projection. */
  readonly qkNorm: 'none' | 'heads' | 'whole';
  readonly bias: { readonly qkv: boolean; readonly out: boolean; readonly mlp: boolean };
  readonly activation: Activation;
  /** RoPE and window of a layer. */
  readonly layer: (layer: number) => { readonly rope: Rope; readonly window: number | null };
  /** Queries, keys and values are limited to ±clip. Default not. */
  readonly clip?: number | null;
  /** Softmax scale. Default 1/√headSize. */
  readonly scale?: number;
  /** Scores s become c·tanh(s/c). Default not. */
  readonly scoreCap?: number | null;
  /** The same for logits. Default not. */
  readonly logitCap?: number | null;
  /** Embeddings are multiplied by it. Default 1. */
  readonly embeddingScale?: number;
  /** Prefixes that names may have, beside none. Default `model.`. */
  readonly prefixes?: [string, ...string[]];
}

export function gatedDecoder(shape: GatedShape, weights: Weights): Decoder {
  const { width, vocabulary, norm, norms } = shape;
  const base = prefixOf(weights, 'embed_tokens.weight', ...(shape.prefixes ?? ['model.']));
  const embedding = `${base}embed_tokens.weight`;
  const head = shape.tied ? embedding : 'lm_head.weight';
  const [before, after] = [norms !== 'outputs', norms !== 'inputs'];
  // Where both stand, the norm after attention has the name that elsewhere the MLP's has.
  const mlpNorm = norms === 'both' ? 'pre_feedforward_layernorm' : 'post_attention_layernorm';
  return {
    width,
    layers: shape.layers,
    vocabulary,
    positions: shape.positions,
    longest: null,
    head,
    embeddings: [embedding, head],
    embed(b, ids) {
      const x = b.embedding(ids, embedding, vocabulary, width);
      return shape.embeddingScale === undefined ? x : b.multiply(x, shape.embeddingScale);
    },
    block(b, layer, x, pick) {
      const at = `${base}layers.${layer}.`;
      const normed = before ? norm(b, x, `${at}input_layernorm`, width) : x;
      const chosen = pick(attend(b, normed, `${at}self_attn.`, shape, layer));
      const residual = pick(x);
      const project = { in: shape.heads * shape.headSize, out: width, bias: shape.bias.out };
      let attended = b.linear(chosen, `${at}self_attn.o_proj`, project);
      if (after) attended = norm(b, attended, `${at}post_attention_layernorm`, width);
      const between = b.add(residual, attended);
      const mlpInput = before ? norm(b, between, at + mlpNorm, width) : between;
      let mlp = gatedMlp(b, mlpInput, `${at}mlp.`, shape);
      if (after) mlp = norm(b, mlp, `${at}post_feedforward_layernorm`, width);
      return b.add(between, mlp);
    },
    finalNorm: (b, x) => norm(b, x, `${base}norm`, width),
    unembed(b, x) {
      const logits = b.project(x, head, { in: width, out: vocabulary });
      return shape.logitCap ? b.softcap(logits, shape.logitCap) : logits;
    },
  };
}

/** Attention's mixture of values (B, T, heads·size), before the output projection. */
function attend(b: Blocks, x: Value, at: string, shape: GatedShape, layer: number): Value {
  const { headSize, clip, qkNorm, scale, scoreCap } = shape;
  const { rope, window } = shape.layer(layer);
  const projection = (name: string, heads: number): Value => {
    const linear = { in: shape.width, out: heads * headSize, bias: shape.bias.qkv };
    const y = b.linear(x, `${at}${name}_proj`, linear);
    return clip ? b.clip(y, clip) : y;
  };
  const rotated = (name: 'q' | 'k', heads: number): Value => {
    const y = projection(name, heads);
    const normed = {
      none: () => y,
      heads: () => b.perHead(y, heads, headSize, (h) => shape.norm(b, h, `${at}${name}_norm`, headSize)),
      whole: () => shape.norm(b, y, `${at}${name}_norm`, heads * headSize),
    }[qkNorm]();
    return b.rotary(normed, heads, headSize, rope);
  };
  const { heads, kvHeads } = shape;
  return b.attention(rotated('q', heads), rotated('k', kvHeads), projection('v', kvHeads), {
    heads,
    kvHeads,
    headSize,
    window,
    softcap: scoreCap ?? null,
    ...(scale === undefined ? {} : { scale }),
  });
}

/** down(activation(gate(x)) · up(x)). */
function gatedMlp(b: Blocks, x: Value, at: string, shape: GatedShape): Value {
  const { width, inner, activation } = shape;
  const into = { in: width, out: inner, bias: shape.bias.mlp };
  const gate = b.activatedLinear(x, `${at}gate_proj`, into, activation);
  const product = b.multiply(gate, b.linear(x, `${at}up_proj`, into));
  return b.linear(product, `${at}down_proj`, { in: inner, out: width, bias: shape.bias.mlp });
}
