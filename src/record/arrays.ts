/**
 * The safetensors file beside a measurement: float64 tensors `<array>.<layer>` of one dimension (`eigenvalues.final`)
 * and, on request, the rows themselves as float32 `features.<layer>` (n, d), which may be larger than memory and are
 * therefore streamed. The sha256 is taken from what is written, not by reading it again.
 */
import { createHash } from 'node:crypto';
import {
  FileSource,
  readSafetensorsHeader,
  readSafetensorsTensor,
  safetensorsHeader,
  sha256File,
  type SafetensorsEntry,
  type SafetensorsTensor,
  type StagedFile,
} from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import type { MeasuredLayer, Measurement } from './measurement.js';
import type { Stage } from './run.js';

/** Representations to be kept: `n` rows of `d` float32, row-major, in chunks of any length. */
export interface FeatureRows {
  readonly n: number;
  readonly d: number;
  readonly chunks: Iterable<Float32Array> | AsyncIterable<Float32Array>;
}

interface Part extends SafetensorsEntry {
  readonly chunks: Iterable<Float64Array> | Iterable<Float32Array> | AsyncIterable<Float32Array>;
}

/** Writes the arrays of all layers beside `path` and says what the measurement must know about them. */
export async function stageArrays(
  stage: Stage,
  path: string,
  layers: Readonly<Record<string, Pick<MeasuredLayer, 'arrays'>>>,
  features: Readonly<Record<string, FeatureRows>>,
  metadata: Readonly<Record<string, string>>,
): Promise<{ staged: StagedFile; arrays: Measurement['arrays'] }> {
  // float64 first, so that every tensor is aligned.
  const parts: Part[] = [];
  for (const [layer, { arrays }] of Object.entries(layers)) {
    for (const [name, data] of Object.entries(arrays)) {
      parts.push({ name: `${name}.${layer}`, dtype: 'F64', shape: [data.length], chunks: [data] });
    }
  }
  for (const [layer, { n, d, chunks }] of Object.entries(features)) {
    parts.push({ name: `features.${layer}`, dtype: 'F32', shape: [n, d], chunks });
  }
  const hash = createHash('sha256');
  const staged = await stage(path, hashed(bytesOf(parts, metadata), hash));
  const file = path.slice(path.lastIndexOf('/') + 1);
  const tensors = parts.map(({ name }) => name);
  return { staged, arrays: { file, sha256: hash.digest('hex'), bytes: staged.byteLength, tensors } };
}

async function* bytesOf(
  parts: readonly Part[],
  metadata: Readonly<Record<string, string>>,
): AsyncGenerator<Uint8Array> {
  yield safetensorsHeader(parts, metadata).header;
  for (const { name, shape, chunks } of parts) {
    const expected = shape.reduce((product, n) => product * n, 1);
    let found = 0;
    for await (const chunk of chunks) {
      found += chunk.length;
      yield new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    }
    if (found !== expected) {
      const message = `internal: tensor ${name} of shape [${shape.join(', ')}] got ${found} elements`;
      throw new EigentraceError('internal', message);
    }
  }
}

async function* hashed(
  chunks: AsyncIterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

/** Why the file at `path` isn't the one that the measurement was stored with; null when it is. Reads all of it. */
export async function arraysProblem(path: string, arrays: Measurement['arrays']): Promise<string | null> {
  let found: string;
  try {
    found = await sha256File(path);
  } catch (error) {
    return error instanceof EigentraceError ? error.message : `${path}: can't be read`;
  }
  if (found === arrays.sha256) return null;
  return `${path}: arrays were changed after they were written, got sha256 ${found.slice(0, 12)}… (expected ${arrays.sha256.slice(0, 12)}…)`;
}

/** Tensors of an arrays file by name, all of them or those asked for; a name that isn't there is an error. */
export async function readTensors(path: string, names?: readonly string[]): Promise<Map<string, SafetensorsTensor>> {
  const source = await FileSource.open(path);
  try {
    const { tensors } = await readSafetensorsHeader(source);
    const found = new Map<string, SafetensorsTensor>();
    for (const name of names ?? tensors.keys()) {
      const range = tensors.get(name);
      if (!range) {
        const known = [...tensors.keys()].slice(0, 8).join(', ');
        throw new EigentraceError('input', `${path}: has no tensor ${name} (expected one of ${known}, …)`);
      }
      found.set(name, await readSafetensorsTensor(source, name, range));
    }
    return found;
  } finally {
    await source.close();
  }
}

/** Those of the named tensors that are there, with what tells the file: no other byte is read. */
export async function readPresentTensors(path: string, names: readonly string[]) {
  const source = await FileSource.open(path);
  try {
    const { tensors, metadata } = await readSafetensorsHeader(source);
    const found = new Map<string, SafetensorsTensor>();
    for (const name of names) {
      const range = tensors.get(name);
      if (range) found.set(name, await readSafetensorsTensor(source, name, range));
    }
    return { tensors: found, metadata, byteLength: source.byteLength };
  } finally {
    await source.close();
  }
}
