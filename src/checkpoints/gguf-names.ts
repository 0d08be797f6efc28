/**
 * Names of tensors in GGUF files and in the checkpoints they were converted from, and how the conversion moved rows:
 * Llama's queries and keys so that rotated pairs lie side by side, GPT-NeoX's query, key and value apart.
 */
import type { GgufConfig } from './gguf-config.js';

/**
 * How rows must be moved back. `pairs`: within a head of D rows, row 2i+j is row j·D/2+i of the original. `apart`: all
 * heads' queries, then keys, then values; in the original they lie head by head.
 */
export interface RowOrder {
  readonly kind: 'pairs' | 'apart';
  readonly heads: number;
}

const llama: Readonly<Record<string, string>> = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
};
const neox: Readonly<Record<string, string>> = {
  attn_norm: 'input_layernorm',
  attn_qkv: 'attention.query_key_value',
  attn_output: 'attention.dense',
  ffn_norm: 'post_attention_layernorm',
  ffn_up: 'mlp.dense_h_to_4h',
  ffn_down: 'mlp.dense_4h_to_h',
};
const families = {
  llama: { blocks: llama, prefix: 'model.', embedding: 'embed_tokens', norm: 'norm', head: 'lm_head' },
  qwen2: { blocks: llama, prefix: 'model.', embedding: 'embed_tokens', norm: 'norm', head: 'lm_head' },
  gptneox: { blocks: neox, prefix: 'gpt_neox.', embedding: 'embed_in', norm: 'final_layer_norm', head: 'embed_out' },
} as const;

/** The original name of a tensor and what became of its rows; null for a name that the architecture doesn't have. */
export function originalOf(name: string, config: GgufConfig): { name: string; order: RowOrder | null } | null {
  const { blocks, prefix, embedding, norm, head } = families[config.architecture];
  const whole: Readonly<Record<string, string>> = {
    token_embd: prefix + embedding,
    output_norm: prefix + norm,
    output: head,
  };
  const [, place, layer, part, ending] = /^(blk\.(\d+)\.)?(\w+)\.(weight|bias)$/.exec(name) ?? [];
  if (part === undefined || ending === undefined) return null;
  const table = place === undefined ? whole : blocks;
  if (!Object.hasOwn(table, part)) return null;
  const original = place === undefined ? table[part]! : `${prefix}layers.${layer}.${table[part]!}`;
  return { name: `${original}.${ending}`, order: orderOf(part, config) };
}

function orderOf(part: string, { architecture, heads, kvHeads }: GgufConfig): RowOrder | null {
  if (architecture === 'gptneox') return part === 'attn_qkv' ? { kind: 'apart', heads } : null;
  if (architecture !== 'llama') return null;
  if (part === 'attn_q') return { kind: 'pairs', heads };
  return part === 'attn_k' ? { kind: 'pairs', heads: kvHeads } : null;
}
