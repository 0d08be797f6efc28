/** Checkpoints that could not be measured: crosses at the x axis, where their step says they belong. */
import * as Plot from '@observablehq/plot';
import type { Failure, SeriesStory } from '../story/index.js';
import { standIn } from './curves.js';
import type { Plate } from './plate.js';
import type { XAxis } from './x-axis.js';

export function failureMarks(
  plate: Plate,
  axis: XAxis,
  series: readonly SeriesStory[],
  failures: readonly Failure[],
): { marks: Plot.Markish[]; words: string[] } {
  const { paint, area } = plate;
  const shown = failures.filter((f) => series.some((s) => s.name === f.series && s.variant === f.variant));
  if (shown.length === 0) return { marks: [], words: [] };
  const places = shown.flatMap((failure) => {
    const owner = series.find((s) => s.name === failure.series && s.variant === failure.variant)!;
    const x = axis.place(owner, standIn(owner, { ...failure, step: failure.step ?? stepOfName(failure.revision) }));
    return x === null ? [] : [x];
  });
  const words = [`could not be measured: ${shown.map(({ revision }) => revision).join(', ')}`];
  return {
    marks: [
      Plot.dot(places, {
        ...{ x: (x: number) => x, y: area[3] - area[1], symbol: 'times', r: paint.dot * 1.3 },
        ...{ stroke: paint.warn, strokeWidth: paint.line },
      }),
    ],
    words,
  };
}

/** Where nothing says its step, what its name does. */
function stepOfName(revision: string): number | null {
  const digits = /(?:step|checkpoint|iter)[-_]?(\d{1,15})/i.exec(revision)?.[1];
  return digits === undefined ? null : Number(digits);
}
