/**
 * One setting: an option of the command line, a variable `EIGENTRACE_<KEY>` of the environment and a key of
 * `eigentrace.config.json` at once. Values come as text from the first two and are checked by the same parser.
 */
export interface Setting<T> {
  /** `--min-tokens`, or the name of a positional argument, `SERIES`. */
  readonly flag: string;
  /** What stands for the value in the help, `N`; null for a switch. */
  readonly value: string | null;
  /** What it does, with its unit. */
  readonly meaning: string;
  /** The default as the help names it; null when the command needs a value. */
  readonly shown: string | null;
  /** The default. */
  readonly initial: () => T;
  /** The value of a text, or undefined when the text is refused. */
  readonly parse: (text: string) => T | undefined;
  /** For the message when refused: `is not a number of tokens` and `a whole number ≥ 0`. */
  readonly wrong: string;
  readonly expected: string;
  /** May be given several times (`RUN RUN`, `--log A --log B`): the value is the list of what `parse` gives for each. */
  readonly many?: boolean;
  /** White space around it counts (a text to tokenise): it is not trimmed. */
  readonly verbatim?: boolean;
  /** Only an option of the command line: not read from the environment or the config file. */
  readonly optionOnly?: boolean;
  /** Its value is not shown by `--print-config`. */
  readonly secret?: boolean;
}

export type Settings = Record<string, Setting<unknown>>;
export type Values<S extends Settings> = { [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

type Words = Pick<Setting<unknown>, 'flag' | 'meaning' | 'optionOnly' | 'verbatim'>;

/** A text that may not be empty; null until given. */
export function text(
  words: Words & {
    value: string | null;
    expected: string;
    shown?: string | null;
    optionOnly?: boolean;
    secret?: boolean;
  },
): Setting<string | null> {
  return {
    shown: null,
    ...words,
    initial: () => null,
    parse: (given) => (given === '' ? undefined : given),
    wrong: 'is empty',
  };
}

/** Texts, none of them empty: an argument or option that may be given several times. */
export function texts(
  words: Words & { value: string | null; expected: string; shown?: string | null; optionOnly?: boolean },
): Setting<readonly string[]> {
  return {
    shown: null,
    ...words,
    many: true,
    initial: () => [],
    parse: (given) => (given === '' ? undefined : [given]),
    wrong: 'is empty',
  };
}

/** A text with a default, of which `accepts` may refuse some. */
export function textOr(
  words: Words & { value: string; expected: string; wrong?: string; shown?: string },
  initial: string,
  accepts: (given: string) => boolean = () => true,
): Setting<string> {
  return {
    shown: initial,
    wrong: 'is empty',
    ...words,
    initial: () => initial,
    parse: (given) => (given !== '' && accepts(given) ? given : undefined),
  };
}

/** A whole number of at least `least`. */
export function whole(
  words: Words & { value?: string; noun: string; shown?: string },
  least: number,
  initial: () => number,
): Setting<number> {
  return {
    value: 'N',
    shown: String(initial()),
    ...words,
    initial,
    parse: (given) => wholeNumber(given, least),
    wrong: `is not ${words.noun}`,
    expected: `a whole number ≥ ${least}`,
  };
}

/** A whole number, or a word that stands for none or all of them (null). */
export function wholeOr(
  words: Words & { noun: string; word: string; shown?: string },
  least: number,
  initial: number | null,
): Setting<number | null> {
  return {
    value: `N|${words.word}`,
    shown: initial === null ? words.word : String(initial),
    ...words,
    initial: () => initial,
    parse: (given) => (given === words.word ? null : wholeNumber(given, least)),
    wrong: `is not ${words.noun}`,
    expected: `a whole number ≥ ${least}, or ${words.word}`,
  };
}

const byteUnits = { b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12, kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40 };

/** Bytes with their unit (`8GiB`, `500 MB`), or a word that leaves them to the program (null). */
export function bytesOr(words: Words & { word: string; shown: string }): Setting<number | null> {
  return {
    value: `SIZE|${words.word}`,
    ...words,
    initial: () => null,
    parse: (given) => {
      if (given === words.word) return null;
      const match = /^(\d{1,12}(?:\.\d{1,6})?) ?([kmgt]?i?b)$/i.exec(given);
      const unit = byteUnits[match?.[2]?.toLowerCase() as keyof typeof byteUnits];
      const bytes = Math.floor(Number(match?.[1]) * unit);
      return bytes >= 1 ? bytes : undefined;
    },
    wrong: 'is not a size',
    expected: `a number with its unit, such as 8GiB or 500MB, or ${words.word}`,
  };
}

/** One of a few words. */
export function choice<const T extends string>(words: Words, among: readonly T[], initial: T): Setting<T> {
  return {
    ...words,
    value: among.join('|'),
    shown: initial,
    initial: () => initial,
    parse: (given) => among.find((word) => word === given),
    wrong: 'is not a choice',
    expected: `one of ${among.join(', ')}`,
  };
}

/** A switch: on by `--name`, off again by `--no-name`. */
export function flag(words: Words & { optionOnly?: boolean }): Setting<boolean> {
  return {
    ...words,
    value: null,
    shown: 'off',
    initial: () => false,
    parse: (given) => {
      if (['1', 'true', 'yes', 'on'].includes(given.toLowerCase())) return true;
      return ['0', 'false', 'no', 'off'].includes(given.toLowerCase()) ? false : undefined;
    },
    wrong: 'is neither on nor off',
    expected: 'true or false',
  };
}

function wholeNumber(given: string, least: number): number | undefined {
  if (!/^\d{1,15}$/.test(given)) return undefined;
  const n = Number(given);
  return n >= least ? n : undefined;
}
