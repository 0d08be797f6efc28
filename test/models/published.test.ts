/**
 * Published configs are taken as they stand: their keys are all known, and the tensors that the architecture asks for
 * have as many parameters as the models' pages say. Tensors are names and shapes here, made from the family's layout.
 */
import { describe, expect, it } from 'vitest';
import { Model, type ModelSource, type TensorRange } from '../../src/models/index.js';
import { published } from './published-configs.js';

type Config = Readonly<Record<string, unknown>>;
type Shapes = Record<string, number[]>;

function linear(name: string, out: number, into: number, bias: boolean): Shapes {
  return { [`${name}.weight`]: [out, into], ...(bias ? { [`${name}.bias`]: [out] } : {}) };
}
function layerNorm(name: string, d: number): Shapes {
  return { [`${name}.weight`]: [d], [`${name}.bias`]: [d] };
}

function gated(config: Config): Shapes {
  const size = (key: string): number => config[key] as number;
  const type = config['model_type'] as string;
  const [d, inner, heads, kv] = ['hidden_size', 'intermediate_size', 'num_attention_heads', 'num_key_value_heads'].map(
    size,
  ) as [number, number, number, number];
  const head = (config['head_dim'] as number | undefined) ?? d / heads;
  const gemma = type.startsWith('gemma');
  const outputs = type === 'olmo2' || type === 'olmo3';
  const norms = [
    ...(type === 'olmo' || outputs ? [] : ['input_layernorm']),
    ...(type === 'olmo' ? [] : ['post_attention_layernorm']),
    ...(outputs || gemma ? ['post_feedforward_layernorm'] : []),
    ...(gemma ? ['pre_feedforward_layernorm'] : []),
  ];
  const qk: Shapes = outputs
    ? { 'self_attn.q_norm.weight': [heads * head], 'self_attn.k_norm.weight': [kv * head] }
    : type === 'qwen3' || type === 'gemma3_text'
      ? { 'self_attn.q_norm.weight': [head], 'self_attn.k_norm.weight': [head] }
      : {};
  const block: Shapes = {
    ...linear('self_attn.q_proj', heads * head, d, type === 'qwen2'),
    ...linear('self_attn.k_proj', kv * head, d, type === 'qwen2'),
    ...linear('self_attn.v_proj', kv * head, d, type === 'qwen2'),
    ...linear('self_attn.o_proj', d, heads * head, false),
    ...linear('mlp.gate_proj', inner, d, false),
    ...linear('mlp.up_proj', inner, d, false),
    ...linear('mlp.down_proj', d, inner, false),
    ...Object.fromEntries(norms.map((name) => [`${name}.weight`, [d]])),
    ...qk,
  };
  const tied = config['tie_word_embeddings'] === true || gemma;
  return {
    'model.embed_tokens.weight': [size('vocab_size'), d],
    ...blocks('model.layers', size('num_hidden_layers'), block),
    ...(type === 'olmo' ? {} : { 'model.norm.weight': [d] }),
    ...(tied ? {} : { 'lm_head.weight': [size('vocab_size'), d] }),
  };
}

function blocks(at: string, layers: number, block: Shapes): Shapes {
  return Object.fromEntries(
    Array.from({ length: layers }, (_, l) =>
      Object.entries(block).map(([name, shape]) => [`${at}.${l}.${name}`, shape] as const),
    ).flat(),
  );
}

function gptNeox(config: Config): Shapes {
  const [d, inner, vocabulary] = [768, 3072, config['vocab_size'] as number];
  const block = {
    ...linear('attention.query_key_value', 3 * d, d, true),
    ...linear('attention.dense', d, d, true),
    ...linear('mlp.dense_h_to_4h', inner, d, true),
    ...linear('mlp.dense_4h_to_h', d, inner, true),
    ...layerNorm('input_layernorm', d),
    ...layerNorm('post_attention_layernorm', d),
  };
  return {
    'gpt_neox.embed_in.weight': [vocabulary, d],
    ...blocks('gpt_neox.layers', 12, block),
    ...layerNorm('gpt_neox.final_layer_norm', d),
    'embed_out.weight': [vocabulary, d],
  };
}

/** As the file on the Hub has them: no prefix, the causal mask as a buffer. */
function gpt2(): Shapes {
  const d = 768;
  const conv = (name: string, into: number, out: number): Shapes => ({
    [`${name}.weight`]: [into, out],
    [`${name}.bias`]: [out],
  });
  const block = {
    ...layerNorm('ln_1', d),
    ...layerNorm('ln_2', d),
    ...conv('attn.c_attn', d, 3 * d),
    ...conv('attn.c_proj', d, d),
    ...conv('mlp.c_fc', d, 4 * d),
    ...conv('mlp.c_proj', 4 * d, d),
    'attn.bias': [1, 1, 1024, 1024],
  };
  return {
    'wte.weight': [50257, d],
    'wpe.weight': [1024, d],
    ...blocks('h', 12, block),
    ...layerNorm('ln_f', d),
  };
}

