// Writes a GPT-NeoX or Llama checkpoint of a chosen shape with random weights: what the benches measure. A Llama's gated
// MLP is 8/3 as wide as the model (rounded to 64), so that a layer has as many weights as GPT-NeoX's.
// usage: node bench/make-model.mjs OUT [--family gpt_neox|llama] [--shape 160m|410m|1b|6.9b] [--dtype float32|float16] [--layers N]
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    family: { type: 'string', default: 'gpt_neox' },
    shape: { type: 'string', default: '160m' },
    dtype: { type: 'string', default: 'float32' },
    layers: { type: 'string' },
    vocabulary: { type: 'string', default: '50304' },
  },
});
const out = positionals[0];
const shapes = { '160m': [768, 12, 12], '410m': [1024, 24, 16], '1b': [2048, 16, 8], '6.9b': [4096, 32, 32] };
if (!out || !shapes[values.shape] || !['gpt_neox', 'llama'].includes(values.family)) {
  console.error(
    'usage: node bench/make-model.mjs OUT [--family gpt_neox|llama] [--shape 160m|410m|1b|6.9b] [--dtype float32|float16] [--layers N]',
  );
  process.exit(2);
}
const [d, defaultLayers, heads] = shapes[values.shape];
const layers = Number(values.layers ?? defaultLayers);
const vocabulary = Number(values.vocabulary);
const half = values.dtype === 'float16';
const llama = values.family === 'llama';
const inner = llama ? 64 * Math.round((8 * d) / 3 / 64) : 4 * d;
const shared = {
  hidden_size: d,
  num_hidden_layers: layers,
  num_attention_heads: heads,
  intermediate_size: inner,
  max_position_embeddings: 2048,
  tie_word_embeddings: false,
  torch_dtype: values.dtype,
  vocab_size: vocabulary,
  bos_token_id: 0,
  eos_token_id: 0,
};
const config = llama
  ? {
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      hidden_act: 'silu',
      num_key_value_heads: heads,
      rms_norm_eps: 1e-5,
      rope_theta: 10000,
      attention_bias: false,
      mlp_bias: false,
      ...shared,
    }
  : {
      architectures: ['GPTNeoXForCausalLM'],
      model_type: 'gpt_neox',
      hidden_act: 'gelu',
      layer_norm_eps: 1e-5,
      rotary_emb_base: 10000,
      rotary_pct: 0.25,
      use_parallel_residual: true,
      ...shared,
    };
/** name → shape and how it is drawn. */
const tensors = [[llama ? 'model.embed_tokens.weight' : 'gpt_neox.embed_in.weight', [vocabulary, d], 0.02]];
const matrix = (name, rows, columns, std = 0.02) => tensors.push([`${name}.weight`, [rows, columns], std]);
const bias = (name, size) => tensors.push([`${name}.bias`, [size], 0.01]);
const norm = (name) => {
  tensors.push([`${name}.weight`, [d], 'one']);
  if (!llama) bias(name, d);
};
for (let l = 0; l < layers; l++) {
  const at = `${llama ? 'model' : 'gpt_neox'}.layers.${l}.`;
  norm(`${at}input_layernorm`);
  norm(`${at}post_attention_layernorm`);
  if (llama) {
    for (const name of ['q', 'k', 'v', 'o']) matrix(`${at}self_attn.${name}_proj`, d, d);
    matrix(`${at}mlp.gate_proj`, inner, d);
    matrix(`${at}mlp.up_proj`, inner, d);
    matrix(`${at}mlp.down_proj`, d, inner);
    continue;
  }
  matrix(`${at}attention.query_key_value`, 3 * d, d);
  bias(`${at}attention.query_key_value`, 3 * d);
  matrix(`${at}attention.dense`, d, d);
  bias(`${at}attention.dense`, d);
  matrix(`${at}mlp.dense_h_to_4h`, inner, d);
  bias(`${at}mlp.dense_h_to_4h`, inner);
  matrix(`${at}mlp.dense_4h_to_h`, d, inner);
  bias(`${at}mlp.dense_4h_to_h`, d);
}
norm(llama ? 'model.norm' : 'gpt_neox.final_layer_norm');
matrix(llama ? 'lm_head' : 'embed_out', vocabulary, d);

const bytes = half ? 2 : 4;
const header = { __metadata__: { format: 'pt' } };
let offset = 0;
for (const [name, shape] of tensors) {
  const length = shape.reduce((a, b) => a * b, bytes);
  header[name] = { dtype: half ? 'F16' : 'F32', shape, data_offsets: [offset, offset + length] };
  offset += length;
}
let state = 1;
/** xorshift32, and the sum of four uniforms as a cheap normal. */
const uniform = () => {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) / 2 ** 32;
};
const normal = () => (uniform() + uniform() + uniform() + uniform() - 2) * Math.sqrt(3);
const table = Float32Array.from({ length: 1 << 20 }, normal);
const scratch = new DataView(new ArrayBuffer(4));
function toHalf(x) {
  scratch.setFloat32(0, x);
  const bits = scratch.getUint32(0);
  const exponent = ((bits >>> 23) & 255) - 112;
  if (exponent <= 0) return (bits >>> 16) & 0x8000;
  return ((bits >>> 16) & 0x8000) | (exponent << 10) | ((bits >>> 13) & 0x3ff);
}
mkdirSync(out, { recursive: true });
const file = openSync(join(out, 'model.safetensors'), 'w');
const head = Buffer.from(JSON.stringify(header));
const size = Buffer.alloc(8);
size.writeBigUInt64LE(BigInt(head.length));
writeSync(file, size);
writeSync(file, head);
for (const [, shape, how] of tensors) {
  const count = shape.reduce((a, b) => a * b, 1);
  for (let at = 0; at < count; at += 1 << 22) {
    const n = Math.min(1 << 22, count - at);
    const chunk = half ? new Uint16Array(n) : new Float32Array(n);
    let from = Math.floor(uniform() * table.length);
    for (let i = 0; i < n; i++) {
      const x = how === 'one' ? 1 + 0.05 * table[from] : how * table[from];
      chunk[i] = half ? toHalf(x) : x;
      from = (from + 1) % table.length;
    }
    writeSync(file, Buffer.from(chunk.buffer));
  }
}
closeSync(file);
writeFileSync(join(out, 'config.json'), JSON.stringify(config, null, 1));
console.log(
  `${out}: ${values.family} ${values.shape} ${values.dtype}, ${layers} layers, ${(offset / 1e6).toFixed(0)} MB`,
);
