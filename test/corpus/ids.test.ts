import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { checkIds, hashSequences, readIds } from '../../src/corpus/index.js';
import { failure, temporaryFolder } from './folder.js';

const folder = temporaryFolder();

describe('token ids from a file', () => {
  it('are used as they are', async () => {
    const content = '[12, 7, 99]\r\n[0]\n [2147483647, 1]';
    for (const path of [folder.write('ids.jsonl', content), folder.write('ids.jsonl.gz', gzipSync(content))]) {
      const sequences = await readIds(path);
      const ids = [Int32Array.of(12, 7, 99), Int32Array.of(0), Int32Array.of(2147483647, 1)];
      expect(sequences).toEqual({
        name: path.split('/').at(-1),
        ids,
        rows: [0, 1, 2],
        tokens: 6,
        asked: null,
        found: 3,
        truncated: 0,
        scanned: 3,
        flags: [],
        sha256: hashSequences(ids, [0, 1, 2]),
        sources: [
          {
            name: path.split('/').at(-1),
            bytes: content.length,
            sha256: createHash('sha256').update(content).digest('hex'),
          },
        ],
        tokenizerSha256: null,
      });
    }
  });

  it('are refused with file and line', async () => {
    const said = async (line: string) => {
      const path = folder.write('bad', `[1]\n${line}\n`);
      return (await failure(readIds(path))).replace(path, 'bad');
    };
    const end = '(expected a JSON array of token ids, such as [12, 7, 99])';
    expect(await said('')).toBe(`bad:2: got an empty line ${end}`);
    expect(await said('[]')).toBe(`bad:2: got an empty array ${end}`);
    expect(await said('{"ids": [1]}')).toBe(`bad:2: got {"ids":[1]} ${end}`);
    expect(await said('[1, -1]')).toBe(`bad:2: got -1 at position 1 ${end}`);
    expect(await said('[1.5]')).toBe(`bad:2: got 1.5 at position 0 ${end}`);
    expect(await said('[2147483648]')).toBe(`bad:2: got 2147483648 at position 0 ${end}`);
    expect(await said('["1"]')).toBe(`bad:2: got "1" at position 0 ${end}`);
    expect(await said('[1, 2')).toMatch(/^bad:2: is not JSON \(/);
    const empty = folder.write('nothing', '');
    expect(await failure(readIds(empty))).toBe(`${empty}: is empty (expected one JSON array of token ids a line)`);
  });

  it('must belong to the model', async () => {
    const sequences = await readIds(folder.write('check.jsonl', '[1, 2]\n[3, 1024, 5]\n'));
    checkIds(sequences, 1025, 'step8');
    expect(() => checkIds(sequences, 1024, 'step8')).toThrow(
      "step8: token id 1024 in row 1 of check.jsonl is outside the model's vocabulary, got a vocabulary of 1024 (expected ids 0..1023): the tokenizer does not belong to this model",
    );
  });
});