/** As the file on the Hub has them: the decoder's prefix only, and the tied head stored too. */
function opt(): Shapes {
  const d = 768;
  const block = {
    ...['q', 'k', 'v', 'out'].reduce((all, name) => ({ ...all, ...linear(`self_attn.${name}_proj`, d, d, true) }), {}),
    ...linear('fc1', 4 * d, d, true),
    ...linear('fc2', d, 4 * d, true),
    ...layerNorm('self_attn_layer_norm', d),
    ...layerNorm('final_layer_norm', d),
  };
  return {
    'decoder.embed_tokens.weight': [50272, d],
    'decoder.embed_positions.weight': [2050, d],
    ...blocks('decoder.layers', 12, block),
    ...layerNorm('decoder.final_layer_norm', d),
    'lm_head.weight': [50272, d],
  };
}

const layouts: Record<string, (config: Config) => Shapes> = { gpt_neox: gptNeox, gpt2, opt };

export function shapesOnly(name: string, config: Config): ModelSource {
  const shapes = (layouts[config['model_type'] as string] ?? gated)(config);
  const tensors = new Map<string, TensorRange>();
  let offset = 0;
  for (const [tensor, shape] of Object.entries(shapes)) {
    const byteLength = shape.reduce((product, size) => product * size, 2);
    tensors.set(tensor, { name: tensor, file: '/model.safetensors', dtype: 'BF16', shape, offset, byteLength });
    offset += byteLength;
  }
  return { name, config, tensors };
}

describe.each(Object.entries(published))('%s', (name, { config, parameters }) => {
  it('is taken as it stands, with the parameters its page states', () => {
    const model = Model.read(shapesOnly(name, config));
    expect(model.parameters.all).toBe(parameters);
    const spare = 'lm_head.weight is stored, but the config ties the unembedding to decoder.embed_tokens.weight';
    expect(model.notes).toEqual(config['model_type'] === 'opt' ? [`checkpoint ${name}: ${spare}`] : []);
  });

  it('builds its graph in a moment, whatever its size', () => {
    const model = Model.read(shapesOnly(name, config));
    const graph = model.stateGraph({ layers: ['final'], position: 'last', everyToken: false, maxTokens: 512 });
    // Two operations a parameter of the blocks and token, but for norms, biases and what is done once a sequence.
    const perToken = (graph.cost.perToken + graph.cost.perSequence) / (2 * model.parameters.nonEmbedding);
    expect(perToken).toBeGreaterThan(0.995);
    expect(perToken).toBeLessThanOrEqual(1);
    expect(graph.bytes.length).toBeLessThan(2e6);
  });
});

