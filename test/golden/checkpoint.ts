/** A golden checkpoint folder as a ModelSource, and the tensors of its reference. */
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FileSource, readJson, readSafetensors, readSafetensorsHeader } from '../../src/bytes/index.js';
import type { ModelSource, TensorRange } from '../../src/models/index.js';

export function golden(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

export async function modelSource(folder: string, config = 'config.json'): Promise<ModelSource> {
  const file = realpathSync(join(folder, 'model.safetensors'));
  const source = await FileSource.open(file);
  const header = await readSafetensorsHeader(source);
  await source.close();
  const tensors = new Map<string, TensorRange>();
  for (const [name, { dtype, shape, start, end }] of header.tensors) {
    tensors.set(name, { name, file, dtype, shape, offset: start, byteLength: end - start });
  }
  return {
    name: folder.split('/').at(-1) ?? folder,
    config: (await readJson(join(folder, config))) as Record<string, unknown>,
    tensors,
  };
}

export interface Reference {
  ids: Int32Array[];
  float: (name: string) => Float32Array;
}

export async function reference(folder: string): Promise<Reference> {
  const { tensors } = await readSafetensors(join(folder, 'reference.safetensors'));
  const float = (name: string): Float32Array => tensors.get(name)!.data as Float32Array;
  return { ids: [0, 1, 2, 3, 4, 5].map((k) => tensors.get(`ids_${k}`)!.data as Int32Array), float };
}
