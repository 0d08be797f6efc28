import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  MemorySource,
  encodeSafetensors,
  readSafetensors,
  safetensorsHeader,
  writeAtomic,
  type WritableTensor,
} from '../../src/bytes/index.js';

const sharded = new URL('../golden/checkpoints/llama_sharded/', import.meta.url);

describe('encodeSafetensors', () => {
  it('writes the bytes that the Python library wrote for the same tensors', async () => {
    for (const name of ['model-00001-of-00003.safetensors', 'reference.safetensors']) {
      const original = new Uint8Array(await readFile(new URL(name, sharded)));
      const { tensors, metadata } = await readSafetensors(new MemorySource(original));
      const list = [...tensors].map(([tensor, rest]) => ({ name: tensor, ...rest }) as WritableTensor);
      expect(Buffer.concat(encodeSafetensors(list, metadata)).equals(original)).toBe(true);
    }
  });

  it('gives every dtype back, subarrays included', async () => {
    const backing = Float64Array.of(9, 1, -0, Infinity, NaN, 9);
    const list: WritableTensor[] = [
      { name: 'f64', dtype: 'F64', shape: [2, 2], data: backing.subarray(1, 5) },
      { name: 'i64', dtype: 'I64', shape: [1], data: BigInt64Array.of(-(2n ** 62n)) },
      { name: 'f32', dtype: 'F32', shape: [], data: Float32Array.of(1.5) },
      { name: 'i32', dtype: 'I32', shape: [3], data: Int32Array.of(-1, 0, 7) },
      { name: 'u8', dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 255) },
      { name: 'none', dtype: 'F64', shape: [0, 5], data: new Float64Array() },
    ];
    const folder = await mkdtemp(join(tmpdir(), 'eigentrace-'));
    const path = join(folder, 'all.safetensors');
    await writeAtomic(path, encodeSafetensors(list, { b: '2', a: '1' }));
    const read = await readSafetensors(path);
    await rm(folder, { recursive: true });
    expect([...read.tensors.keys()]).toEqual(list.map((t) => t.name));
    for (const { name, dtype, shape, data } of list) expect(read.tensors.get(name)).toEqual({ dtype, shape, data });
    expect(Object.keys(read.metadata)).toEqual(['b', 'a']);
  });

  it('starts the data at a multiple of 8 and leaves empty metadata out', () => {
    const [header] = encodeSafetensors([{ name: 'a', dtype: 'U8', shape: [1], data: Uint8Array.of(5) }]);
    expect(header!.length % 8).toBe(0);
    expect(new TextDecoder().decode(header!.subarray(8)).trimEnd()).toBe(
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
    );
  });

  it('holds names and shapes to the data', () => {
    const a: WritableTensor = { name: 'a', dtype: 'U8', shape: [2], data: Uint8Array.of(5) };
    expect(() => encodeSafetensors([a])).toThrow('internal: tensor a of shape [2] got 1 elements');
    const b: WritableTensor = { ...a, shape: [1] };
    expect(() => encodeSafetensors([b, b])).toThrow('internal: safetensors name a is taken');
  });
});

describe('safetensorsHeader', () => {
  it('tells where a caller must stream each tensor', async () => {
    const rows = Float32Array.of(1, 2, 3, 4, 5, 6);
    const { header, ranges, byteLength } = safetensorsHeader([
      { name: 'mean', dtype: 'F64', shape: [1] },
      { name: 'rows', dtype: 'F32', shape: [3, 2] },
    ]);
    const file = new Uint8Array(byteLength);
    file.set(header);
    for (let i = 0; i < 3; i++) {
      const row = new Uint8Array(rows.buffer, 8 * i, 8);
      file.set(row, ranges.get('rows')!.start + 8 * i);
    }
    expect(ranges.get('rows')!.end).toBe(byteLength);
    const { tensors } = await readSafetensors(new MemorySource(file));
    expect(tensors.get('rows')!.data).toEqual(rows);
    expect(tensors.get('mean')!.data).toEqual(Float64Array.of(0));
  });
});
