/**
 * Figures of one layer over checkpoints, by column. Numbers are rounded for the page: 9 significant digits where errors
 * of differences are taken from them (RankMe, α and their replicates), 6 elsewhere; the run keeps all of them.
 */
import type { Measurement } from '../record/index.js';
import type { LayerCurves } from '../story/index.js';

/** `0`, `1`, …, then others by name, `final` last. */
export function layersOf(all: readonly Measurement[]): string[] {
  const names = new Set(all.flatMap(({ layers }) => Object.keys(layers)));
  const rank = (name: string) => (name === 'final' ? Infinity : /^\d+$/.test(name) ? Number(name) : 1e9);
  return [...names].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
}

/** Columns that the story has elsewhere, or that only the making of flags needs. */
const left = new Set(['n', 'd', 'rankme_deviation_max', 'alpha_deviation_max']);
const exact = /^(rankme|alpha)(_|$)/;

export function columnsOf(all: readonly Measurement[], layer: string): LayerCurves {
  const names = new Set(all.flatMap(({ layers }) => Object.keys(layers[layer] ?? {})));
  const columns = [...names].filter((name) => !left.has(name));
  const figures = Object.fromEntries(
    columns.map((name) => {
      const digits = exact.test(name) ? 9 : 6;
      return [name, all.map(({ layers }) => rounded(layers[layer]?.[name] ?? null, digits))];
    }),
  );
  const reasons = columns.flatMap((name) => {
    const found = reasonsOf(all, layer, name);
    return found === null ? [] : [[name, found] as const];
  });
  return { figures, reasons: Object.fromEntries(reasons), replicates: replicatesOf(all, layer) };
}

function rounded(value: number | null, digits: number): number | null {
  return value === null ? null : Number(value.toPrecision(digits));
}

/** Why values are null, by the checkpoint's index; `*` where one reason holds for all of them. */
function reasonsOf(all: readonly Measurement[], layer: string, name: string): Record<string, string> | null {
  const absent = all.flatMap((measurement, at) =>
    (measurement.layers[layer]?.[name] ?? null) === null ? [[at, reasonOf(measurement, layer, name)] as const] : [],
  );
  if (absent.length === 0) return null;
  const [first] = absent;
  if (absent.length === all.length && absent.every(([, reason]) => reason === first![1])) return { '*': first![1] };
  return Object.fromEntries(absent);
}

function reasonOf(measurement: Measurement, layer: string, name: string): string {
  if (measurement.layers[layer] === undefined) return 'this layer was not measured here';
  const reasons = measurement.reasons[layer] ?? {};
  const base = name.replace(/_se$/, '');
  const reason = reasons[name] ?? reasons[base];
  if (reason !== undefined) return reason;
  return name !== base && measurement.replicates[layer] === undefined ? 'measured without errors' : 'not measured';
}

function replicatesOf(all: readonly Measurement[], layer: string): LayerCurves['replicates'] {
  const column = <T extends number | null>(of: (measurement: Measurement) => readonly T[] | undefined) =>
    all.map((measurement) => of(measurement)?.map((value) => rounded(value, 9) as T) ?? null);
  return {
    rankme: column((measurement) => measurement.replicates[layer]?.rankme),
    alpha: column((measurement) => measurement.replicates[layer]?.alpha),
  };
}
