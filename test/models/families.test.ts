/**
 * Nothing in a config is ignored in silence, family by family: both spellings give one graph, every number, flag and name
 * changes the graph or is refused, but for those listed with the reason; prefixes of names don't matter.
 */
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { Model, type ModelSource } from '../../src/models/index.js';
import { golden, modelSource } from '../golden/checkpoint.js';

const families = [
  ...['gpt_neox', 'olmo', 'olmo_clip', 'olmo2', 'olmo3', 'olmo3_yarn', 'llama', 'llama_rope_scaled', 'llama_tied'],
  ...['mistral', 'qwen2', 'qwen3', 'gemma2', 'gemma3_text', 'gpt2', 'opt'],
];
const request = { layers: [0, 1, 2, 'final'], position: 'last', everyToken: true, maxTokens: 64 } as const;

/** Both graphs, or the error that the config is refused with. */
function outcome(source: ModelSource): string {
  try {
    const model = Model.read(source);
    const [states, head] = [model.stateGraph(request), model.headGraph('logits')];
    return Buffer.concat([states.bytes, head.bytes]).toString('base64');
  } catch (error) {
    return (error as Error).message;
  }
}
const withConfig = (source: ModelSource, changes: Record<string, unknown>): ModelSource => ({
  ...source,
  config: { ...source.config, ...changes },
});

/** Training, generation, files. */
const elsewhere = new Set([
  ...['architectures', 'attention_dropout', 'attn_pdrop', 'bos_token_id', 'classifier_dropout', 'dropout', 'dtype'],
  ...['embd_pdrop', 'eos_token_id', 'hidden_dropout', 'init_std', 'initializer_range', 'is_decoder', 'layerdrop'],
  ...['pad_token_id', 'pretraining_tp', 'resid_pdrop', 'torch_dtype', 'transformers_version', 'use_cache'],
  // The order of rounding in half precision, and a classifier's head (GPT-2).
  ...['reorder_and_upcast_attn', 'summary_first_dropout', 'summary_proj_to_labels', 'summary_type', 'summary_use_proj'],
]);
/** Bounds between so few frequencies may move without effect: published.test.ts tries them at real sizes. */
const bounds = /beta_(fast|slow)$|(low|high)_freq_factor$|original_max_position_embeddings$/;
/** What changes nothing beside the rest of a golden config. */
function idle(config: Readonly<Record<string, unknown>>, key: string): boolean {
  const learned = ['gpt2', 'opt'].includes(config['model_type'] as string);
  // RoPE goes on past it; where positions are learned it sizes their table.
  if (key === 'max_position_embeddings') return !learned;
  // `layer_types` says it already, or no layer has a window.
  if (key === '_sliding_window_pattern' || key === 'max_window_layers') return config['layer_types'] !== undefined;
  return key === 'use_sliding_window' && config['sliding_window'] === null;
}

function changed(key: string, value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'string') return `${value}_other`;
  if (Array.isArray(value)) return value.map(() => 'full_attention').slice(value.includes('sliding_attention') ? 0 : 1);
  if (typeof value !== 'number') return undefined;
  return Number.isInteger(value) && value > 1 ? value - 1 : value * 3;
}

