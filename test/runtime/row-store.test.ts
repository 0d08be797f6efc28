import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RowStore } from '../../src/runtime/index.js';

describe('RowStore', () => {
  it.each([
    ['memory', 1e6],
    ['a scratch file', 0],
  ])('gives rows back in corpus order from %s, whatever order they came in', async (_, bound) => {
    const folder = await mkdtemp(join(tmpdir(), 'rows-'));
    const store = await RowStore.create([0, 'final'], 4, 3, folder, bound);
    for (const index of [2, 0, 3, 1]) {
      await store.put('final', index, Float32Array.of(index, index + 0.5, -index));
      await store.put(0, index, Float32Array.of(10 + index, 0, 1));
    }
    expect(Array.from(await store.rows('final').read(1, 3))).toEqual([1, 1.5, -1, 2, 2.5, -2]);
    expect(Array.from(await store.rows(0).read(0, 4))).toEqual([10, 0, 1, 11, 0, 1, 12, 0, 1, 13, 0, 1]);
    // The name is gone as soon as the file is open: a kill leaves nothing behind.
    expect(await readdir(folder)).toEqual([]);
    await store.close();
  });
});
