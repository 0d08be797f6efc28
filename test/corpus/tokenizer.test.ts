import { existsSync, readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { documents, openTokenizer, tokenizerLibrary, type Tokenizer } from '../../src/corpus/index.js';
import { encodeStart } from '../../src/corpus/prefix.js';
import { collect, failure, root, sampleTokenizer, shared, temporaryFolder } from './folder.js';

const folder = temporaryFolder();
const samplePath = join(root, 'sample/series/tokenizer.json');
const neox = join(shared, 'data/tokenizers/gpt-neox-20b.json');
interface Json {
  model: { vocab: Record<string, number>; merges: ([string, string] | string)[] } & Record<string, unknown>;
  added_tokens: { id: number; content: string }[];
  [key: string]: unknown;
}
const sample = () => JSON.parse(readFileSync(samplePath, 'utf8')) as Json;

describe('a tokenizer', () => {
  it('gives the ids of Python for the sample', async () => {
    const golden = JSON.parse(readFileSync(join(root, 'test/golden/tokenizer/sample-ids.json'), 'utf8')) as {
      first_token_ids: number[][];
    };
    const tokenizer = await sampleTokenizer();
    const texts = (await collect(documents('sample:'))).slice(0, 5).map(({ text }) => text);
    expect(texts.map((text) => [...tokenizer.encode(text)])).toEqual(golden.first_token_ids);
    expect(tokenizer.vocabularySize).toBe(1024);
    expect(tokenizer.sha256).toBe(createHash('sha256').update(readFileSync(samplePath)).digest('hex'));
    const config = await openTokenizer(samplePath, join(root, 'sample/series/tokenizer_config.json'));
    expect(config.sha256).not.toBe(tokenizer.sha256);
    expect([...config.encode(texts[0]!)]).toEqual(golden.first_token_ids[0]);
  });

  it('gives back every text, spells its tokens, and knows those that begin and end one', async () => {
    const tokenizer = await openTokenizer(samplePath, join(root, 'sample/series/tokenizer_config.json'));
    const texts = (await collect(documents('sample:'))).slice(0, 50).map(({ text }) => text);
    for (const text of [...texts, ' a  b , c .\n', 'naïve – 山 🙂 ']) {
      expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
    }
    expect([tokenizer.bos, tokenizer.eos]).toEqual([0, 0]);
    expect(tokenizer.spell(0)).toBe('<|endoftext|>');
    expect(tokenizer.decode([0, ...tokenizer.encodePlain('and'), 0])).toBe('and');
    expect([...tokenizer.encodePlain('<|endoftext|>')]).toEqual([0]);
    const without = await openTokenizer(samplePath);
    expect([without.bos, without.eos]).toEqual([null, null]);
    expect(without.decode([])).toBe('');
  });

  it.skipIf(!existsSync(neox))('gives the ids of the Rust tokenizers for 2,461 documents of WikiText', async () => {
    const tokenizer = await openTokenizer(neox);
    expect(tokenizer.vocabularySize).toBe(50_277);
    const text = readFileSync(join(shared, 'data/text/wikitext-2.valid.txt'), 'utf8');
    const bytes = readFileSync(join(shared, 'golden/infinigram/index/tokenized.0'));
    const golden = new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    const ids: number[] = [];
    for (const line of text.split('\n').map((line) => line.trim())) {
      if (line !== '') ids.push(65_535, ...tokenizer.encode(line));
    }
    expect(ids).toHaveLength(257_121);
    expect(ids.findIndex((id, i) => id !== golden[i])).toBe(-1);
  });

  it('merges as the plain algorithm does, on any text', async () => {
    const tokenizer = await sampleTokenizer();
    const { model } = sample();
    const ranks = new Map(model.merges.map((merge, i) => [typeof merge === 'string' ? merge : merge.join(' '), i]));
    // The word as bytes in GPT-2's alphabet, the pair of lowest rank joined until none is left.
    const naive = (word: string) => {
      let parts = Array.from(word);
      for (;;) {
        let best = Infinity;
        for (let i = 0; i + 1 < parts.length; i++)
          best = Math.min(best, ranks.get(`${parts[i]!} ${parts[i + 1]!}`) ?? Infinity);
        if (best === Infinity) return parts.map((part) => model.vocab[part]);
        const joined: string[] = [];
        for (let i = 0; i < parts.length; i++) {
          if (ranks.get(`${parts[i]!} ${parts[i + 1] ?? ''}`) === best) joined.push(parts[i]! + parts[++i]!);
          else joined.push(parts[i]!);
        }
        parts = joined;
      }
    };
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{1,40}$/), (word) => {
        expect([...tokenizer.encode(word)]).toEqual(naive(word));
        expect([...tokenizer.encode(` ${word}`)]).toEqual(naive(`Ġ${word}`));
      }),
      { numRuns: 300 },
    );
  });

  it('adds the special tokens of its own template', async () => {
    const json = sample();
    json.post_processor = {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<|endoftext|>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [],
      special_tokens: { '<|endoftext|>': { id: '<|endoftext|>', ids: [0], tokens: ['<|endoftext|>'] } },
    };
    const tokenizer = await openTokenizer(folder.write('template.json', JSON.stringify(json)));
    const plain = await sampleTokenizer();
    expect([...tokenizer.encode('a b')]).toEqual([0, ...plain.encode('a b')]);
    expect([...tokenizer.encode('')]).toEqual([0]);
    expect(plain.encode('')).toHaveLength(0);
  });

  it('says what is wrong with its files', async () => {
    const said = async (json: unknown) => {
      const path = folder.write('broken.json', typeof json === 'string' ? json : JSON.stringify(json));
      return (await failure(openTokenizer(path))).replace(path, 'broken.json');
    };
    const end = '(expected a tokenizer.json of Hugging Face tokenizers)';
    const start = 'tokenizer broken.json: cannot be used, got';
    expect(await failure(openTokenizer(join(folder.path, 'none.json')))).toContain('none.json: no such file or folder');
    expect(await said('{"model"')).toMatch(
      /^tokenizer broken\.json: cannot be used, got .*JSON.* \(expected a tokenizer/,
    );
    expect(await said([])).toBe(`${start} the file: Invalid input: expected object, received array ${end}`);
    expect(await said({ version: '1.0' })).toBe(
      `${start} model: Invalid input: expected object, received undefined ${end}`,
    );
    expect(await said({ model: { vocab: {} } })).toContain(`${start} Tokenizer must contain a "decoder" property`);
    const huge = sample();
    huge.model.vocab.x = 4_000_000_000;
    expect(await said(huge)).toContain(`${start} model.vocab`);
    const token = sample();
    token.added_tokens[0]!.id = -1;
    expect(await said(token)).toContain(`${start} added_tokens.0.id: Too small`);
    const strange = sample();
    strange.model.type = 'Magic';
    expect(await said(strange)).toBe(
      `${start} a model of type "Magic" ${end.replace('a tokenizer.json', 'BPE, Unigram, WordPiece or WordLevel in a tokenizer.json')}`,
    );
    const words = { type: 'WordLevel', vocab: { a: 0 } };
    const path = folder.write('few.json', JSON.stringify({ ...sample(), model: words, pre_tokenizer: null }));
    const tokenizer = await openTokenizer(path);
    expect([...tokenizer.encode('a')]).toEqual([0]);
    expect(() => tokenizer.encode('b')).toThrow(
      `tokenizer ${path}: token "b" has no id, and there is no unknown token`,
    );
  });

  it('knows plain word lists too', async () => {
    const json = {
      normalizer: null,
      pre_tokenizer: { type: 'WhitespaceSplit' },
      post_processor: null,
      decoder: null,
      model: { type: 'WordLevel', vocab: { '<unk>': 0, one: 1, two: 5 }, unk_token: '<unk>' },
    };
    const tokenizer = await openTokenizer(folder.write('words.json', JSON.stringify(json)));
    expect([...tokenizer.encode('two  one\nthree')]).toEqual([5, 1, 0]);
    expect(tokenizer.vocabularySize).toBe(6);
  });

  it('belongs to the version that cache keys name', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    expect(tokenizerLibrary).toBe(`@huggingface/tokenizers ${dependencies['@huggingface/tokenizers']!}`);
  });
});

