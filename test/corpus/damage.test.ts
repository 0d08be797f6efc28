/** Corpora and tokenizers that are damaged: documents (a tokenizer that encodes) or a clear error, soon. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { documents, openTokenizer } from '../../src/corpus/index.js';
import { EigentraceError } from '../../src/errors.js';
import { collect, root, temporaryFolder } from './folder.js';

const folder = temporaryFolder();
const texts = Array.from({ length: 40 }, (_, i) => `document ${i}: ${'größer, heißer. '.repeat(i % 5)}\nand "more"`);
const jsonl = texts.map((text, id) => `${JSON.stringify({ id, text })}\n`).join('');
const txt = texts.map((text) => `${text}\n\n`).join('');
const files: Record<string, Buffer> = {
  'a.jsonl': Buffer.from(jsonl),
  'a.jsonl.gz': gzipSync(jsonl),
  'a.txt': Buffer.from(txt),
  'a.txt.gz': gzipSync(txt),
};

const damage = fc.record({
  how: fc.constantFrom('flip', 'flip', 'cut', 'lengthen'),
  where: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  value: fc.oneof(fc.nat(255), fc.constantFrom(...Buffer.from('0159-.eE{}[]",:\\\n'))),
  more: fc.integer({ min: 1, max: 50 }),
});
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damaged(good: Buffer, { how, where, value, more }: Damage): Buffer {
  const at = Math.floor(where * good.length);
  const bytes = Buffer.from(how === 'cut' ? good.subarray(0, at) : good);
  if (how === 'flip') bytes[at] = value;
  return how === 'lengthen' ? Buffer.concat([bytes, Buffer.alloc(more, value)]) : bytes;
}

/** An error of ours that names the file. */
function expectOurs(error: unknown, path: string): void {
  if (!(error instanceof EigentraceError)) throw error;
  expect(error.code).toBe('input');
  expect(error.message).toContain(path);
}

describe.each(Object.keys(files))('%s', (name) => {
  it('any damage', async () => {
    const good = files[name]!;
    const path = join(folder.path, name);
    await writeFile(path, good);
    const read = async () => (await collect(documents(path, { field: 'text' }))).map(({ text }) => text);
    const right = await read();
    expect(right).toHaveLength(40);
    const property = fc.asyncProperty(damage, async (change) => {
      await writeFile(path, damaged(good, change));
      let found: string[];
      try {
        found = await read();
      } catch (error) {
        expectOurs(error, name.replace('.gz', ''));
        return;
      }
      expect(found.length).toBeLessThanOrEqual(100);
      // A gzip file has a checksum: what can be read to its end is right.
      if (name.endsWith('.gz')) expect(found).toEqual(right);
    });
    await fc.assert(property, { numRuns: 300, timeout: 10_000 });
    await rm(path);
  });
});

it('tokenizer.json: any damage', async () => {
  const good = await readFile(join(root, 'sample/series/tokenizer.json'));
  const path = join(folder.path, 'tokenizer.json');
  const property = fc.asyncProperty(damage, async (change) => {
    await writeFile(path, damaged(good, change));
    try {
      const tokenizer = await openTokenizer(path);
      for (const text of texts.slice(0, 5)) {
        for (const id of tokenizer.encode(text)) expect(id).toBeGreaterThanOrEqual(0);
      }
    } catch (error) {
      expectOurs(error, path);
    }
  });
  await fc.assert(property, { numRuns: 150, timeout: 10_000 });
});
