/** Names of curves at their right ends, in place of a legend: moved apart until none covers another. */
import * as Plot from '@observablehq/plot';
import type { Plate } from './plate.js';
import { fitText } from './text-width.js';
import type { Paint } from './theme.js';

export interface EndLabel {
  readonly text: string;
  readonly colour: string;
  /** Where the curve ends, in pixels of the plotting area. */
  readonly x: number;
  readonly y: number;
}

/** Lines of a label: what sets a variant apart (after ` · `) goes to a second line where one is too narrow. */
export function labelLines(text: string, width: number, paint: Paint): string[] {
  if (paint.measure(text) <= width) return [text];
  return text.split(' · ').map((part) => fitText(part, width, paint));
}

/** Room that labels take at the right: at most a third of the drawing. */
export function labelMargin(texts: readonly string[], width: number, paint: Paint): number {
  if (texts.length === 0) return 0;
  const most = width * 0.3;
  const lines = texts.flatMap((text) => labelLines(text, most, paint));
  return Math.ceil(Math.max(...lines.map((line) => paint.measure(line)))) + paint.size * 0.9;
}

export function endLabels(plate: Plate, labels: readonly EndLabel[]): Plot.Markish[] {
  if (labels.length === 0) return [];
  const { paint, area, margins } = plate;
  const right = area[2] - area[0];
  const height = area[3] - area[1];
  const lineHeight = paint.small * 1.15;
  const room = margins.right - paint.size * 0.9;
  const placed = labels
    .map((label) => ({ ...label, lines: labelLines(label.text, room, paint), at: label.y }))
    .sort((a, b) => a.y - b.y);
  const tall = placed.map(({ lines }) => lines.length * lineHeight);
  spread(placed, tall, height);
  const x = right + paint.size * 0.75;
  return [
    Plot.link(
      placed.filter((label) => Math.abs(label.at - label.y) > 2 || right - label.x > paint.size * 2),
      {
        ...{ x1: (l: EndLabel) => l.x + paint.dot, y1: 'y', x2: x - paint.size * 0.2, y2: 'at' },
        ...{ stroke: 'colour', strokeWidth: paint.hairline, strokeOpacity: 0.5 },
      },
    ),
    ...placed.map((label) =>
      Plot.text([label], {
        ...{ x, y: 'at', text: () => label.lines.join('\n'), textAnchor: 'start', lineHeight: 1.15 },
        ...{ fontSize: paint.small, fill: label.colour },
      }),
    ),
  ];
}

/** Moves labels, in order of their places, down and then up again until each has its own room. */
function spread(labels: { at: number }[], tall: readonly number[], height: number): void {
  const need = (i: number) => (tall[i - 1]! + tall[i]!) / 2;
  for (let i = 0; i < labels.length; i++) {
    const least = i === 0 ? tall[0]! / 2 - tall[0]! * 0.5 : labels[i - 1]!.at + need(i);
    labels[i]!.at = Math.max(labels[i]!.at, least);
  }
  for (let i = labels.length - 1; i >= 0; i--) {
    const most = i === labels.length - 1 ? height : labels[i + 1]!.at - need(i + 1);
    labels[i]!.at = Math.min(labels[i]!.at, most);
  }
}
