/**
 * Where a text repeats itself, for the eye: figures are over tokens, which a page does not have, so places are found again
 * among its characters. A loop is the longest end of one period at least three times; else the longest span that occurs twice.
 */
export interface Stretch {
  readonly text: string;
  /** The first round of a loop, its further rounds, or a span that occurs twice. */
  readonly mark: 'round' | 'again' | 'repeat' | null;
}

const leastRounds = 3;
/** A shorter span that occurs twice is no more than a word. */
const leastRepeat = 10;

/** The text in pieces, in order. `loops`: whether its tokens go round at the end. */
export function stretchesOf(text: string, loops: boolean): Stretch[] {
  const characters = Array.from(text);
  const piece = (from: number, to: number, mark: Stretch['mark']): Stretch[] =>
    from < to ? [{ text: characters.slice(from, to).join(''), mark }] : [];
  const loop = loops ? loopIn(characters) : null;
  if (loop) {
    const { from, period } = loop;
    return [
      ...piece(0, from, null),
      ...piece(from, from + period, 'round'),
      ...piece(from + period, characters.length, 'again'),
    ];
  }
  const repeat = repeatIn(characters);
  if (!repeat) return piece(0, characters.length, null);
  const { first, second, length } = repeat;
  return [
    ...piece(0, first, null),
    ...piece(first, first + length, 'repeat'),
    ...piece(first + length, second, null),
    ...piece(second, second + length, 'repeat'),
    ...piece(second + length, characters.length, null),
  ];
}

/** Of all periods the one that begins first; of equal ones the shortest. */
function loopIn(characters: readonly string[]): { readonly from: number; readonly period: number } | null {
  let best: { from: number; period: number } | null = null;
  for (let period = 1; period * leastRounds <= characters.length; period++) {
    let from = characters.length - period;
    while (from > 0 && characters[from - 1] === characters[from - 1 + period]) from--;
    const rounds = (characters.length - from) / period;
    if (rounds >= leastRounds && from < (best?.from ?? Infinity)) best = { from, period };
  }
  return best;
}

interface Repeat {
  readonly first: number;
  readonly second: number;
  readonly length: number;
}

/** The longest run of characters that occurs twice without overlap, the first of equal ones. */
function repeatIn(characters: readonly string[]): Repeat | null {
  let best: Repeat | null = null;
  // ends[j]: length of the common run that ends before i and before j, where i < j.
  const ends = new Int32Array(characters.length + 1);
  for (let i = 1; i < characters.length; i++) {
    for (let j = characters.length; j > i; j--) {
      const common = characters[i - 1] === characters[j - 1] ? ends[j - 1]! + 1 : 0;
      ends[j] = common;
      const length = Math.min(common, j - i);
      if (length >= leastRepeat && length > (best?.length ?? 0))
        best = { first: i - length, second: j - length, length };
    }
    ends[i] = 0;
  }
  return best && ofWords(characters, best);
}

/** Without the parts of words at its ends, where enough is left. */
function ofWords(characters: readonly string[], { first, second, length }: Repeat): Repeat {
  const isLetter = (at: number): boolean => /\p{L}/u.test(characters[at] ?? '');
  const isInWord = (at: number): boolean => isLetter(at - 1) && isLetter(at);
  let from = 0;
  let to = length;
  while (from < to && (isInWord(first + from) || isInWord(second + from))) from++;
  while (to > from && (isInWord(first + to) || isInWord(second + to))) to--;
  return to - from < leastRepeat
    ? { first, second, length }
    : { first: first + from, second: second + from, length: to - from };
}
