/** Every golden checkpoint against transformers' states and log-probabilities, in one right-padded batch and alone. */
import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors } from '../../src/bytes/index.js';
import { Model, type Layer, type ModelSource, type Position, type TensorRange } from '../../src/models/index.js';
import { layerName, ModelProcess, represent } from '../../src/runtime/index.js';
import { golden, modelSource, reference } from '../golden/checkpoint.js';

const folders = [
  ...['gpt_neox', 'gpt_neox_float16', 'gpt_neox_bfloat16', 'gpt_neox_sequential', 'gpt_neox_eps'],
  ...['olmo', 'olmo_clip', 'olmo2', 'olmo2_eps', 'olmo3', 'olmo3_yarn'],
  ...['llama', 'llama_eps', 'llama_rope_scaled', 'llama_sharded', 'llama_tied', 'mistral'],
  ...['qwen2', 'qwen3', 'qwen3_eps', 'gemma2', 'gemma3_text', 'gpt2', 'opt'],
];
/** GPT-2 and OPT are spelled in one way only. */
const configsOf = (name: string): string[] =>
  ['config.json', 'config.v4.json'].filter((file) => existsSync(golden(`architectures/${name}/${file}`)));
const tolerance = 5e-5;

let child: ModelProcess;
beforeAll(() => {
  child = ModelProcess.start();
});
afterAll(() => {
  child.kill(new Error('done') as never);
});

interface Collected {
  /** By layer name, then sequence. */
  states: Record<string, Float32Array[]>;
  logprobs: Float32Array[];
}

async function collect(
  model: Model,
  ids: Int32Array[],
  layers: Layer[],
  position: Position,
  options: { logprobs?: boolean; budget?: number; threads?: number } = {},
): Promise<Collected> {
  const out: Collected = { states: {}, logprobs: [] };
  await represent(
    child,
    model,
    ids,
    { layers, position, threads: options.threads ?? 2, ...options },
    {
      state: (layer, index, rows) => {
        (out.states[layerName(layer)] ??= [])[index] = rows.slice();
      },
      logprobs: (index, values) => {
        out.logprobs[index] = values.slice();
      },
    },
  );
  return out;
}

function difference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
}

