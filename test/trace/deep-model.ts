/** A model of many small blocks, whose weights are more than what a batch takes: what `--memory` divides. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeSafetensors, type WritableTensor } from '../../src/bytes/index.js';
import { sample } from './command-line.js';

const [d, vocabulary] = [128, 1024];
export const deepLayers = 12;

/** A GPT-NeoX of 2.6 million weights, 10 MB as float32, by a fixed rule. */
export async function writeDeepModel(path: string): Promise<void> {
  let state = 7;
  const tensors: WritableTensor[] = [];
  const add = (name: string, shape: number[], centre: number, size: number): void => {
    const data = new Float32Array(shape.reduce((product, n) => product * n, 1));
    for (let i = 0; i < data.length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      data[i] = centre + (state / 2 ** 31 - 1) * size;
    }
    tensors.push({ name, dtype: 'F32', shape, data });
  };
  const linear = (name: string, rows: number, columns: number): void => {
    add(`${name}.weight`, [rows, columns], 0, 0.08);
    add(`${name}.bias`, [rows], 0, 0.02);
  };
  const norm = (name: string): void => {
    add(`${name}.weight`, [d], 1, 0.1);
    add(`${name}.bias`, [d], 0, 0.02);
  };
  add('gpt_neox.embed_in.weight', [vocabulary, d], 0, 0.08);
  for (let l = 0; l < deepLayers; l++) {
    const at = `gpt_neox.layers.${l}`;
    norm(`${at}.input_layernorm`);
    norm(`${at}.post_attention_layernorm`);
    linear(`${at}.attention.query_key_value`, 3 * d, d);
    linear(`${at}.attention.dense`, d, d);
    linear(`${at}.mlp.dense_h_to_4h`, 4 * d, d);
    linear(`${at}.mlp.dense_4h_to_h`, d, 4 * d);
  }
  norm('gpt_neox.final_layer_norm');
  add('embed_out.weight', [vocabulary, d], 0, 0.08);
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'model.safetensors'), Buffer.concat(encodeSafetensors(tensors)));
  const config = JSON.parse(await readFile(join(sample, 'series/step1/config.json'), 'utf8')) as object;
  await writeFile(join(path, 'config.json'), JSON.stringify({ ...config, num_hidden_layers: deepLayers }));
  await copyFile(join(sample, 'series/tokenizer.json'), join(path, 'tokenizer.json'));
}
