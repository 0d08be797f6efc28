/** Checkpoints that could not be measured: crosses at the x axis, where their step says they belong. */
import * as Plot from '@observablehq/plot';
import type { CheckpointStory, Failure, SeriesStory } from '../story/index.js';
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
    const x = axis.place(owner, standIn(owner, failure));
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

/** A failed checkpoint has no measurement: its step is what its name ends with, its tokens those of that step. */
function standIn(series: SeriesStory, failure: Failure): CheckpointStory {
  const digits = /(?:step|checkpoint|iter)[-_]?(\d{1,15})/i.exec(failure.revision)?.[1];
  const known = failure as Failure & { readonly step?: number | null; readonly tokens?: number | null };
  const step = known.step ?? (digits === undefined ? null : Number(digits));
  const other = series.checkpoints.find((c) => c.stage === failure.stage && (c.step ?? 0) > 0 && (c.tokens ?? 0) > 0);
  const tokens = known.tokens ?? (step === null || other === undefined ? null : (other.tokens! / other.step!) * step);
  return {
    ...{ stage: failure.stage, revision: failure.revision, step, tokens, parent: null, seed: null },
    ...{ flags: [], weights: null, seconds: null, file: '' },
  };
}
