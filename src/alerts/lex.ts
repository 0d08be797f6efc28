/** The words of a condition: numbers, texts in quotes, names, signs. */
import type { Refuse } from './expression.js';

export interface Token {
  readonly type: 'number' | 'text' | 'name' | 'sign' | 'end';
  /** As written; of a text without its quotes. */
  readonly text: string;
  /** Where it stands in the condition, from 0, and where it ends. */
  readonly at: number;
  readonly end: number;
}

const pattern = new RegExp(
  [
    '(?<space>\\s+)',
    '(?<number>(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:[eE][-+]?\\d+)?)(?![\\w.])',
    '(?<quoted>\'[^\']*\'|"[^"]*")',
    '(?<name>[A-Za-z_]\\w*)',
    '(?<sign><=|>=|==|!=|&&|\\|\\||[-+*/<>()=!])',
  ].join('|'),
  'y',
);
const words = ['and', 'or', 'not'];

export function lex(text: string, refuse: Refuse): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length;) {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (!found?.groups)
      throw refuse(at, wrongLength(text, at), `can not be read, got ${text.slice(at, at + wrongLength(text, at))}`);
    const { space, number, quoted, name, sign } = found.groups;
    const end = at + found[0].length;
    if (number !== undefined) tokens.push({ type: 'number', text: number, at, end });
    else if (quoted !== undefined) tokens.push({ type: 'text', text: quoted.slice(1, -1), at, end });
    else if (name !== undefined) tokens.push({ type: words.includes(name) ? 'sign' : 'name', text: name, at, end });
    else if (sign !== undefined) tokens.push({ type: 'sign', text: sign, at, end });
    else if (space === undefined) throw refuse(at, 1, 'can not be read');
    at = end;
  }
  return [...tokens, { type: 'end', text: '', at: text.length, end: text.length }];
}

/** A number run into letters is shown whole, a quote that is not closed to the end; else one character. */
function wrongLength(text: string, at: number): number {
  if (/['"]/.test(text[at]!)) return text.length - at;
  return /^[\w.]+/.exec(text.slice(at))?.[0].length ?? (text.codePointAt(at)! > 0xffff ? 2 : 1);
}
