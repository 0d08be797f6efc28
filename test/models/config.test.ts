/** What a GPT-NeoX config and its tensors may say, and what errors call wrong; families.test.ts holds every family to it. */
import { beforeAll, describe, expect, it } from 'vitest';
import { Model, type ModelSource, type TensorRange } from '../../src/models/index.js';
import { golden, modelSource } from '../golden/checkpoint.js';

const folder = golden('architectures/gpt_neox');
let source: ModelSource;
let v4: ModelSource;
beforeAll(async () => {
  source = await modelSource(folder);
  v4 = await modelSource(folder, 'config.v4.json');
});

const request = { layers: [0, 1, 2, 3, 'final'], position: 'last', everyToken: true, maxTokens: 16 } as const;
const withConfig = (s: ModelSource, changes: Record<string, unknown>): ModelSource => ({
  ...s,
  config: { ...s.config, ...changes },
});
const withTensors = (s: ModelSource, change: (tensors: Map<string, TensorRange>) => void): ModelSource => {
  const tensors = new Map(s.tensors);
  change(tensors);
  return { ...s, tensors };
};
const messageOf = (s: ModelSource): string => {
  try {
    Model.read(s);
  } catch (error) {
    return (error as Error).message;
  }
  return 'no error';
};

describe('spellings', () => {
  it('gives the same graph with and without the prefix, and for either name of the head', () => {
    const bare = withTensors(source, (tensors) => {
      for (const [name, tensor] of [...tensors]) {
        tensors.delete(name);
        const short = name.replace('gpt_neox.', '').replace('lm_head', 'embed_out');
        tensors.set(short, { ...tensor, name: short });
      }
    });
    const model = Model.read(bare);
    expect(model.parameters).toEqual(Model.read(source).parameters);
    expect(model.parameters).toEqual({ all: 94608, nonEmbedding: 94608 - 2 * 101 * 48 });
    expect(bare.tensors.has('embed_out.weight')).toBe(true);
    expect(model.stateGraph(request).cost).toEqual(Model.read(source).stateGraph(request).cost);
  });

  it('refuses spellings that disagree, naming both', () => {
    expect(messageOf(withConfig(v4, { rope_theta: 500 }))).toBe(
      'checkpoint gpt_neox: config.json: rope_theta: got 500 (expected 10000, as rotary_emb_base says)',
    );
  });
});

