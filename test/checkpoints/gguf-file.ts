/** GGUF files by hand, small ones, and the values of an opened checkpoint's tensors. */
import { readFile } from 'node:fs/promises';
import type { Checkpoint, TensorRange } from '../../src/checkpoints/index.js';

export type Value = { u32: number } | { f32: number } | { bool: boolean } | { text: string } | { texts: string[] };

const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
export const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const text = (value: string): Buffer => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);

function encode(value: Value): Buffer {
  if ('u32' in value) return Buffer.concat([u32(4), u32(value.u32)]);
  if ('bool' in value) return Buffer.concat([u32(7), Buffer.of(value.bool ? 1 : 0)]);
  if ('text' in value) return Buffer.concat([u32(8), text(value.text)]);
  if ('texts' in value) return Buffer.concat([u32(9), u32(8), u64(value.texts.length), ...value.texts.map(text)]);
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value.f32);
  return Buffer.concat([u32(6), bytes]);
}

export interface MadeTensor {
  name: string;
  /** As in the file: columns first. */
  dims: number[];
  type: number;
  bytes: Buffer;
}

/** A whole file: version 3, alignment 32. */
export function ggufOf(metadata: Record<string, Value>, tensors: readonly MadeTensor[]): Buffer {
  let offset = 0;
  const infos = tensors.map(({ name, dims, type, bytes }) => {
    const info = Buffer.concat([text(name), u32(dims.length), ...dims.map(u64), u32(type), u64(offset)]);
    offset += Math.ceil(bytes.length / 32) * 32;
    return info;
  });
  const keys = Object.entries(metadata).map(([key, value]) => Buffer.concat([text(key), encode(value)]));
  const counts = [u64(tensors.length), u64(keys.length)];
  const header = Buffer.concat([Buffer.from('GGUF'), u32(3), ...counts, ...keys, ...infos]);
  const padded = (bytes: Buffer): Buffer[] => [bytes, Buffer.alloc((32 - (bytes.length % 32)) % 32)];
  return Buffer.concat([...padded(header), ...tensors.flatMap(({ bytes }) => padded(bytes))]);
}

/** What a qwen2 model of width 32 needs, changed as asked; `null` leaves a key out. */
export function metadataOf(changes: Record<string, Value | null> = {}): Record<string, Value> {
  const all: Record<string, Value | null> = {
    'general.architecture': { text: 'qwen2' },
    'qwen2.block_count': { u32: 1 },
    'qwen2.embedding_length': { u32: 32 },
    'qwen2.context_length': { u32: 64 },
    'qwen2.feed_forward_length': { u32: 32 },
    'qwen2.attention.head_count': { u32: 2 },
    'qwen2.attention.layer_norm_rms_epsilon': { f32: 1e-6 },
    ...changes,
  };
  const there = Object.entries(all).filter((entry): entry is [string, Value] => entry[1] !== null);
  return Object.fromEntries(there);
}

/** One Q8_0 tensor: 2 rows of 32. */
export const embedding = (changes: Partial<MadeTensor> = {}): MadeTensor => ({
  ...{ name: 'token_embd.weight', dims: [32, 2], type: 8, bytes: Buffer.alloc(68, 1) },
  ...changes,
});

/** Values of a tensor, read from where it says it lies. */
export async function valuesOf(tensor: TensorRange): Promise<Float32Array> {
  const file = await readFile(tensor.file);
  const bytes = Uint8Array.from(file.subarray(tensor.offset, tensor.offset + tensor.byteLength));
  if (tensor.dtype === 'F32') return new Float32Array(bytes.buffer);
  const bits = new Uint16Array(bytes.buffer);
  if (tensor.dtype === 'BF16') return new Float32Array(Uint32Array.from(bits, (b) => b << 16).buffer);
  // float16: sign, 5 bits, 10 bits.
  return Float32Array.from(bits, (b) => {
    const [exponent, fraction] = [(b >> 10) & 31, b & 1023];
    const size = exponent === 0 ? fraction / 2 ** 24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
    return b >> 15 ? -size : size;
  });
}

/** All tensors' values, with the scratch file written for that long. */
export async function allValues(checkpoint: Checkpoint): Promise<Map<string, Float32Array>> {
  const release = await checkpoint.prepare?.();
  const values = new Map<string, Float32Array>();
  for (const [name, tensor] of checkpoint.tensors) values.set(name, await valuesOf(tensor));
  await release?.();
  return values;
}
