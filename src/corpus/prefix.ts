/**
 * The first tokens of a text, without encoding all of a book for 512 of them: texts far longer than needed are cut
 * first. A tokenizer decides by what stands near (a word, a run of spaces, an added token), so a cut changes the
 * tokens next to it; the cut is made so far behind that as many tokens again as are needed, and a thousand more,
 * lie between. Where a text has too few tokens for that, more of it is encoded, in the end all of it.
 */
import type { Tokenizer } from './tokenizer.js';

/** Characters that are always encoded together: about a tenth of a second. */
const shortest = 1 << 16;

/** At least `count` ids from the start of `text`, or all that it has. */
export function encodeStart(tokenizer: Tokenizer, text: string, count: number): Int32Array {
  for (let length = Math.max(shortest, 64 * count); length < text.length; length *= 4) {
    // Never between the halves of a surrogate pair.
    const half = (text.charCodeAt(length - 1) & 0xfc00) === 0xd800 ? 1 : 0;
    const ids = tokenizer.encode(text.slice(0, length - half));
    if (ids.length >= 2 * count + 1000) return ids.subarray(0, ids.length - 500);
  }
  return tokenizer.encode(text);
}