describe('what these configs may not say', () => {
  const refused = (name: string, changes: Config): string => {
    try {
      Model.read(shapesOnly(name, { ...published[name]!.config, ...changes }));
    } catch (error) {
      return (error as Error).message;
    }
    return 'no error';
  };

  it.each([
    ['EleutherAI/pythia-160m', { num_experts: 4 }, 'num_experts: unknown option, got 4; it may change'],
    ['allenai/OLMo-7B-0724-hf', { weight_tying: 'x' }, 'weight_tying: unknown option'],
    ['allenai/OLMo-2-0425-1B', { clip_qkv: 8 }, 'clip_qkv: unknown option, got 8'],
    ['allenai/Olmo-3-7B (stretched)', { layer_types: ['chunked_attention'] }, 'layer_types: got ["chunked_attention"]'],
    ['meta-llama/Llama-3.1-8B', { num_local_experts: 8 }, 'num_local_experts: unknown option, got 8'],
    ['meta-llama/Llama-3.1-8B', { sliding_window: 8 }, 'sliding_window: unknown option, got 8'],
    ['meta-llama/Llama-3.1-8B', { partial_rotary_factor: 0.5 }, 'partial_rotary_factor: unknown option, got 0.5'],
    ['meta-llama/Llama-3.1-8B', { hidden_act: 'xielu' }, 'hidden_act: got "xielu" (expected gelu'],
    ['meta-llama/Llama-3.1-8B', { num_key_value_heads: 5 }, 'num_key_value_heads: got 5 (expected a divisor of 32'],
    ['Qwen/Qwen2.5-0.5B', { use_mrope: true }, 'use_mrope: unknown option, got true'],
    ['Qwen/Qwen2.5-0.5B', { dual_chunk_attention_config: {} }, 'dual_chunk_attention_config: unknown option'],
    ['Qwen/Qwen3-0.6B', { num_experts_per_tok: 8 }, 'num_experts_per_tok: unknown option, got 8'],
    ['mistralai/Mistral-7B-v0.1', { attention_bias: true }, 'attention_bias: unknown option, got true'],
    ['google/gemma-2-2b', { use_bidirectional_attention: true }, 'use_bidirectional_attention: unknown option'],
    ['google/gemma-2-2b', { hidden_act: 'silu' }, 'hidden_act: got "silu" (expected gelu_pytorch_tanh;'],
    ['google/gemma-3-1b-pt', { attn_logit_softcapping: 50 }, 'attn_logit_softcapping: got 50 (expected null'],
    ['google/gemma-3-1b-pt', { num_experts: 8 }, 'num_experts: unknown option, got 8'],
    ['gpt2', { add_cross_attention: true }, 'add_cross_attention: unknown option, got true'],
    ['facebook/opt-125m', { do_layer_norm_before: false }, 'do_layer_norm_before: got false (expected true; other'],
    ['facebook/opt-125m', { word_embed_proj_dim: 512 }, 'word_embed_proj_dim: got 512 (expected 768; other'],
    ['facebook/opt-125m', { _remove_final_layer_norm: true }, '_remove_final_layer_norm: got true (expected false'],
    ['facebook/opt-125m', { layer_norm_elementwise_affine: false }, 'layer_norm_elementwise_affine: got false'],
  ])('%s %j', (name, changes, expected) => {
    expect(refused(name, changes as Config)).toContain(`checkpoint ${name}: config.json: ${expected}`);
  });

  it('names a kind of RoPE that is not implemented, and a key that its kind does not have', () => {
    const scaling = published['meta-llama/Llama-3.1-8B']!.config['rope_scaling'] as object;
    const llama = (changes: object) => refused('meta-llama/Llama-3.1-8B', { rope_scaling: { ...scaling, ...changes } });
    expect(llama({ rope_type: 'longrope' })).toContain('rope_scaling.rope_type: got "longrope" (expected default,');
    expect(llama({ rope_type: 'linear' })).toContain('no such key for rope_type linear, which has rope_type,');
    expect(llama({ mscale: 1 })).toContain('rope_scaling.mscale: got 1 (expected no such key for rope_type llama3');
    expect(llama({ factor: null })).toContain('rope_scaling.factor: got nothing (expected a positive number)');
    expect(llama({ factor: -8 })).toContain('rope_scaling.factor: got -8 (expected a positive number)');
    expect(llama({ high_freq_factor: 1 })).toContain('high_freq_factor: got 1 (expected more than low_freq_factor 1)');
    expect(llama({ type: 'yarn' })).toContain('rope_scaling.type: got "yarn" (expected "llama3", as');
    expect(refused('meta-llama/Llama-3.1-8B', { rope_scaling: { type: 'linear', factor: 2 } })).toBe('no error');
  });

  it.each(['meta-llama/Llama-3.1-8B', 'allenai/Olmo-3-7B (stretched)'])(
    '%s: sees every number of rope_scaling',
    (name) => {
      const { config } = published[name]!;
      const graphOf = (changes: Config): string => {
        const model = Model.read(shapesOnly(name, { ...config, ...changes }));
        const request = { layers: [4], position: 'last', everyToken: false, maxTokens: 64 } as const;
        return Buffer.from(model.stateGraph(request).bytes).toString('latin1');
      };
      const scaling = config['rope_scaling'] as Record<string, unknown>;
      const numbers = Object.entries(scaling).filter(([, value]) => typeof value === 'number') as [string, number][];
      expect(numbers.length).toBeGreaterThanOrEqual(4);
      for (const [key, value] of numbers) {
        expect(graphOf({ rope_scaling: { ...scaling, [key]: value * 1.5 } }), key).not.toBe(graphOf({}));
      }
    },
  );

  it('refuses a longer sequence than learned positions reach', () => {
    const model = Model.read(shapesOnly('gpt2', published['gpt2']!.config));
    const request = { layers: ['final'], position: 'last', everyToken: false } as const;
    expect(() => model.stateGraph({ ...request, maxTokens: 1024 })).not.toThrow();
    expect(() => model.stateGraph({ ...request, maxTokens: 1025 })).toThrow(
      'checkpoint gpt2: its learned positions end, got a sequence of 1025 tokens (expected at most 1024); lower --max-tokens',
    );
  });

  it('takes a base model without its head, notes it, and refuses log-probabilities only', () => {
    const name = 'meta-llama/Llama-3.1-8B';
    const source = shapesOnly(name, published[name]!.config);
    const tensors = new Map(
      [...source.tensors]
        .filter(([tensor]) => tensor !== 'lm_head.weight')
        .map(([tensor, range]) => [tensor.replace('model.', ''), { ...range, name: tensor.replace('model.', '') }]),
    );
    const model = Model.read({ ...source, tensors });
    expect(model.notes).toEqual([`checkpoint ${name}: no lm_head.weight, so no log-probabilities`]);
    expect(() => model.headGraph('logprobs')).toThrow(`checkpoint ${name}: tensor lm_head.weight is missing`);
  });
});
