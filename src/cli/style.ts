/**
 * Colour, only to point: on terminals, or where FORCE_COLOR asks for it, never where NO_COLOR forbids it.
 * As in Node itself FORCE_COLOR wins over NO_COLOR.
 */
import { styleText } from 'node:util';
import type { Context, Output } from './context.js';

export interface Style {
  dim(text: string): string;
  bold(text: string): string;
  good(text: string): string;
  warn(text: string): string;
  bad(text: string): string;
}

/** Whether `output` gets colour. */
export function coloured(output: Output, env: Context['env']): boolean {
  const force = env.FORCE_COLOR;
  if (force !== undefined) return force !== '0' && force !== 'false';
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  return output.isTTY === true && env.TERM !== 'dumb';
}

export const plain: Style = { dim: same, bold: same, good: same, warn: same, bad: same };

/** The style of an output. */
export function styleOf(output: Output, env: Context['env']): Style {
  if (!coloured(output, env)) return plain;
  const paint = (format: Parameters<typeof styleText>[0]) => (text: string) =>
    styleText(format, text, { validateStream: false });
  return { dim: paint('dim'), bold: paint('bold'), good: paint('green'), warn: paint('yellow'), bad: paint('red') };
}

/**
 * Text from outside (names of revisions, messages) made safe for a terminal: control characters, which could move the
 * cursor or hide what stands there, become `�`. Line ends stay.
 */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '�');
}

function same(text: string): string {
  return text;
}
