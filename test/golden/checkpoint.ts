/** A golden checkpoint folder as a ModelSource, and the tensors of its reference. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readJson, readSafetensors } from '../../src/bytes/index.js';
import { openCheckpoint } from '../../src/checkpoints/index.js';
import type { ModelSource } from '../../src/models/index.js';

export function golden(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

export async function modelSource(folder: string, config = 'config.json'): Promise<ModelSource> {
  const { name, tensors } = await openCheckpoint(folder);
  return { name, config: (await readJson(join(folder, config))) as Record<string, unknown>, tensors };
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
