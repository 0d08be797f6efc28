/**
 * Figures of one layer recomputed from its stored arrays and held against the record: values, which are absent and have
 * a reason, replicates and flags. Two computations of a figure from the same float64 arrays agree to about 1e-14.
 */
import { figuresFrom, type FigureSet, type Ranks } from '../spectrum/index.js';
import type { Measurement } from './measurement.js';

/** Relative difference that is let pass: other versions of Node may round a logarithm otherwise. */
const tolerance = 1e-10;

/** Beside the figures of the spectrum. */
const others = ['n', 'd', 'nll', 'nll_se'];

/** Flags that `figuresFrom` sets. */
const spectrumFlags = new Set([
  ...['small-sample', 'biased', 'few-rows-dominate', 'not-finite', 'alpha-absent', 'no-variance', 'no-rows'],
]);

export interface FigureCheck {
  readonly problems: string[];
  /** Figures and errors that were recomputed, and left-out values. */
  readonly recomputed: number;
  /** Names that this version doesn't compute. */
  readonly unknown: string[];
}

/** Throws an EigentraceError where the arrays don't let the figures be computed. */
export function checkFigures(
  measurement: Measurement,
  layer: string,
  arrays: Readonly<Record<string, Float64Array>>,
): FigureCheck {
  const { keyParts, definitions } = measurement;
  const found = figuresFrom(arrays, {
    alphaRange: keyParts['alphaRange'] as Ranks,
    errors: keyParts['errors'] === 'none' ? 'none' : 'jackknife',
    variants: definitions.ids.filter((id) => id.startsWith('rankme[')),
  });
  const stored = measurement.layers[layer]!;
  const problems = [
    ...valueProblems(stored, found),
    ...reasonProblems(stored, measurement.reasons[layer] ?? {}),
    ...replicateProblems(measurement.replicates[layer] ?? null, found.replicates),
    ...flagProblems(measurement, layer, found),
  ];
  if (found.definitions.join(' ') !== definitions.ids.join(' ')) {
    problems.push(`definitions are ${definitions.ids.join(', ')} (expected ${found.definitions.join(', ')})`);
  }
  const unknown = Object.keys(stored).filter((name) => !others.includes(name) && !(name in found.figures));
  const replicates = found.replicates ? found.replicates.rankme.length * 2 : 0;
  return { problems, recomputed: Object.keys(found.figures).length + replicates, unknown };
}

function valueProblems(stored: Readonly<Record<string, number | null>>, found: FigureSet): string[] {
  return Object.entries(found.figures).flatMap(([name, expected]) => {
    const got = stored[name];
    if (got === undefined) return [`${name} is missing (expected ${expected})`];
    // An error is a difference of neighbours: its rounding is the figure's.
    const base = found.figures[name.replace(/_(se|deviation_max)$/, '')] ?? expected;
    if (got === null || expected === null)
      return got === expected ? [] : [`${name} is ${got} (recomputed: ${expected})`];
    const slack = tolerance * Math.abs(expected) + 1e-12 * Math.max(1, Math.abs(base ?? 0));
    return Math.abs(got - expected) <= slack ? [] : [`${name} is ${got} (recomputed: ${expected})`];
  });
}

/** An absent figure says why. */
function reasonProblems(stored: Readonly<Record<string, number | null>>, reasons: Readonly<Record<string, string>>) {
  return Object.entries(stored).flatMap(([name, value]) => {
    const hasReason = (reasons[name] ?? '') !== '';
    if (name.startsWith('nll')) return [];
    if (value === null) return hasReason ? [] : [`${name} is absent without a reason`];
    return hasReason ? [`${name} is ${value} and has a reason to be absent: ${reasons[name]}`] : [];
  });
}

function replicateProblems(stored: Measurement['replicates'][string] | null, found: FigureSet['replicates']): string[] {
  if (!stored || !found) {
    if (!stored && !found) return [];
    return [stored ? 'replicates are there though no group was left out' : 'replicates are missing'];
  }
  return (['rankme', 'alpha'] as const).flatMap((name) => {
    const got: readonly (number | null)[] = stored[name];
    const expected: readonly (number | null)[] = found[name];
    if (got.length !== expected.length) return [`${got.length} replicates of ${name} (expected ${expected.length})`];
    const wrong = got.findIndex((x, k) => {
      const y = expected[k] ?? null;
      if (x === null || y === null) return (x === null) !== (y === null);
      return Math.abs(x - y) > tolerance * Math.max(1, Math.abs(y));
    });
    if (wrong < 0) return [];
    return [`replicate ${wrong} of ${name} is ${got[wrong]} (recomputed: ${expected[wrong]})`];
  });
}

/** Flags that the figures ask for must be there, and none else of their kind. */
function flagProblems({ flags }: Measurement, layer: string, found: FigureSet): string[] {
  const stored = new Map(flags.filter((flag) => flag.layer === layer).map((flag) => [flag.code, flag]));
  const problems: string[] = [];
  for (const { code, message, count } of found.flags) {
    const flag = stored.get(code);
    if (!flag) problems.push(`flag ${code} is missing (expected: ${message})`);
    else if (flag.count !== count) problems.push(`flag ${code} counts ${flag.count} (expected ${count})`);
  }
  for (const code of stored.keys()) {
    if (spectrumFlags.has(code) && !found.flags.some((flag) => flag.code === code)) {
      problems.push(`flag ${code} is there, which the figures don't ask for`);
    }
  }
  return problems;
}
