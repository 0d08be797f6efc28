/**
 * Rows picked from one pass over long sequences are the rows of the cut sequences, for every architecture: what a sweep
 * over lengths and positions rests on.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Model, type Layer, type Position } from '../../src/models/index.js';
import { layerName, ModelProcess, represent, type StatePick } from '../../src/runtime/index.js';
import { golden, modelSource, reference } from '../golden/checkpoint.js';

const folders = [
  ...['gpt_neox', 'gpt_neox_sequential', 'olmo', 'olmo2', 'olmo3', 'olmo3_yarn', 'llama', 'llama_rope_scaled'],
  ...['mistral', 'qwen2', 'qwen3', 'gemma2', 'gemma3_text', 'gpt2', 'opt'],
];
const lengths = [1, 5, 40];
const positions = ['last', 'mean'] as const;

let child: ModelProcess;
beforeAll(() => {
  child = ModelProcess.start();
});
afterAll(() => {
  child.kill(new Error('done') as never);
});

async function rowsOf(
  model: Model,
  ids: Int32Array[],
  layers: Layer[],
  position: Position,
  picks?: Record<string, readonly StatePick[]>,
): Promise<Record<string, Float32Array[]>> {
  const found: Record<string, Float32Array[]> = {};
  const options = { layers, position, threads: 1, ...(picks ? { picks } : {}) };
  await represent(child, model, ids, options, {
    state: (layer, index, rows) => {
      (found[layerName(layer)] ??= [])[index] = rows.slice();
    },
  });
  return found;
}

async function largestDifference(model: Model, ids: Int32Array[]): Promise<number> {
  const layers: Layer[] = [0, model.layers, 'final'];
  const wanted = positions.flatMap((position) => lengths.map((tokens) => ({ position, tokens })));
  // Another number of picks for each layer: each finds its own.
  const picks = { layer0: wanted.slice(1), [layerName(model.layers)]: wanted.slice(0, 4), final: wanted };
  const got = await rowsOf(model, ids, layers, 'all', picks);
  let worst = 0;
  for (const { position, tokens } of wanted) {
    const cut = await rowsOf(
      model,
      ids.map((each) => each.slice(0, tokens)),
      layers,
      position,
    );
    for (const [name, list] of Object.entries(picks)) {
      const at = list.findIndex((pick) => pick.position === position && pick.tokens === tokens);
      if (at < 0) continue;
      for (const [k, expected] of cut[name]!.entries()) {
        const row = got[name]![k]!.subarray(at * model.width, (at + 1) * model.width);
        expect(got[name]![k]!).toHaveLength(list.length * model.width);
        const scale = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
        expected.forEach((x, j) => (worst = Math.max(worst, Math.abs(x - row[j]!) / scale)));
      }
    }
  }
  return worst;
}

describe('picks', () => {
  it.each(folders)('of %s are the rows of cut sequences', async (name) => {
    const model = Model.read(await modelSource(golden(`architectures/${name}`), 'config.json'));
    const { ids } = await reference(golden(`architectures/${name}`));
    expect(model.dependsOnLength).toBe(false);
    expect(await largestDifference(model, ids)).toBeLessThan(1e-5);
  });

  it('of a model whose rotary embedding stretches with the sequence are not, and it says so', async () => {
    const source = await modelSource(golden('architectures/llama'), 'config.v4.json');
    const scaling = { rope_scaling: { rope_type: 'dynamic', factor: 4 }, max_position_embeddings: 16 };
    const model = Model.read({ ...source, config: { ...source.config, ...scaling } });
    const { ids } = await reference(golden('architectures/llama'));
    expect(model.dependsOnLength).toBe(true);
    expect(await largestDifference(model, ids)).toBeGreaterThan(1e-3);
  });
});
