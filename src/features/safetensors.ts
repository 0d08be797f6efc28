/** A matrix of a safetensors file: read in place, by the header's own byte ranges. */
import { readSafetensorsHeader, type ByteSource } from '../bytes/index.js';
import { choose } from './choice.js';
import type { FloatType } from '../bytes/floats.js';
import { checkShape, type Matrix } from './matrix.js';

const types: Readonly<Record<string, FloatType>> = {
  F16: 'float16',
  BF16: 'bfloat16',
  F32: 'float32',
  F64: 'float64',
};

/** The tensor of a layer and its name; `only`: whatever its name, when it is the only matrix. */
export async function readTensor(
  source: ByteSource,
  layer: string,
  only: boolean,
): Promise<{ matrix: Matrix; array: string }> {
  const { tensors } = await readSafetensorsHeader(source);
  const usable: string[] = [];
  const all: string[] = [];
  for (const [name, { dtype, shape }] of tensors) {
    all.push(`${name} ${dtype} [${shape.join(', ')}]`);
    if (types[dtype] !== undefined && shape.length === 2) usable.push(name);
  }
  const array = choose(source.name, layer, { usable, all }, only);
  const { dtype, shape, start } = tensors.get(array)!;
  const format = { type: types[dtype]!, bigEndian: false };
  return { matrix: { ...checkShape(`${source.name}: tensor ${array}`, shape), format, start }, array };
}
