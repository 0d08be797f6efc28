/**
 * Text as Python sees it, where JavaScript differs: what is white space, and what is a character. Prompts and scores must be
 * those of the lm-evaluation-harness to the letter.
 */

/** `str.isspace`: JavaScript's `\s` lacks U+001C–U+001F and U+0085, and has U+FEFF besides. */
const space = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const leading = new RegExp(`^${space}+`, 'u');
const trailing = new RegExp(`${space}+$`, 'u');
const gaps = new RegExp(`${space}+`, 'gu');

export function trimStart(text: string): string {
  return text.replace(leading, '');
}

export function trimEnd(text: string): string {
  // A regular expression tries every run of spaces in a long text: from behind it is one walk.
  let end = text.length;
  while (end > 0 && trailing.test(text[end - 1]!)) end--;
  return text.slice(0, end);
}

/** `str.strip`. */
export function trim(text: string): string {
  return trimEnd(trimStart(text));
}

/** `len(re.split(r'\s+', text))`: one more than there are gaps. */
export function wordCount(text: string): number {
  return (text.match(gaps)?.length ?? 0) + 1;
}

/** `len(text)`: code points. */
export function characterCount(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** `str.capitalize`: the first character upper, the rest lower. */
export function capitalize(text: string): string {
  const [first = ''] = text;
  return first.toUpperCase() + text.slice(first.length).toLowerCase();
}

/** `string.punctuation`. */
const punctuation = /[!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]/g;

export function withoutPunctuation(text: string): string {
  return text.replace(punctuation, '');
}
