/** Series of tiny checkpoints made for a test: each with weights of its own, as its seed says. */
import { encodeSafetensors } from '../../src/bytes/index.js';

export const config = { model_type: 'gpt_neox', hidden_size: 4, num_hidden_layers: 1, torch_dtype: 'float16' };

/** A safetensors file of one tensor a name, `size`² numbers that depend on the seed; of one seed always the same bytes. */
export function tensors(
  seed: number,
  names: readonly string[] = ['w'],
  size = 8,
  dtype: 'F32' | 'F16' = 'F32',
): Uint8Array {
  const entries = names.map((name, k) => {
    const data = dtype === 'F32' ? new Float32Array(size * size) : new Uint16Array(size * size);
    for (let i = 0; i < data.length; i++)
      data[i] = dtype === 'F32' ? Math.sin(seed * 7 + k + i) : (seed * 31 + k + i) % 1000;
    return { name, dtype, shape: [size, size], data };
  });
  return Buffer.concat(encodeSafetensors(entries as Parameters<typeof encodeSafetensors>[0], { format: 'pt' }));
}

/** The files of one revision below `name`. */
export function revision(
  name: string,
  seed: number,
  changes: { config?: object | null; weights?: Uint8Array; tokenizer?: string } = {},
): Record<string, string | Uint8Array> {
  const written = changes.config === undefined ? config : changes.config;
  return {
    ...(written === null ? {} : { [`${name}/config.json`]: JSON.stringify(written) }),
    [`${name}/model.safetensors`]: changes.weights ?? tensors(seed),
    [`${name}/tokenizer.json`]: changes.tokenizer ?? '{"version":"1.0"}',
  };
}

/** Pythia's 154 steps. */
export const pythiaSteps = [
  ...[0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512],
  ...Array.from({ length: 143 }, (_, k) => (k + 1) * 1000),
];
