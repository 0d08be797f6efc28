/** Numbers as text: tokens in SI steps (4.10k, 1.07B), bytes, operations, times, a figure with its error. */

/** An absent figure. */
export const absent = '–';

/** A count with `digits` significant digits and an SI name: 0, 512, 4.10k, 24.6M, 1.07B, 3.90T. */
export function si(count: number, digits = 3): string {
  return scaled(count, 1000, ['', 'k', 'M', 'B', 'T'], digits);
}

/** Bytes in binary steps: 512 B, 1.10 MiB, 2.00 GiB. */
export function bytes(count: number): string {
  return scaled(count, 1024, [' B', ' KiB', ' MiB', ' GiB', ' TiB', ' PiB'], 3);
}

/** Floating-point operations: 123 GFLOP. */
export function flop(count: number): string {
  return scaled(count, 1000, [' FLOP', ' kFLOP', ' MFLOP', ' GFLOP', ' TFLOP', ' PFLOP', ' EFLOP'], 3);
}

function scaled(count: number, base: number, names: readonly string[], digits: number): string {
  let value = count;
  let step = 0;
  // Rounded first: 999,999 is 1.00M, never 1000k.
  while (step < names.length - 1 && Math.max(value, Number(value.toPrecision(digits))) >= base) {
    value /= base;
    step++;
  }
  const name = names[step]!;
  if (step === 0) return `${Math.round(value)}${name}`;
  return `${value.toFixed(decimalsFor(value, digits))}${name}`;
}

/** Decimals that leave `digits` significant digits after rounding. */
function decimalsFor(value: number, digits: number): number {
  const rounded = Number(value.toPrecision(digits));
  return Math.max(0, digits - 1 - Math.floor(Math.log10(rounded)));
}

/** Seconds as `0:14`, `3:12`, `1:02:03`. */
export function duration(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  const s = String(total % 60).padStart(2, '0');
  const m = Math.floor(total / 60) % 60;
  const h = Math.floor(total / 3600);
  return h > 0 ? `${h}:${String(m).padStart(2, '0')}:${s}` : `${m}:${s}`;
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

/** A standard error beside its figure, the leading zero left out: `±1.2`, `±.02`, `<.0001` where it rounds to nothing. */
export function plusMinus(error: number | null | undefined, decimals: number): string {
  if (error === null || error === undefined) return '';
  const text = error.toFixed(decimals);
  if (error > 0 && Number(text) === 0) return `<${(10 ** -decimals).toFixed(decimals).slice(1)}`;
  return `±${decimals > 0 && text.startsWith('0.') ? text.slice(1) : text}`;
}

/** `1 checkpoint`, `2 checkpoints`. */
export function count(n: number, noun: string): string {
  return `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`;
}

/** Characters of a text (code points: names of revisions hardly ever hold wider ones). */
export function lengthOf(text: string): number {
  return Array.from(text).length;
}

/** Text cut to `width` characters, an ellipsis at the end (or in the middle, which keeps a name's number). */
export function cut(text: string, width: number, where: 'end' | 'middle' = 'end'): string {
  const characters = Array.from(text);
  if (characters.length <= width) return text;
  if (width < 2) return '…'.slice(0, Math.max(0, width));
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
