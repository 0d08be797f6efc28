/**
 * The small language of task files: text with `{field}` in it. A path may go into objects and lists (`{choices.text}`,
 * `{endings.0}`), `{.}` is the thing itself, `{{` and `}}` are braces. What is done to a value comes after bars,
 * arguments as JSON strings: `{sentence | before "_" | trim}`. There is no code and no condition: what can't be said so
 * needs another data file.
 */
import { EigentraceError, nearest } from '../errors.js';
import { capitalize, trim, trimEnd, trimStart } from './python-text.js';

/** A row of a data set. */
export type Row = Readonly<Record<string, unknown>>;

/** What may be done to a text, and how many arguments it takes. */
const filters: Readonly<Record<string, { count: number; apply: (text: string, ...words: string[]) => string }>> = {
  trim: { count: 0, apply: trim },
  'trim-start': { count: 0, apply: trimStart },
  'trim-end': { count: 0, apply: trimEnd },
  lower: { count: 0, apply: (text) => text.toLowerCase() },
  upper: { count: 0, apply: (text) => text.toUpperCase() },
  capitalize: { count: 0, apply: capitalize },
  replace: { count: 2, apply: (text, from = '', to = '') => text.replaceAll(from, () => to) },
  pattern: { count: 2, apply: (text, from = '', to = '') => text.replace(new RegExp(from, 'gu'), to) },
  // What stands before or after the first, or the last, of some words; all, or nothing, where there are none.
  before: { count: 1, apply: (text, word = '') => cut(text, text.indexOf(word), word)[0] },
  after: { count: 1, apply: (text, word = '') => cut(text, text.indexOf(word), word)[1] },
  'before-last': { count: 1, apply: (text, word = '') => cutLast(text, word)[0] },
  'after-last': { count: 1, apply: (text, word = '') => cutLast(text, word)[1] },
};

function cut(text: string, at: number, word: string): [string, string] {
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + word.length)];
}

/** As Python's `split(word)[:-1]` and `[-1]`: a text without the word is all last. */
function cutLast(text: string, word: string): [string, string] {
  const at = text.lastIndexOf(word);
  return at < 0 ? ['', text] : cut(text, at, word);
}

interface Step {
  readonly name: string;
  readonly words: readonly string[];
}

type Piece = string | { readonly path: readonly string[]; readonly steps: readonly Step[] };

/** A template, read and checked once. */
export class Template {
  readonly #pieces: readonly Piece[];
  readonly #then: readonly Step[];

  private constructor(pieces: readonly Piece[], then: readonly Step[]) {
    this.#pieces = pieces;
    this.#then = then;
  }

  /** `then`: done to the whole text, each `[name, …arguments]`. `place` names the template in errors. */
  static read(text: string, place: string, then: readonly (readonly string[])[] = []): Template {
    const steps = then.map(([name = '', ...words]) => step(name, words, place));
    return new Template(pieces(text, place), steps);
  }

  /** The text for a row; `place` names the row in errors. */
  fill(row: unknown, place: string): string {
    const whole = this.#pieces.map((piece) => {
      if (typeof piece === 'string') return piece;
      return apply(textAt(row, piece.path, place), piece.steps);
    });
    return apply(whole.join(''), this.#then);
  }

  /** Whether the row has every field that is asked for. */
  fits(row: unknown): boolean {
    return this.#pieces.every((piece) => typeof piece === 'string' || valueAt(row, piece.path) !== undefined);
  }
}

function apply(text: string, steps: readonly Step[]): string {
  return steps.reduce((value, { name, words }) => filters[name]!.apply(value, ...words), text);
}

function pieces(text: string, place: string): Piece[] {
  const found: Piece[] = [];
  let plain = '';
  let at = 0;
  while (at < text.length) {
    const two = text.slice(at, at + 2);
    if (two === '{{' || two === '}}') {
      plain += text[at]!;
      at += 2;
    } else if (text[at] === '}') throw wrong(place, 'a } that closes nothing', '}} for a brace');
    else if (text[at] === '{') {
      const end = closing(text, at, place);
      found.push(plain, expression(text.slice(at + 1, end), place));
      plain = '';
      at = end + 1;
    } else plain += text[at++]!;
  }
  return [...found, plain].filter((piece) => piece !== '');
}

