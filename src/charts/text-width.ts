/**
 * Widths of text without a renderer: the same chart is laid out in a browser and on a server, so it can't ask one.
 * Advance widths of DejaVu Sans, the widest of the fonts that systems have; narrower ones leave a little room.
 */
import type { Paint } from './theme.js';

const wide: Readonly<Record<string, number>> = {
  ...{ m: 970, w: 820, M: 860, W: 990, '%': 950, '@': 1000, '…': 1000, '→': 840, α: 660, Σ: 630, '−': 840, '±': 840 },
};
const narrow = new Set("iljtfrI.,:;'|!()[]/ ·-");

/** Width of a line of text in ems. */
export function ems(text: string): number {
  let width = 0;
  for (const character of text) {
    const known = wide[character];
    if (known !== undefined) width += known;
    else if (narrow.has(character)) width += 350;
    else if (character >= 'A' && character <= 'Z') width += 690;
    else width += 620;
  }
  return width / 1000;
}

/** Text cut to a width at its start: names of tasks differ at their ends (`crows_pairs_english_age`). */
export function fitTail(text: string, width: number, paint: Pick<Paint, 'measure' | 'small'>): string {
  if (paint.measure(text) <= width) return text;
  const characters = Array.from(text);
  for (let kept = characters.length - 1; kept > 1; kept--) {
    const cut = `…${characters.slice(-kept).join('')}`;
    if (paint.measure(cut) <= width) return cut;
  }
  return '…';
}

/** Text cut to a width, an ellipsis in the middle: the end of a name tells revisions and sizes apart. */
export function fitText(text: string, width: number, paint: Pick<Paint, 'measure' | 'small'>): string {
  if (paint.measure(text) <= width) return text;
  const characters = Array.from(text);
  for (let kept = characters.length - 1; kept > 1; kept--) {
    const tail = Math.floor(kept / 2);
    const cut = `${characters.slice(0, kept - tail).join('')}…${characters.slice(characters.length - tail).join('')}`;
    if (paint.measure(cut) <= width) return cut;
  }
  return '…';
}
