/** A curve of a run as columns: its figures in full precision, and the left-outs that errors are made from. */
import { EigentraceError, nearest } from '../errors.js';
import { figureColumns, type Curve } from '../record/index.js';
import type { Geometry } from '../story/index.js';

/** Figures of the tidy table, in its order; errors are no figures. */
export const tableFigures: readonly string[] = figureColumns.filter((name) => !/_se$/.test(name));

const numbers = /_(se|deviation_max)$|^[nd]$/;

export function geometryOf({ points, unpaired }: Curve): Geometry {
  const names = new Set(points.flatMap(({ figures }) => Object.keys(figures)));
  const column = (name: string): (number | null)[] => points.map(({ figures }) => figures[name] ?? null);
  const figures = [...names].filter((name) => !numbers.test(name)).map((name) => [name, column(name)] as const);
  // The likelihood is of the model, whichever layer is looked at; the final one's figures have it already.
  const nll = names.has('nll') ? [] : points.map(({ measurement }) => measurement.nll?.value ?? null);
  return {
    checkpoints: points.map(({ stage, revision, step, tokens }) => ({ stage, revision, step, tokens })),
    figures: Object.fromEntries([...figures, ...(nll.some((value) => value !== null) ? [['nll', nll] as const] : [])]),
    replicates: {
      rankme: points.map(({ replicates }) => replicates?.rankme ?? null),
      alpha: points.map(({ replicates }) => replicates?.alpha ?? null),
    },
    unpaired,
  };
}

/** Names of figures as asked for; `all` are those of the tidy table that were measured. Unknown ones are a `usage` error. */
export function figuresAsked(asked: readonly string[], { figures }: Geometry): string[] {
  const measured = Object.keys(figures);
  const found = asked.flatMap((name) => {
    if (name === 'all') {
      return tableFigures.filter((figure) => figures[figure]?.some((value) => value !== null) ?? false);
    }
    if (measured.includes(name)) return [name];
    const near = nearest(name, measured).join(', ') || 'nothing: the run holds no figure';
    throw new EigentraceError('usage', `--figures: no such figure, got '${name}' (expected ${near}, or all)`);
  });
  return [...new Set(found)];
}
