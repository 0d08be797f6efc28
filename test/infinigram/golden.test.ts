/** The real engine's answers on a real index (../shared/golden/infinigram); skipped, and counted, where it is absent. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildIndex } from '../../src/infinigram/index.js';
import { openIndex, type LocalIndex } from '../../src/infinigram/local.js';
import { temporaryFolder } from '../corpus/folder.js';

const shared = fileURLToPath(new URL('../../../shared/', import.meta.url));
const folder = `${shared}golden/infinigram/`;
const isThere = existsSync(`${folder}infinigram.json`);

const temporary = temporaryFolder();

interface Golden {
  tokens: number;
  documents: number;
  queries: { ids: number[]; count: number; prob: object; infgram_prob: object }[];
  infgram_ntd: {
    ids: number[];
    suffix_len: number;
    prompt_cnt: number;
    brute_force: { support: number; top: [number, number][] };
  }[];
}

describe.skipIf(!isThere)('the engine’s answers', () => {
  let golden: Golden;
  let index: LocalIndex;
  beforeAll(async () => {
    golden = JSON.parse(readFileSync(`${folder}infinigram.json`, 'utf8')) as Golden;
    // 64 KiB of pages for 1.3 MB of files: pages must go and come again.
    index = await openIndex(`${folder}index`, { cacheBytes: 65536 });
  });
  afterAll(() => index.close());

  it('what the index is', () => {
    const { tokens, documents } = golden;
    expect(index.info).toMatchObject({ tokens, documents, shards: 1, dtype: 'u16', tokenizerSha256: null });
  });

  it('200 counts and probabilities', async () => {
    expect(golden.queries).toHaveLength(200);
    for (const { ids, count, prob, infgram_prob } of golden.queries) {
      const [prompt, last] = [ids.slice(0, -1), ids.at(-1)!];
      expect(await index.count(ids)).toEqual({ count, approx: false });
      expect(await index.prob(prompt, last)).toEqual(prob);
      expect(await index.infgramProb(prompt, last)).toEqual(infgram_prob);
    }
  });

  it('20 distributions, by brute force', async () => {
    expect(golden.infgram_ntd).toHaveLength(20);
    for (const { ids, suffix_len, prompt_cnt, brute_force } of golden.infgram_ntd) {
      const answer = await index.infgramNtd(ids);
      expect(answer).toMatchObject({ suffix_len, prompt_cnt, approx: false });
      const found = Object.entries(answer.result_by_token_id).map(([id, { cont_cnt }]) => [Number(id), cont_cnt]);
      const atEnd = prompt_cnt - found.reduce((sum, [, count]) => sum + count!, 0);
      if (atEnd > 0) found.push([-1, atEnd]);
      expect(found).toHaveLength(brute_force.support);
      found.sort((a, b) => b[1]! - a[1]! || a[0]! - b[0]!);
      expect(found.slice(0, 20)).toEqual(brute_force.top);
      for (const { cont_cnt, prob } of Object.values(answer.result_by_token_id)) {
        expect(prob).toBe(cont_cnt / prompt_cnt);
      }
    }
  });

  it('the same files from the same text', async () => {
    // A line a document, blank lines left where they are: the rows of metadata count them.
    const lines = readFileSync(`${shared}data/text/wikitext-2.valid.txt`, 'utf8').split('\n');
    const rows = lines.map((line) => (line.trim() === '' ? '' : JSON.stringify({ text: line.trim() })));
    const corpus = temporary.write('wikitext.jsonl', rows.join('\n'));
    const out = join(temporary.path, 'index');
    const tokenizer = `${shared}data/tokenizers/gpt-neox-20b.json`;
    expect(await buildIndex({ corpus, tokenizer, out })).toMatchObject({ tokens: golden.tokens, shards: 1 });
    for (const name of ['tokenized.0', 'table.0', 'offset.0']) {
      expect(readFileSync(join(out, name)).equals(readFileSync(`${folder}index/${name}`)), name).toBe(true);
    }
    const metadata = readFileSync(`${folder}index/metadata.0`, 'utf8').replaceAll(
      'wikitext-2.valid.txt',
      'wikitext.jsonl',
    );
    expect(readFileSync(join(out, 'metadata.0'), 'utf8')).toBe(metadata);
  });
});