describe('the start of a long text', () => {
  /** As Llama 2's: no words are split off, the whole text is merged as one, a space is the letter ▁. */
  const oneWord = () => {
    const json = sample();
    const letter = (token: string) => token.replaceAll('Ġ', '▁');
    json.model.vocab = Object.fromEntries(Object.entries(json.model.vocab).map(([token, id]) => [letter(token), id]));
    json.model.merges = json.model.merges.map((merge) =>
      typeof merge === 'string' ? letter(merge) : [letter(merge[0]), letter(merge[1])],
    );
    json.model.unk_token = '<|endoftext|>';
    json.pre_tokenizer = null;
    json.normalizer = {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
      ],
    };
    return openTokenizer(folder.write('one-word.json', JSON.stringify(json)));
  };
  const book = async () =>
    (await collect(documents('sample:')))
      .map(({ text }) => text)
      .join('\n')
      .slice(0, 100_000);

  const same = async (open: () => Promise<Tokenizer>, text: string) => {
    const tokenizer = await open();
    const whole = tokenizer.encode(text);
    for (const count of [1, 513]) {
      expect([...encodeStart(tokenizer, text, count).subarray(0, count)]).toEqual([...whole.subarray(0, count)]);
    }
  };

  it('has the ids of the whole text', async () => {
    const text = await book();
    expect(text).toHaveLength(100_000);
    await same(sampleTokenizer, text);
    await same(oneWord, text);
    // The cut falls into a run of spaces, an added token, and between the halves of a surrogate pair.
    const filler = text.slice(0, (1 << 16) - 1);
    for (const middle of [' '.repeat(50_000), '<|endoftext|>'.repeat(1000), '😀'.repeat(1000)]) {
      await same(sampleTokenizer, filler + middle + text);
    }
  });

  it.skipIf(!existsSync(neox))('has the ids of the whole text (Pythia)', async () => {
    const text = readFileSync(join(shared, 'data/text/wikitext-2.test.txt'), 'utf8').slice(0, 150_000);
    await same(() => openTokenizer(neox), text);
    await same(() => openTokenizer(neox), text.slice(0, (1 << 16) - 10) + ' '.repeat(60) + text);
  });

  it('costs no more than it must, and all that it must', () => {
    const lengths: number[] = [];
    const words: Tokenizer = {
      name: 'words',
      vocabularySize: 9,
      sha256: '',
      encode: (text) => {
        lengths.push(text.length);
        return new Int32Array(text.split(/\s+/).length);
      },
    };
    expect(encodeStart(words, 'word '.repeat(1_000_000), 513).length).toBeGreaterThan(513);
    expect(lengths).toEqual([1 << 16]);
    lengths.length = 0;
    // Two tokens only, however much is read: all of it must be.
    expect(encodeStart(words, `${'x'.repeat(2_000_000)} y`, 513)).toHaveLength(2);
    expect(lengths).toEqual([1 << 16, 1 << 18, 1 << 20, 2_000_002]);
    lengths.length = 0;
    expect(encodeStart(words, 'a short one', 513)).toHaveLength(3);
    expect(lengths).toEqual([11]);
  });
});