describe('what is refused', () => {
  it.each([
    [{ model_type: 'gpt_neo' }, 'model_type: unknown architecture, got gpt_neo (nearest known: gpt_neox, '],
    [{ model_type: 7 }, 'model_type: got 7 (expected a name)'],
    [{ hidden_act: 'swish2' }, 'hidden_act: got "swish2" (expected gelu, gelu_new,'],
    [
      { rope_parameters: { rope_type: 'longrope', factor: 8 } },
      'rope_parameters.rope_type: got "longrope" (expected default, linear, dynamic, llama3, yarn; other kinds',
    ],
    [{ num_local_experts: 8 }, 'num_local_experts: unknown option, got 8; it may change the mathematics'],
    [{ num_attention_heads: 5 }, 'num_attention_heads: got 5 (expected a divisor of hidden_size 48)'],
    [{ hidden_size: '48' }, 'hidden_size: got "48" (expected a whole number of at least 1)'],
    [{ hidden_size: 2 ** 40 }, 'hidden_size: got 1099511627776 (expected a whole number of at least 1)'],
    [{ layer_norm_eps: 0 }, 'layer_norm_eps: got 0 (expected a positive number)'],
    [{ quantization_config: { bits: 4 } }, 'quantization_config: got {"bits":4} (expected none: quantised'],
    [{ num_hidden_layers: undefined }, 'num_hidden_layers: got nothing (expected a whole number'],
    [
      { rope_parameters: { rope_type: 'default', partial_rotary_factor: 0.2 } },
      'rotary_pct: got 0.2 (expected an even',
    ],
  ])('%j', (changes, expected) => {
    expect(messageOf(withConfig(source, changes))).toContain(`checkpoint gpt_neox: config.json: ${expected}`);
  });

  it('names a missing tensor and its nearest names', () => {
    const name = 'gpt_neox.layers.1.attention.dense.weight';
    expect(messageOf(withTensors(source, (tensors) => tensors.delete(name)))).toBe(
      `checkpoint gpt_neox: tensor ${name} is missing (expected shape [48, 48]); nearest names: ` +
        'gpt_neox.layers.0.attention.dense.weight, gpt_neox.layers.2.attention.dense.weight, gpt_neox.layers.1.attention.dense.bias',
    );
  });

  it('names a misshapen tensor with both shapes', () => {
    const name = 'gpt_neox.layers.1.attention.dense.weight';
    const wrong = withTensors(source, (tensors) => tensors.set(name, { ...tensors.get(name)!, shape: [96, 24] }));
    expect(messageOf(wrong)).toBe(
      `checkpoint gpt_neox: tensor ${name} has shape [96, 24], expected [48, 48]; ` +
        'config.json and the weights do not belong together',
    );
  });

  it('refuses weights of integers', () => {
    const name = 'gpt_neox.embed_in.weight';
    const wrong = withTensors(source, (tensors) => tensors.set(name, { ...tensors.get(name)!, dtype: 'I32' }));
    expect(messageOf(wrong)).toContain(`tensor ${name} has dtype I32 (expected F32, F16, F64, BF16)`);
  });

  it('notes surplus tensors, but not the buffers of old files', () => {
    const extra = withTensors(source, (tensors) => {
      const any = tensors.get('gpt_neox.embed_in.weight')!;
      for (const name of ['gpt_neox.layers.0.attention.masked_bias', 'value_head.weight']) {
        tensors.set(name, { ...any, name });
      }
    });
    expect(Model.read(extra).notes).toEqual([
      'checkpoint gpt_neox: 1 tensor not used by the architecture: value_head.weight',
    ]);
    expect(Model.read(source).notes).toEqual([]);
  });

  it('parses layers, and names one that is not there', () => {
    const model = Model.read(source);
    expect(model.parseLayers('final')).toEqual(['final']);
    expect(model.parseLayers('all')).toEqual([0, 1, 2, 3, 'final']);
    expect(model.parseLayers('0, 3,final')).toEqual([0, 3, 'final']);
    expect(() => model.parseLayers('4')).toThrow(
      '--layers: no such layer in checkpoint gpt_neox, got 4 (expected final, all, or numbers from 0 to 3)',
    );
  });
});

describe('what a graph asks for', () => {
  it('leaves out the blocks after the deepest layer that is wanted', () => {
    const model = Model.read(source);
    const text = (layers: readonly (number | 'final')[]) =>
      Buffer.from(model.stateGraph({ layers, position: 'last', everyToken: false, maxTokens: 4 }).bytes).toString(
        'latin1',
      );
    expect(text([1])).toContain('layers.0.mlp');
    expect(text([1])).not.toContain('layers.1.mlp');
    expect(text([1])).not.toContain('final_layer_norm');
    expect(text([0])).not.toContain('layers.0.');
    expect(text(['final'])).not.toContain('lm_head');
  });

  it('counts operations: 2 a parameter and token, the last block once a sequence after its attention', () => {
    const model = Model.read(source);
    const { cost } = model.stateGraph({ layers: ['final'], position: 'last', everyToken: false, maxTokens: 4 });
    const [d, inner] = [48, 192];
    const qkv = 2 * 3 * d * d;
    const rest = 2 * (d * d + 2 * d * inner);
    expect(cost).toEqual({ perToken: 3 * qkv + 2 * rest, perSequence: rest, perTokenPair: 3 * 4 * d });
  });
});
