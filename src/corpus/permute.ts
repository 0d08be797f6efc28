/**
 * Sequences with the tokens of each in a random order: same tokens, same lengths, no syntax. A row's order depends on the
 * seed and its corpus row alone. Special tokens that the tokenizer adds stay where they are: a model has never seen
 * a text without its BOS, and the null is about the text. (Of a sequence that was cut, the end is text.)
 */
import { Random } from '../statistics/random.js';
import { hashSequences, type Sequences } from './sequences.js';
import type { SpecialTokens } from './special-tokens.js';

export function permuteTokens(sequences: Sequences, seed: number, special: SpecialTokens): Sequences {
  const ids = sequences.ids.map((original, i) => {
    const { start, end } = textOf(original, special);
    const permuted = original.slice();
    new Random('shuffled-tokens', seed, sequences.rows[i]!).shuffle(permuted, start, end);
    return permuted;
  });
  return { ...sequences, ids, sha256: hashSequences(ids, sequences.rows) };
}

/** Where the text begins and ends between special tokens. */
function textOf(ids: Int32Array, { leading, trailing }: SpecialTokens): { start: number; end: number } {
  const start = leading.length <= ids.length && leading.every((id, k) => ids[k] === id) ? leading.length : 0;
  const at = ids.length - trailing.length;
  const ends = trailing.length > 0 && at >= start && trailing.every((id, k) => ids[at + k] === id);
  return { start, end: ends ? at : ids.length };
}
