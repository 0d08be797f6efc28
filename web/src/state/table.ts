/** The table of a series at one layer: its rows, how they sort, and the file they make. */
import type { SeriesStory } from '../../../src/story/index.js';

export type Column = 'place' | 'revision' | 'stage' | 'step' | 'tokens' | 'rankme' | 'alpha' | 'r2' | 'nll' | 'flags';
export interface Sort {
  readonly column: Column;
  readonly descending: boolean;
}

/** Rows by index in the order asked for; absent values come last whichever way. */
export function order(series: SeriesStory, layer: string, { column, descending }: Sort): number[] {
  const values = series.checkpoints.map((_, i) => valueOf(series, layer, column, i));
  const rows = values.map((_, i) => i);
  const sign = descending ? -1 : 1;
  return rows.sort((a, b) => {
    const [x, y] = [values[a] ?? null, values[b] ?? null];
    if (x === null || y === null) return x === y ? a - b : x === null ? 1 : -1;
    if (typeof x === 'string' && typeof y === 'string') {
      // Numbers within names count: step64 before step512.
      return sign * x.localeCompare(y, 'en', { numeric: true }) || a - b;
    }
    return sign * (Number(x) - Number(y)) || a - b;
  });
}

function valueOf(series: SeriesStory, layer: string, column: Column, i: number): string | number | null {
  const checkpoint = series.checkpoints[i]!;
  if (column === 'place') return i;
  if (column === 'stage') return series.stages.findIndex(({ name }) => name === checkpoint.stage);
  if (column === 'flags') return checkpoint.flags.length;
  if (column === 'revision' || column === 'step' || column === 'tokens') return checkpoint[column];
  return series.curves[layer]?.figures[column]?.[i] ?? null;
}

/** Flags of the checkpoint as a whole and of the layer shown. */
export function flagsAt(series: SeriesStory, layer: string, i: number): SeriesStory['checkpoints'][number]['flags'] {
  return series.checkpoints[i]!.flags.filter((flag) => flag.layer === undefined || flag.layer === layer);
}

/** Every figure of the layer with full precision, one row a checkpoint; absent ones empty with their reason in `flags`. */
export function tidy(
  series: SeriesStory,
  layer: string,
  rows: readonly number[],
): { columns: string[]; rows: (string | number | null)[][] } {
  const curves = series.curves[layer];
  const figures = Object.keys(curves?.figures ?? {});
  const head = ['series', 'stage', 'revision', 'step', 'tokens', 'layer', 'position', 'n', 'd'];
  const table = rows.map((i) => {
    const { stage, revision, step, tokens } = series.checkpoints[i]!;
    const flags = flagsAt(series, layer, i).map(({ code, message }) => `${code}: ${message}`);
    const reasons = figures.flatMap((figure) => {
      const known = curves?.reasons[figure];
      const reason = known?.[String(i)] ?? known?.['*'];
      return reason === undefined ? [] : [`${figure}: ${reason}`];
    });
    return [
      ...[series.name, stage, revision, step, tokens, layer, series.position, series.n, series.d],
      ...figures.map((figure) => curves?.figures[figure]?.[i] ?? null),
      ...[series.definitions.ids.join(' '), [...flags, ...reasons].join('; '), series.checkpoints[i]!.weights],
    ];
  });
  return { columns: [...head, ...figures, 'definition', 'flags', 'weights_sha256'], rows: table };
}
