/**
 * A GGUF file's metadata as the `config.json` that it was converted from (llama.cpp's conversion script says which key is
 * which): Llama and Mistral (`llama`), Qwen2, GPT-NeoX. Keys of the architecture that nobody here knows of are refused by
 * name. Limits: the file doesn't say GPT-NeoX's activation, `gelu` is taken and noted.
 */
import { EigentraceError } from '../errors.js';
import type { GgufHeader, GgufValue } from './gguf-header.js';

export interface GgufConfig {
  readonly architecture: 'llama' | 'qwen2' | 'gptneox';
  readonly config: Record<string, unknown>;
  readonly heads: number;
  readonly kvHeads: number;
  readonly notes: readonly string[];
}

const architectures = ['llama', 'qwen2', 'gptneox'] as const;
const known = [
  ...['vocab_size', 'context_length', 'embedding_length', 'block_count', 'feed_forward_length', 'rope.freq_base'],
  ...['attention.head_count', 'attention.head_count_kv', 'attention.key_length', 'attention.value_length'],
  ...['attention.layer_norm_rms_epsilon', 'attention.layer_norm_epsilon', 'use_parallel_residual'],
  ...['rope.dimension_count', 'rope.scaling.type', 'rope.scaling.factor', 'rope.scaling.original_context_length'],
  ...['rope.scaling.finetuned', 'tensor_data_layout'],
];

/** `frequencies`: the values of the tensor `rope_freqs.weight`, by which Llama 3 files say their RoPE scaling; else null. */
export function readGgufConfig(
  subject: string,
  { metadata, tensors }: GgufHeader,
  frequencies: Float32Array | null,
): GgufConfig {
  const fault = (key: string, got: unknown, expected: string): EigentraceError => {
    const shown = got === undefined ? 'nothing' : JSON.stringify(got).slice(0, 80);
    return new EigentraceError('input', `${subject}: key ${key}: got ${shown} (expected ${expected})`);
  };
  const named = metadata.get('general.architecture');
  const architecture = architectures.find((name) => name === named);
  if (!architecture) {
    const expected = `${architectures.join(', ')}; take the safetensors of other models`;
    throw fault('general.architecture', named, expected);
  }
  if (Number(metadata.get('split.count') ?? 1) > 1) {
    const expected = 'one file; merge the parts with `llama-gguf-split --merge`';
    throw fault('split.count', metadata.get('split.count'), expected);
  }
  const at = (key: string): GgufValue | undefined => metadata.get(`${architecture}.${key}`);
  for (const [key, value] of metadata) {
    if (!key.startsWith(`${architecture}.`) || known.includes(key.slice(architecture.length + 1))) continue;
    if (value !== 0 && value !== false) throw fault(key, value, 'none: it may change the mathematics');
  }
  const number = (key: string, fallback?: number): number => {
    const value = at(key) ?? fallback;
    if (typeof value === 'number' && value > 0) return value;
    throw fault(`${architecture}.${key}`, value, 'a positive number');
  };
  const heads = number('attention.head_count');
  const kvHeads = number('attention.head_count_kv', heads);
  const width = number('embedding_length');
  const headSize = number('attention.key_length', width / heads);
  const valueSize = number('attention.value_length', headSize);
  if (valueSize !== headSize) throw fault(`${architecture}.attention.value_length`, valueSize, String(headSize));
  const rotated = number('rope.dimension_count', headSize);
  const names = new Set(tensors.map(({ name }) => name));
  const embedding = tensors.find(({ name }) => name === 'token_embd.weight');
  // With a base of 10000 where none is written, as llama.cpp reads it.
  const theta = number('rope.freq_base', 10_000);
  const shared = {
    hidden_size: width,
    num_hidden_layers: number('block_count'),
    num_attention_heads: heads,
    intermediate_size: number('feed_forward_length'),
    max_position_embeddings: number('context_length'),
    vocab_size: embedding?.shape[0] ?? number('vocab_size'),
    tie_word_embeddings: !names.has('output.weight'),
  };
  const scaling = scalingOf(fault, architecture, at, frequencies, theta, rotated);
  if (architecture === 'gptneox') {
    const config = {
      ...{ model_type: 'gpt_neox', hidden_act: 'gelu', ...shared },
      layer_norm_eps: shortest(number('attention.layer_norm_epsilon')),
      use_parallel_residual: at('use_parallel_residual') !== false,
      rope_parameters: { rope_theta: theta, partial_rotary_factor: fractionOf(rotated, headSize), ...scaling },
    };
    const notes = ['the GGUF file does not say the activation: gelu is taken, as in Pythia'];
    return { architecture, config, heads, kvHeads, notes };
  }
  if (rotated !== headSize) throw fault(`${architecture}.rope.dimension_count`, rotated, `the head size ${headSize}`);
  const config = {
    ...{ model_type: architecture, hidden_act: 'silu', ...shared, num_key_value_heads: kvHeads },
    ...(headSize === width / heads ? {} : { head_dim: headSize }),
    ...(architecture === 'llama' ? biases(names) : {}),
    rms_norm_eps: shortest(number('attention.layer_norm_rms_epsilon')),
    rope_parameters: { rope_theta: theta, ...scaling },
  };
  return { architecture, config, heads, kvHeads, notes: [] };
}