describe.each(families)('%s', (name) => {
  const folder = golden(`architectures/${name}`);
  const configs = ['config.json', 'config.v4.json'].filter((file) => existsSync(`${folder}/${file}`));
  let source: ModelSource;
  beforeAll(async () => {
    source = await modelSource(folder);
  });

  it('gives the same graph for every spelling of its config', async () => {
    for (const file of configs) expect(outcome(await modelSource(folder, file))).toBe(outcome(source));
    expect(outcome(source).length).toBeGreaterThan(5_000);
  });

  it.each(configs)('%s: whatever is changed changes the graph, or is refused', async (file) => {
    const original = await modelSource(folder, file);
    const before = outcome(original);
    let tried = 0;
    const tryIt = (key: string, changes: Record<string, unknown>): void => {
      if (bounds.test(key)) return;
      const after = outcome(withConfig(original, changes));
      expect(after, key).not.toBe(before);
      if (after.startsWith('checkpoint ')) expect(after, key).toMatch(/^checkpoint \w+: (config\.json:|tensor) /);
      tried++;
    };
    for (const [key, value] of Object.entries(original.config)) {
      if (elsewhere.has(key) || value === null || idle(original.config, key)) continue;
      if (key.startsWith('rope_') && typeof value === 'object') {
        for (const [inner, old] of Object.entries(value)) {
          if (typeof old !== 'object') tryIt(`${key}.${inner}`, { [key]: { ...value, [inner]: changed(inner, old) } });
          else
            for (const [deep, deeper] of Object.entries(old as object)) {
              const nested = { ...value, [inner]: { ...(old as object), [deep]: changed(deep, deeper) } };
              tryIt(`${key}.${inner}.${deep}`, { [key]: nested });
            }
        }
      } else tryIt(key, { [key]: changed(key, value) });
    }
    expect(tried).toBeGreaterThan(8);
  });

  it('refuses a key that nobody knows', () => {
    for (const value of [3, true, 'relu2', { a: 1 }]) {
      expect(outcome(withConfig(source, { mystery_option: value }))).toContain(
        `checkpoint ${name}: config.json: mystery_option: unknown option, got ${JSON.stringify(value)}; it may change`,
      );
    }
    expect(outcome(withConfig(source, { mystery_option: null }))).toBe(outcome(source));
  });

  it('refuses an activation that is not implemented', () => {
    const key = ['hidden_activation', 'activation_function', 'hidden_act'].find((k) => k in source.config)!;
    expect(outcome(withConfig(source, { [key]: 'relu2' }))).toContain(
      `config.json: ${key}: got "relu2" (expected gelu,`,
    );
  });

  it('takes names without their prefix', () => {
    const prefix = /^(model\.decoder\.|model\.|gpt_neox\.|transformer\.)/;
    const tensors = new Map(
      [...source.tensors.values()].map((tensor) => {
        const short = tensor.name.replace(prefix, '');
        return [short, { ...tensor, name: short }];
      }),
    );
    const [bare, full] = [Model.read({ ...source, tensors }), Model.read(source)];
    expect(bare.parameters).toEqual(full.parameters);
    expect(bare.stateGraph(request).cost).toEqual(full.stateGraph(request).cost);
    expect(bare.notes).toEqual([]);
    expect([...tensors.keys()]).not.toEqual([...source.tensors.keys()]);
  });

  it('refuses a block without one of its tensors, naming it', () => {
    const inBlock = [...source.tensors.keys()].filter((tensor) => /\.1\./.test(tensor));
    expect(inBlock.length).toBeGreaterThan(5);
    for (const tensor of inBlock) {
      const tensors = new Map(source.tensors);
      tensors.delete(tensor);
      expect(outcome({ ...source, tensors })).toContain(`tensor ${tensor} is missing (expected shape [`);
    }
  });
});

describe('windows', () => {
  /** Each layer's window in the graph; −1: none. */
  async function windows(name: string, changes: Record<string, unknown>): Promise<number[]> {
    const source = withConfig(await modelSource(golden(`architectures/${name}`)), changes);
    const graph = fromBinary(ModelProtoSchema, Model.read(source).stateGraph(request).bytes).graph!;
    return graph.node
      .filter((node) => node.opType === 'GroupQueryAttention')
      .map((node) => Number(node.attribute.find((attribute) => attribute.name === 'local_window_size')!.i));
  }
  const noTypes = { layer_types: undefined };

  it.each([
    ['mistral', {}, [8, 8]],
    ['mistral', { sliding_window: null }, [-1, -1]],
    ['mistral', { sliding_window: undefined }, [4096, 4096]],
    ['llama', {}, [-1, -1]],
    ['olmo3', {}, [8, 8, 8, -1]],
    ['olmo3', noTypes, [8, 8, 8, -1]],
    ['gemma2', {}, [8, -1]],
    ['gemma2', noTypes, [8, -1]],
    ['gemma3_text', {}, [8, 8, -1]],
    ['gemma3_text', noTypes, [8, 8, 8]],
    ['gemma3_text', { ...noTypes, _sliding_window_pattern: undefined, sliding_window_pattern: 2 }, [8, -1, 8]],
    ['qwen2', { sliding_window: 4 }, [-1, -1]],
    ['qwen2', { ...noTypes, sliding_window: 4, use_sliding_window: true }, [-1, -1]],
    ['qwen2', { ...noTypes, sliding_window: 4, use_sliding_window: true, max_window_layers: 1 }, [-1, 4]],
    ['qwen3', { ...noTypes, sliding_window: 4, use_sliding_window: true, max_window_layers: 0 }, [4, 4]],
    ['qwen3', { ...noTypes, sliding_window: 4, use_sliding_window: false, max_window_layers: 0 }, [-1, -1]],
  ])('%s %j', async (name, changes, expected) => {
    expect(await windows(name, changes)).toEqual(expected);
  });

  it('refuses sliding layers without a window, and unknown kinds of layers', async () => {
    const source = await modelSource(golden('architectures/qwen2'));
    const types = (second: string) => outcome(withConfig(source, { layer_types: ['full_attention', second] }));
    expect(types('sliding_attention')).toContain(
      'sliding_window: got null (expected a number: layer_types has sliding',
    );
    expect(types('linear_attention')).toContain('layer_types: got "linear_attention" (expected full_attention,');
  });
});
