/** The real engine's answers on a real index (../shared/golden/infinigram); skipped, and counted, where it is absent. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openIndex, type LocalIndex } from '../../src/infinigram/local.js';

export const shared = fileURLToPath(new URL('../../../shared/', import.meta.url));
const folder = `${shared}golden/infinigram/`;
const isThere = existsSync(`${folder}infinigram.json`);

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
});
