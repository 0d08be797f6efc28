/** Checkpoint folders made for a test, in a temporary folder of its own. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { encodeSafetensors } from '../../src/bytes/index.js';

/** A safetensors file with one small float32 tensor a name. */
export function weights(...names: string[]): Uint8Array {
  const tensors = names.map((name) => ({ name, dtype: 'F32' as const, shape: [2, 2], data: new Float32Array(4) }));
  return Buffer.concat(encodeSafetensors(tensors, { format: 'pt' }));
}

export const config = '{"model_type":"gpt_neox"}';

/** The files of a whole checkpoint under a folder. */
export const checkpointIn = (folder: string): Record<string, string | Uint8Array> => ({
  [`${folder}/config.json`]: config,
  [`${folder}/model.safetensors`]: weights('w'),
});

/** Writes files (by path below the folder; a path that ends with / makes a folder) and gives the folder; gone after the test. */
export async function folderOf(files: Record<string, string | Uint8Array>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'eigentrace-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    const full = join(folder, path);
    await mkdir(path.endsWith('/') ? full : dirname(full), { recursive: true });
    if (!path.endsWith('/')) await writeFile(full, content);
  }
  return folder;
}

/** The message of an error that is ours, or what came instead. */
export async function refusal(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    (value) => new Error(`not refused: ${JSON.stringify(value)}`),
    (e: unknown) => e,
  );
  if (!(error instanceof Error)) return String(error);
  return error.name === 'EigentraceError' ? error.message : `not ours: ${error.stack}`;
}
