/** An ∞-gram index that scans its tokens for every query. */
import type { InfinigramIndex, TokenIds } from '../../src/infinigram/infinigram.js';

export function bruteForce(tokens: ArrayLike<number>, name = 'brute force'): InfinigramIndex & { asked: number } {
  const count = (ids: TokenIds): number => {
    if (ids.length === 0) return tokens.length;
    let found = 0;
    for (let at = 0; at + ids.length <= tokens.length; at++) {
      let i = 0;
      while (i < ids.length && tokens[at + i] === ids[i]) i++;
      if (i === ids.length) found++;
    }
    return found;
  };
  const unused = () => Promise.reject(new Error('not asked here'));
  const index = {
    asked: 0,
    info: {
      ...{ name, tokens: tokens.length, documents: null, shards: 1, dtype: 'u16' as const, tokenizerSha256: null },
      identity: name,
    },
    count: (ids: TokenIds) => Promise.resolve({ count: count(ids), approx: false }),
    prob: unused,
    infgramProb: (prompt: TokenIds, id: number) => {
      index.asked++;
      // A suffix occurs only where every shorter one does.
      let length = 0;
      while (length < prompt.length && count(prompt.slice(prompt.length - length - 1)) > 0) length++;
      const suffix = prompt.slice(prompt.length - length);
      const [prompt_cnt, cont_cnt] = [count(suffix), count([...suffix, id])];
      return Promise.resolve({ prompt_cnt, cont_cnt, prob: cont_cnt / prompt_cnt, suffix_len: length });
    },
    ntd: unused,
    infgramNtd: unused,
    close: () => Promise.resolve(),
  };
  return index;
}