describe.each(folders)('%s', (name) => {
  const folder = golden(`architectures/${name}`);

  it.each(configsOf(name))('%s: last-token states of every layer, and log-probabilities', async (config) => {
    const model = Model.read(await modelSource(folder, config));
    const { ids, float } = await reference(folder);
    const layers = model.parseLayers('all');
    const got = await collect(model, ids, layers, 'last', { logprobs: true });
    const d = model.width;
    for (let k = 0; k < ids.length; k++) {
      const hidden = float(`hidden_${k}`);
      for (let l = 0; l <= model.layers; l++) {
        const expected = hidden.subarray(l * d, (l + 1) * d);
        expect(difference(got.states[`layer${l}`]![k]!, expected), `layer ${l}, sequence ${k}`).toBeLessThan(tolerance);
      }
      expect(difference(got.states['final']![k]!, float(`final_${k}`))).toBeLessThan(tolerance);
    }
    expect(difference(got.logprobs[3]!, float('logprobs_3'))).toBeLessThan(tolerance);
  });

  it('gives the logits after the last token', async () => {
    const model = Model.read(await modelSource(folder));
    const { ids, float } = await reference(folder);
    const request = { layers: ['final'], position: 'last', everyToken: true, maxTokens: 64 } as const;
    await child.load('states', model.stateGraph(request), 2);
    await child.load('head', model.headGraph('logits'), 2);
    for (let k = 0; k < ids.length; k++) {
      const lengths = Int32Array.of(ids[k]!.length);
      const { head } = await child.forward({ ids: ids[k]!, lengths, head: 'logits', everyToken: false });
      expect(difference(head!, float(`logits_${k}`))).toBeLessThan(tolerance);
    }
  });

  it('gives the same last-token states when the last layer is computed for the last token only', async () => {
    const model = Model.read(await modelSource(folder));
    const { ids, float } = await reference(folder);
    const got = await collect(model, ids, [model.layers, 'final'], 'last');
    const d = model.width;
    for (let k = 0; k < ids.length; k++) {
      const deepest = float(`hidden_${k}`).subarray(model.layers * d);
      expect(difference(got.states[`layer${model.layers}`]![k]!, deepest)).toBeLessThan(tolerance);
      expect(difference(got.states['final']![k]!, float(`final_${k}`))).toBeLessThan(tolerance);
    }
  });

  it('gives every token, and their mean', async () => {
    const model = Model.read(await modelSource(folder));
    const { ids, float } = await reference(folder);
    const layers = model.parseLayers('all');
    const all = await collect(model, ids, layers, 'all');
    const mean = await collect(model, ids, layers, 'mean');
    const d = model.width;
    const expected = float('hidden_all_2');
    for (let l = 0; l <= model.layers; l++) {
      const layer = expected.subarray(l * 7 * d, (l + 1) * 7 * d);
      expect(difference(all.states[`layer${l}`]![2]!, layer)).toBeLessThan(tolerance);
    }
    expect(difference(all.states['final']![2]!, float('final_all_2'))).toBeLessThan(tolerance);
    for (let k = 0; k < ids.length; k++) {
      const tokens = all.states['final']![k]!;
      const average = new Float32Array(d);
      for (let j = 0; j < d; j++) {
        let sum = 0;
        for (let t = 0; t < ids[k]!.length; t++) sum += tokens[t * d + j]!;
        average[j] = sum / ids[k]!.length;
      }
      expect(difference(mean.states['final']![k]!, average)).toBeLessThan(1e-6);
    }
  });

  it('does not depend on batch size, bucket, padding or threads beyond 1e-5 relative', async () => {
    const model = Model.read(await modelSource(folder));
    const { ids } = await reference(folder);
    const layers: Layer[] = [1, 'final'];
    const together = await collect(model, ids, layers, 'last', { logprobs: true });
    const alone = await collect(model, ids, layers, 'last', { logprobs: true, budget: 1, threads: 1 });
    const reversed = await collect(model, [...ids].reverse(), layers, 'last', { budget: 100 });
    for (const layer of ['layer1', 'final']) {
      for (let k = 0; k < ids.length; k++) {
        const scale = Math.max(...alone.states[layer]![k]!.map(Math.abs));
        expect(difference(together.states[layer]![k]!, alone.states[layer]![k]!) / scale).toBeLessThan(1e-5);
        expect(difference(reversed.states[layer]![5 - k]!, alone.states[layer]![k]!) / scale).toBeLessThan(1e-5);
      }
    }
    for (let k = 1; k < ids.length; k++) {
      expect(difference(together.logprobs[k]!, alone.logprobs[k]!)).toBeLessThan(1e-4);
    }
  });
});

describe('RoPE that depends on the sequence', () => {
  it('computes dynamic NTK for each sequence as if it were alone, in any batch', async () => {
    const source = await modelSource(golden('architectures/llama'));
    const { ids, float } = await reference(golden('architectures/llama'));
    const [original, factor, theta, R] = [20, 2.5, 10_000, 8];
    const rope = { rope_type: 'dynamic', factor, rope_theta: theta };
    const config = { ...source.config, max_position_embeddings: original, rope_parameters: rope };
    const model = Model.read({ ...source, config });
    const layers = model.parseLayers('all');
    const together = await collect(model, ids, layers, 'last', { logprobs: true, budget: 400 });
    const alone = await collect(model, ids, layers, 'last', { budget: 1 });
    for (let k = 0; k < ids.length; k++) {
      const T = ids[k]!.length;
      // The same model with a base of its own and no scaling.
      const base = theta * ((factor * Math.max(T, original)) / original - (factor - 1)) ** (R / (R - 2));
      const parameters = { rope_type: 'default', rope_theta: base };
      const fixed = Model.read({ ...source, config: { ...source.config, rope_parameters: parameters } });
      const expected = await collect(fixed, [ids[k]!], layers, 'last', { logprobs: true });
      for (const layer of layers.map(layerName)) {
        expect(difference(together.states[layer]![k]!, expected.states[layer]![0]!)).toBeLessThan(tolerance);
        expect(difference(alone.states[layer]![k]!, expected.states[layer]![0]!)).toBeLessThan(tolerance);
      }
      expect(difference(together.logprobs[k]!, expected.logprobs[0]!)).toBeLessThan(tolerance);
      const change = difference(together.states['final']![k]!, float(`final_${k}`));
      if (T <= original) expect(change).toBeLessThan(tolerance);
      else expect(change).toBeGreaterThan(0.01);
    }
  });
});

