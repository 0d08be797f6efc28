// Weights of a large GPT-NeoX that anyone can make again, element by element: a counter-based generator in 32-bit integer
// arithmetic, so that an independent program (bench/peers/large-reference.py) draws the same numbers without the files.
//   h(t, i) = mix(mix(i) ^ mix(t + 1)), mix = lowbias32 (C. Wellons); u = h >>> 16; value = table[u], rounded to float16
//   tables of u + ½ over 2^15 − 1 in (−1, 1): matrices 0.02·√3·x (standard deviation 0.02), norm weights 1 + 0.05·x, biases 0.01·x
// t counts tensors in the order of `tensorsOf`, i elements of a tensor in row-major order.
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Pythia-6.9B's config. */
export const config = {
  architectures: ['GPTNeoXForCausalLM'],
  bos_token_id: 0,
  eos_token_id: 0,
  hidden_act: 'gelu',
  hidden_size: 4096,
  initializer_range: 0.02,
  intermediate_size: 16384,
  layer_norm_eps: 1e-5,
  max_position_embeddings: 2048,
  model_type: 'gpt_neox',
  num_attention_heads: 32,
  num_hidden_layers: 32,
  rotary_emb_base: 10000,
  rotary_pct: 0.25,
  tie_word_embeddings: false,
  torch_dtype: 'float16',
  use_cache: true,
  use_parallel_residual: true,
  vocab_size: 50432,
};

/** Every tensor in order: name, shape and which table draws it. */
export function tensorsOf({ hidden_size: d, intermediate_size: inner, num_hidden_layers: layers, vocab_size: V }) {
  const tensors = [['gpt_neox.embed_in.weight', [V, d], 'matrix']];
  const norm = (name) => tensors.push([`${name}.weight`, [d], 'norm'], [`${name}.bias`, [d], 'bias']);
  const linear = (name, rows, columns) =>
    tensors.push([`${name}.weight`, [rows, columns], 'matrix'], [`${name}.bias`, [rows], 'bias']);
  for (let layer = 0; layer < layers; layer++) {
    const at = `gpt_neox.layers.${layer}.`;
    norm(`${at}input_layernorm`);
    norm(`${at}post_attention_layernorm`);
    linear(`${at}attention.query_key_value`, 3 * d, d);
    linear(`${at}attention.dense`, d, d);
    linear(`${at}mlp.dense_h_to_4h`, inner, d);
    linear(`${at}mlp.dense_4h_to_h`, d, inner);
  }
  norm('gpt_neox.final_layer_norm');
  tensors.push(['embed_out.weight', [V, d], 'matrix']);
  return tensors;
}

/** x to the nearest float16, ties to even, as its bits. Scaling by a power of two is exact, so one rounding happens. */
function float16Bits(x) {
  const sign = x < 0 ? 0x8000 : 0;
  const size = Math.abs(x);
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const scaled = size * 2 ** (10 - exponent);
  let rounded = Math.floor(scaled);
  if (scaled - rounded > 0.5 || (scaled - rounded === 0.5 && rounded % 2 === 1)) rounded++;
  // A normal number's leading bit adds one to the exponent's field; so does a carry out of the fraction.
  return sign | ((exponent + 14) * 1024 + rounded);
}

const table = (value) => Uint16Array.from({ length: 65536 }, (_, u) => float16Bits(value((u + 0.5) / 32768 - 1)));
const tables = {
  matrix: table((x) => 0.02 * Math.sqrt(3) * x),
  norm: table((x) => 1 + 0.05 * x),
  bias: table((x) => 0.01 * x),
};

function mix(x) {
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

/** Elements [from, from + chunk.length) of tensor `t` as float16 bits, into `chunk`. */
export function fill(chunk, t, kind, from) {
  const seed = mix(t + 1);
  const values = tables[kind];
  for (let k = 0; k < chunk.length; k++) chunk[k] = values[mix(mix(from + k) ^ seed) >>> 16];
}

/** Σ bits[i] · (i mod 65521 + 1) over a tensor: what the peer compares, as a decimal text. */
export function checksum(t, kind, count) {
  const step = 1 << 20;
  let sum = 0n;
  for (let at = 0; at < count; at += step) {
    const chunk = new Uint16Array(Math.min(step, count - at));
    fill(chunk, t, kind, at);
    let part = 0; // < 2^20 · 2^32
    for (let k = 0; k < chunk.length; k++) part += chunk[k] * (((at + k) % 65521) + 1);
    sum += BigInt(part);
  }
  return String(sum);
}

/** Writes config.json and the weights in shards of at most `shardBytes` (2 GB); gives the bytes of all. */
export function writeModel(folder, shape = config, shardBytes = 2e9) {
  mkdirSync(folder, { recursive: true });
  const tensors = tensorsOf(shape).map(([name, dims, kind], t) => {
    return { name, dims, kind, t, count: dims.reduce((a, b) => a * b, 1) };
  });
  const shards = [[]];
  let size = 0;
  for (const tensor of tensors) {
    if (size + 2 * tensor.count > shardBytes && size > 0) {
      shards.push([]);
      size = 0;
    }
    shards.at(-1).push(tensor);
    size += 2 * tensor.count;
  }
  const weight_map = {};
  let total = 0;
  for (const [s, shard] of shards.entries()) {
    const number = (n) => String(n).padStart(5, '0');
    const name = `model-${number(s + 1)}-of-${number(shards.length)}.safetensors`;
    const header = { __metadata__: { format: 'pt' } };
    let offset = 0;
    for (const { name: tensor, dims, count } of shard) {
      header[tensor] = { dtype: 'F16', shape: dims, data_offsets: [offset, offset + 2 * count] };
      weight_map[tensor] = name;
      offset += 2 * count;
    }
    total += offset;
    const head = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(head.length));
    const file = openSync(join(folder, name), 'w');
    writeSync(file, length);
    writeSync(file, head);
    for (const { kind, t, count } of shard) {
      for (let at = 0; at < count; at += 1 << 22) {
        const chunk = new Uint16Array(Math.min(1 << 22, count - at));
        fill(chunk, t, kind, at);
        const bytes = Buffer.from(chunk.buffer);
        for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done);
      }
    }
    closeSync(file);
  }
  const index = { metadata: { total_size: total }, weight_map };
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(shape, null, 1));
  return total;
}
