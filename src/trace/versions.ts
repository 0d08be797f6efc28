/** Versions of what the numbers come from: they stand in every record. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { readJson } from '../bytes/index.js';

/** eigentrace, Node, Unicode's tables (the tokenizer's normalisation) and onnxruntime. */
export async function versions(): Promise<Record<string, string>> {
  const own = (await readJson(fileURLToPath(new URL('../../package.json', import.meta.url)))) as { version: string };
  const runtime = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  return {
    eigentrace: own.version,
    node: process.versions.node,
    unicode: process.versions.unicode ?? 'unknown',
    onnxruntime: runtime.version,
  };
}