/** Where the expression that opens at `from` closes; braces in strings don't count. */
function closing(text: string, from: number, place: string): number {
  let quoted = false;
  for (let at = from + 1; at < text.length; at++) {
    if (quoted && text[at] === '\\') at++;
    else if (text[at] === '"') quoted = !quoted;
    else if (text[at] === '}' && !quoted) return at;
  }
  throw wrong(place, JSON.stringify(text.slice(from, from + 30)), 'a closing }, or {{ for a brace');
}

function expression(text: string, place: string): Piece {
  const [path = '', ...steps] = bars(text);
  return {
    path: pathOf(path.trim(), place),
    steps: steps.map((each) => {
      const [, name = '', rest = ''] = /^\s*(\S*)\s*(.*?)\s*$/s.exec(each) ?? [];
      const words = rest.match(/"(?:[^"\\]|\\.)*"/g) ?? [];
      if (!/^(?:"(?:[^"\\]|\\.)*"\s*)*$/.test(rest)) {
        throw wrong(place, `${name} ${rest}`, `${name} with arguments in double quotes`);
      }
      return step(
        name,
        words.map((word) => JSON.parse(word) as string),
        place,
      );
    }),
  };
}

/** Parts between bars that stand outside strings. */
function bars(text: string): string[] {
  return text.match(/(?:"(?:[^"\\]|\\.)*"|[^|"])+/g) ?? [''];
}

/** `a.b.0`; `.` is the thing itself. */
export function pathOf(text: string, place: string): string[] {
  if (text === '.') return [];
  const parts = text.split('.');
  if (parts.every((part) => part !== '')) return parts;
  throw wrong(place, text === '' ? '{}' : `{${text}}`, 'the name of a field, such as {question} or {choices.text}');
}

function step(name: string, words: readonly string[], place: string): Step {
  const known = filters[name];
  if (!known) {
    const near = nearest(name, Object.keys(filters)).join(', ');
    throw wrong(place, `| ${name}`, `one of the nearest: ${near}`);
  }
  if (words.length !== known.count) {
    throw wrong(place, `${words.length} after ${name}`, `${known.count} argument${known.count === 1 ? '' : 's'}`);
  }
  if (name === 'pattern') {
    try {
      new RegExp(words[0]!, 'gu');
    } catch (error) {
      throw wrong(place, words[0]!, 'a regular expression', error);
    }
  }
  return { name, words };
}

/** The value at a path; undefined where there is none, null included. */
export function valueAt(row: unknown, path: readonly string[]): unknown {
  let value = row;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value ?? undefined;
}

/** The same, which must be there. */
export function fieldAt(row: unknown, path: readonly string[], place: string): unknown {
  const value = valueAt(row, path);
  if (value !== undefined) return value;
  const name = path.join('.');
  const fields = typeof row === 'object' && row !== null ? Object.keys(row) : [];
  const near = nearest(name, fields, 4);
  const got = fields.length === 0 ? `a ${typeof row}` : `${near.join(', ')}${fields.length > near.length ? ', …' : ''}`;
  throw new EigentraceError(
    'input',
    `${place}: no field "${name}", got ${got} (expected the fields of the task's data set)`,
  );
}

function textAt(row: unknown, path: readonly string[], place: string): string {
  const value = fieldAt(row, path, place);
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  const got = Array.isArray(value) ? 'a list' : 'an object';
  throw new EigentraceError('input', `${place}: field "${path.join('.')}" is no text, got ${got} (expected a text)`);
}

function wrong(place: string, got: string, expected: string, cause?: unknown): EigentraceError {
  return new EigentraceError('input', `${place}: the template can't be read, got ${got} (expected ${expected})`, {
    ...(cause === undefined ? {} : { cause }),
  });
}
