/** The special tokens that a tokenizer puts around every text by its own default (BOS, EOS, …). */
import type { Tokenizer } from './tokenizer.js';

export interface SpecialTokens {
  readonly leading: readonly number[];
  readonly trailing: readonly number[];
}

/** Found by encoding nothing, and something: what both begin with leads, the rest trails. */
export function specialTokensOf(tokenizer: Tokenizer): SpecialTokens {
  const around = [...tokenizer.encode('')];
  const text = tokenizer.encode('a');
  let leading = 0;
  while (leading < around.length && around[leading] === text[leading]) leading++;
  return { leading: around.slice(0, leading), trailing: around.slice(leading) };
}