const biases = (names: ReadonlySet<string>) => ({
  attention_bias: names.has('blk.0.attn_q.bias'),
  mlp_bias: names.has('blk.0.ffn_up.bias'),
});

/** The part of a head that is rotated, such that its product with the head size is not rounded below `rotated`. */
function fractionOf(rotated: number, headSize: number): number {
  const fraction = rotated / headSize;
  return headSize * fraction < rotated ? (rotated + 0.25) / headSize : fraction;
}

/** The decimal that a float32 was written from: 1e-5, not 0.000009999999747378752. */
function shortest(value: number): number {
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return candidate;
  }
  return value;
}

type Fault = (key: string, got: unknown, expected: string) => EigentraceError;

function scalingOf(
  fault: Fault,
  architecture: string,
  at: (key: string) => GgufValue | undefined,
  frequencies: Float32Array | null,
  theta: number,
  dimensions: number,
): Record<string, unknown> {
  const [type, factor] = [at('rope.scaling.type') ?? 'none', at('rope.scaling.factor')];
  const original = at('rope.scaling.original_context_length');
  if (frequencies?.some((value) => value !== 1)) {
    if (type !== 'none') throw fault(`${architecture}.rope.scaling.type`, type, 'none beside rope_freqs.weight');
    return llama3Of(fault, frequencies, original, theta, dimensions);
  }
  if (type === 'none') return { rope_type: 'default' };
  if (type === 'linear') return { rope_type: 'linear', factor };
  if (type !== 'yarn') throw fault(`${architecture}.rope.scaling.type`, type, 'none, linear or yarn');
  // Without it the length that was extended would be taken for the one it was extended from.
  if (typeof original !== 'number') {
    throw fault(`${architecture}.rope.scaling.original_context_length`, original, 'a number of tokens beside yarn');
  }
  return { rope_type: 'yarn', factor, original_max_position_embeddings: original };
}

/** Llama 3's scaling is stored as the divisors of the frequencies: the settings that give them are found again. */
function llama3Of(
  fault: Fault,
  frequencies: Float32Array,
  original: GgufValue | undefined,
  theta: number,
  dimensions: number,
): Record<string, unknown> {
  const factor = Math.max(...frequencies);
  for (const length of [original, 8192]) {
    if (typeof length !== 'number' || frequencies.length * 2 !== dimensions) continue;
    const fits = frequencies.every((value, i) => {
      const wavelength = 2 * Math.PI * theta ** ((2 * i) / dimensions);
      const smooth = Math.min(1, Math.max(0, (length / wavelength - 1) / 3));
      return Math.abs(value * ((1 - smooth) / factor + smooth) - 1) < 1e-4;
    });
    const settings = { factor, low_freq_factor: 1, high_freq_factor: 4, original_max_position_embeddings: length };
    if (fits) return { rope_type: 'llama3', ...settings };
  }
  const expected = "Llama 3's scaling with low 1, high 4 and a length of 8192";
  throw fault('rope_freqs.weight', [...frequencies.subarray(0, 4)], expected);
}
