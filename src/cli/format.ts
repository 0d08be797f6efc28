/** Text for a terminal: bytes, operations, columns, broken lines; numbers as pages write them too are in story/format. */

import { scaled } from '../story/format.js';

export { count, duration, plusMinus, si } from '../story/format.js';

/** An absent figure. */
export const absent = '–';

/** Bytes in binary steps: 512 B, 1.10 MiB, 2.00 GiB. */
export function bytes(count: number): string {
  return scaled(count, 1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB', ' PiB'], 3);
}

/** Floating-point operations: 123 GFLOP. */
export function flop(count: number): string {
  return scaled(count, 1000, [' FLOP', ' kFLOP', ' MFLOP', ' GFLOP', ' TFLOP', ' PFLOP', ' EFLOP'], 3);
}

/**
 * Decimals of a column of figures: `least`, or as many as show a digit of its smallest error, two more at most.
 */
export function decimalsOf(errors: readonly (number | null | undefined)[], least: number): number {
  let decimals = least;
  for (const error of errors) {
    if (error === null || error === undefined || !(error > 0)) continue;
    decimals = Math.max(decimals, Math.min(least + 2, Math.ceil(-Math.log10(error))));
  }
  return decimals;
}

/** Characters of a text (code points: names of revisions hardly ever hold wider ones). */
export function lengthOf(text: string): number {
  return Array.from(text).length;
}

/** Text cut to `width` characters, an ellipsis at the end, in the middle (which keeps a name's number), or at the start. */
export function cut(text: string, width: number, where: 'end' | 'middle' | 'start' = 'end'): string {
  const characters = Array.from(text);
  if (characters.length <= width) return text;
  if (width < 2) return '…'.slice(0, Math.max(0, width));
  if (where === 'start') return `…${characters.slice(characters.length - width + 1).join('')}`;
  if (where === 'end') return `${characters.slice(0, width - 1).join('')}…`;
  const tail = Math.floor((width - 1) / 2);
  return `${characters.slice(0, width - 1 - tail).join('')}…${characters.slice(characters.length - tail).join('')}`;
}

/** Text broken at spaces into lines of at most `width` characters; longer words stay whole. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ').filter((w) => w !== '')) {
      if (line !== '' && lengthOf(line) + 1 + lengthOf(word) > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}