describe('heads of any size', () => {
  it('pads heads that are no multiple of 8, also with a window', async () => {
    const source = await modelSource(golden('architectures/olmo2'));
    const { ids } = await reference(golden('architectures/olmo2'));
    const model = Model.read(source);
    expect(model.width / Number(source.config['num_attention_heads'])).toBe(12);
    const whole = await collect(model, ids, ['final'], 'last');
    const wide = { ...source.config, model_type: 'olmo3', rope_parameters: undefined };
    const layer_types = ['sliding_attention', 'full_attention'];
    const windowed = async (sliding_window: number) =>
      collect(
        Model.read({ ...source, config: { ...wide, rope_theta: 500_000, layer_types, sliding_window } }),
        ids,
        ['final'],
        'last',
      );
    // A window as long as the longest sequence hides nothing; a shorter one changes only what is longer than it.
    const [open, narrow] = [await windowed(64), await windowed(8)];
    for (let k = 0; k < ids.length; k++) {
      const expected = whole.states['final']![k]!;
      expect(difference(open.states['final']![k]!, expected)).toBeLessThan(1e-5);
      const change = difference(narrow.states['final']![k]!, expected);
      if (ids[k]!.length <= 8) expect(change).toBeLessThan(1e-5);
      else expect(change).toBeGreaterThan(0.01);
    }
  });
});

describe('weights in half precision', () => {
  /** Values that both half formats hold exactly: 7 bits after the leading one, nothing tiny. */
  function coarse(values: Float32Array): Float32Array {
    const rounded = values.map((value) => (Math.abs(value) < 2 ** -13 ? 0 : value));
    const bits = new Uint32Array(rounded.buffer);
    bits.forEach((word, i) => (bits[i] = word & 0xffff0000));
    return rounded;
  }
  const encoders = {
    F32: (values: Float32Array) => new Uint8Array(values.slice().buffer),
    BF16: (values: Float32Array) =>
      new Uint8Array(Uint16Array.from(new Uint32Array(values.slice().buffer), (word) => word >>> 16).buffer),
    F16: (values: Float32Array) => {
      const half = (word: number): number =>
        (word & 0x7fffffff) === 0
          ? 0
          : ((word >>> 16) & 0x8000) | ((((word >>> 23) & 0xff) - 112) << 10) | ((word >>> 13) & 0x3ff);
      return new Uint8Array(Uint16Array.from(new Uint32Array(values.slice().buffer), half).buffer);
    },
  };
  let folder: string;
  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'half-')));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  async function stored(name: string, dtype: keyof typeof encoders): Promise<ModelSource> {
    const source = await modelSource(golden(`architectures/${name}`));
    const { tensors } = await readSafetensors(golden(`architectures/${name}/model.safetensors`));
    const parts: Uint8Array[] = [];
    const ranges = new Map<string, TensorRange>();
    const file = join(folder, `${name}.${dtype}`);
    let offset = 0;
    for (const [tensor, { shape, data }] of tensors) {
      const bytes = encoders[dtype](coarse(data as Float32Array));
      ranges.set(tensor, { name: tensor, file, dtype, shape, offset, byteLength: bytes.length });
      parts.push(bytes);
      offset += bytes.length;
    }
    writeFileSync(file, Buffer.concat(parts));
    return { ...source, tensors: ranges };
  }

  it.each(['olmo', 'olmo2', 'llama', 'qwen3', 'gemma2', 'gpt2', 'opt'])(
    '%s: as the same values in float32',
    async (name) => {
      const { ids } = await reference(golden(`architectures/${name}`));
      const run = async (dtype: keyof typeof encoders) => {
        const model = Model.read(await stored(name, dtype));
        return collect(model, ids, model.parseLayers('all'), 'last', { logprobs: true });
      };
      const expected = await run('F32');
      for (const dtype of ['BF16', 'F16'] as const) {
        const got = await run(dtype);
        for (const [layer, rows] of Object.entries(expected.states)) {
          rows.forEach((row, k) => expect(difference(got.states[layer]![k]!, row)).toBeLessThan(1e-5));
        }
        expected.logprobs.forEach((values, k) => expect(difference(got.logprobs[k]!, values)).toBeLessThan(1e-5));
      }
    },
  );
});
