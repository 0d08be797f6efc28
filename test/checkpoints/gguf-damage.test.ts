/** Damaged GGUF files: a clear error or a right result, soon, and no memory beyond what the file's size allows. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MemorySource } from '../../src/bytes/index.js';
import { readGgufHeader } from '../../src/checkpoints/gguf-header.js';
import { openCheckpoint } from '../../src/checkpoints/index.js';
import { EigentraceError } from '../../src/errors.js';
import { golden } from '../golden/checkpoint.js';
import { folderOf } from './folders.js';
import { embedding, ggufOf, metadataOf } from './gguf-file.js';

const whole = {
  quantised: readFileSync(golden('gguf/blocks/Q4_K.gguf')),
  made: ggufOf({ ...metadataOf(), 'tokenizer.ggml.tokens': { texts: ['a', 'b'] } }, [embedding()]),
  model: readFileSync(golden('gguf/models/qwen2_bfloat16.gguf')),
};

/** Bytes changed, cut or added; mostly in the header, where it matters. */
const damaged = fc
  .record({
    file: fc.constantFrom(...(Object.keys(whole) as (keyof typeof whole)[])),
    flips: fc.array(
      fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), to: fc.integer({ min: 0, max: 255 }) }),
      {
        maxLength: 4,
      },
    ),
    inHeader: fc.boolean(),
    cut: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 3 }),
    more: fc.uint8Array({ maxLength: 40 }),
  })
  .map(({ file, flips, inHeader, cut, more }) => {
    const bytes = Buffer.from(whole[file]);
    const reach = inHeader ? Math.min(bytes.length, 700) : bytes.length;
    for (const { at, to } of flips) bytes[Math.min(reach - 1, Math.floor(at * reach))] = to;
    const kept = cut === null ? bytes : bytes.subarray(0, Math.floor(cut * bytes.length));
    return Buffer.concat([kept, more]);
  });

it('gives a header whose tensors lie in the file, or an error that is ours', async () => {
  await fc.assert(
    fc.asyncProperty(damaged, async (bytes) => {
      const source = new MemorySource(bytes, 'm.gguf');
      try {
        const { tensors } = await readGgufHeader(source);
        for (const { shape, start, byteLength, type } of tensors) {
          const elements = shape.reduce((product, size) => product * size, 1);
          expect(byteLength).toBe((elements / type.elements) * type.bytes);
          expect(start + byteLength).toBeLessThanOrEqual(bytes.length);
        }
      } catch (error) {
        if (!(error instanceof EigentraceError)) throw error;
        expect([error.code, error.message.startsWith('m.gguf: ')]).toEqual(['input', true]);
      }
      // Windows overlap by what one value needs; nothing is read over and over.
      const read = source.reads.reduce((sum, { start, end }) => sum + end - start, 0);
      expect(read).toBeLessThanOrEqual(3 * bytes.length);
    }),
    { numRuns: 600 },
  );
}, 60_000);

it('opens and prepares, or says what is wrong', async () => {
  const folder = await folderOf({ 'scratch/': '' });
  const path = join(folder, 'm.gguf');
  await fc.assert(
    fc.asyncProperty(damaged, async (bytes) => {
      await writeFile(path, bytes);
      try {
        const checkpoint = await openCheckpoint(path, { scratchFolder: join(folder, 'scratch') });
        const release = await checkpoint.prepare?.();
        const sizes = [...checkpoint.tensors.values()].map(({ byteLength }) => byteLength);
        // Four bits of a block become 32.
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(8 * bytes.length);
        await release?.();
      } catch (error) {
        if (!(error instanceof EigentraceError)) throw error;
        expect(error.code).toBe('input');
      }
    }),
    { numRuns: 150 },
  );
}, 60_000);
