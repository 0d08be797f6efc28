/** Models from GGUF files against the reference states of the checkpoints that they were converted from. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openCheckpoint } from '../../src/checkpoints/index.js';
import { Model } from '../../src/models/index.js';
import { layerName, ModelProcess, represent } from '../../src/runtime/index.js';
import { golden, reference } from '../golden/checkpoint.js';
import { folderOf } from './folders.js';

let child: ModelProcess;
beforeAll(() => {
  child = ModelProcess.start();
});
afterAll(() => {
  child.kill(new Error('done') as never);
});

it.each([...['llama', 'llama_rope_scaled', 'llama_tied', 'qwen2', 'gpt_neox', 'gpt_neox_float16']])(
  '%s: states of every layer, and log-probabilities, within 5e-5',
  async (name) => {
    const scratchFolder = await folderOf({});
    const checkpoint = await openCheckpoint(golden(`gguf/models/${name}.gguf`), { scratchFolder });
    const model = Model.read(checkpoint);
    const { ids, float } = await reference(golden(`architectures/${name}`));
    const release = await checkpoint.prepare?.();
    const layers = model.parseLayers('all');
    let worst = 0;
    let compared = 0;
    const compare = (got: Float32Array, expected: Float32Array): void => {
      expect(got.length).toBe(expected.length);
      got.forEach((value, i) => (worst = Math.max(worst, Math.abs(value - expected[i]!))));
      compared++;
    };
    await represent(
      child,
      model,
      ids,
      { layers, position: 'last', logprobs: true, threads: 2 },
      {
        state: (layer, index, rows) => {
          const [all, d] = [float(`hidden_${index}`), model.width];
          const expected = layer === 'final' ? float(`final_${index}`) : all.subarray(layer * d, (layer + 1) * d);
          expect(layerName(layer)).toBe(layer === 'final' ? 'final' : `layer${layer}`);
          compare(rows, expected);
        },
        logprobs: (index, values) => {
          if (index === 3) compare(values, float('logprobs_3'));
        },
      },
    );
    await child.release();
    await release?.();
    expect(compared).toBe(ids.length * layers.length + 1);
    expect(worst).toBeLessThan(5e-5);
  },
);
