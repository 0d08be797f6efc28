/**
 * Every figure of a layer, from the stored arrays alone (definitions §3–§6): what `measureRows` reports and what `verify`
 * recomputes. An absent figure is null with its reason, never NaN and never 0.
 */
import { EigentraceError, nearest } from '../errors.js';
import { fitAlpha, r2End, type Ranks, rSquared } from './alpha.js';
import { definitionIds } from './definitions.js';
import { biased, type Flag, fewRowsDominate, notFinite, smallSample } from './flags.js';
import { jackknife, type JackknifeError, jackknifeProblem } from './jackknife.js';
import { participationRatio, participationRatioUnbiased } from './participation.js';
import { countPositive, positive, sum } from './positive.js';
import { rankme, rankmePublished, rankmeSingular, spectralEntropy } from './rankme.js';
import { readSums, type Sums } from './sums.js';

export type Figures = Record<string, number | null>;

export interface FigureOptions {
  /** Ranks of the α fit, 1-based and inclusive. Default 12..100. */
  alphaRange: Ranks;
  errors: 'jackknife' | 'none';
  /** Variants beside the default figures: `rankme[l2]`, `rankme[uncentred]`, `rankme[-k]`. Default none. */
  variants?: readonly string[];
}

export interface FigureSet {
  figures: Figures;
  /** By figure: why it is null. */
  reasons: Record<string, string>;
  /** The leave-one-group-out values; null without errors. */
  replicates: { rankme: number[]; alpha: (number | null)[] } | null;
  flags: Flag[];
  /** Ids of the definitions, RankMe's and α's first. */
  definitions: string[];
}

/** A value, or why there is none. */
type Value = number | { why: string };
const absent = (why: string): Value => ({ why });
const isNumber = (value: Value): value is number => typeof value === 'number';

/**
 * `arrays`: `eigenvalues`, `eigenvalues_uncentred`, `sums` (sums.ts), with errors `eigenvalues_without_<k>`,
 * `eigenvalues_even`, `eigenvalues_odd`, and `eigenvalues_l2` for that variant; raw, descending, divided by their N.
 */
export function figuresFrom(arrays: Readonly<Record<string, Float64Array>>, options: FigureOptions): FigureSet {
  const { alphaRange, errors, variants = [] } = options;
  checkOptions(alphaRange, variants);
  const sums = readSums(arrayOf(arrays, 'sums'));
  const { n, d } = sums;
  const values: Record<string, Value> = {};
  const flags: (Flag | null)[] = [notFinite(sums.rows - n, sums.rows)];

  const spectrum = n > 0 ? positive(arrayOf(arrays, 'eigenvalues'), n, d, sums.squares / n) : new Float64Array();
  const whole = spectrumFigures(spectrum, n, d, alphaRange);
  Object.assign(values, whole.values);
  const { reason } = whole;
  if (n === 0) flags.push({ code: 'no-rows', message: `none of ${sums.rows} rows is finite` });
  else if (reason !== null) flags.push({ code: 'no-variance', message: reason });
  else flags.push(smallSample(n, d));
  if (reason === null && !isNumber(values['alpha']!))
    flags.push({ code: 'alpha-absent', message: values['alpha']!.why });

  Object.assign(values, rowFigures(sums, arrays['eigenvalues'] ?? new Float64Array(), reason));
  const uncentred = arrays['eigenvalues_uncentred'] ?? new Float64Array();
  values['rankme_singular'] = sum(uncentred) > 0 ? rankmeSingular(uncentred) : absent(reason ?? 'all rows are zero');
  for (const id of variants) {
    values[id] = reason === null ? variant(id, spectrum, arrays, sums) : absent(reason);
  }

  // errors: each group left out, and the two halves
  const problem = errors === 'none' ? 'errors were not asked for' : (reason ?? jackknifeProblem(sums.groupRows));
  const left = problem === null ? leftOut(arrays, sums, alphaRange) : null;
  const spread: Record<string, JackknifeError> = {};
  for (const name of ['rankme', 'alpha', 'participation_ratio']) {
    const known = left?.without.map((figures) => figures[name]!).filter(isNumber) ?? [];
    const found = left && known.length === left.without.length ? jackknife(known) : null;
    const why = problem ?? `${name} is absent without some of the groups`;
    if (found) spread[name] = found;
    values[`${name}_se`] = found?.se ?? absent(isNumber(values[name]!) ? why : values[name]!.why);
    if (name === 'participation_ratio') continue;
    values[`${name}_deviation_max`] = found?.deviation ?? absent(isNumber(values[name]!) ? why : values[name]!.why);
    values[`${name}_extrapolated`] = extrapolated(name, values[name]!, left, problem, d);
  }
  if (isNumber(values['rankme']!) && isNumber(values['rankme_extrapolated']!)) {
    flags.push(biased(values['rankme'], values['rankme_extrapolated']));
  }
  const named = Object.entries(spread).filter(([name]) => name !== 'participation_ratio');
  flags.push(fewRowsDominate(named.map(([name, { share, group }]) => ({ name, share, group }))));

  const reasons: Record<string, string> = {};
  const figures: Figures = {};
  for (const [name, value] of Object.entries(values)) {
    const number = isNumber(value) && Number.isFinite(value);
    figures[name] = number ? value : null;
    if (!number) reasons[name] = isNumber(value) ? `not a finite number, got ${value}` : value.why;
  }
  const replicated = left?.without.every((f) => isNumber(f['rankme']!)) ? left.without : null;
  const numberOrNull = (value: Value): number | null => (isNumber(value) ? value : null);
  return {
    figures,
    reasons,
    replicates: replicated && {
      rankme: replicated.map((f) => f['rankme'] as number),
      alpha: replicated.map((f) => numberOrNull(f['alpha']!)),
    },
    flags: flags.filter((flag) => flag !== null),
    definitions: definitionIds(alphaRange, variants),
  };
}

/** Figures of one centred spectrum: `spectrum` as positive.ts gives it. */
function spectrumFigures(spectrum: Float64Array, n: number, d: number, alphaRange: Ranks) {
  const total = sum(spectrum);
  const few = n === 0 ? 'no finite rows' : n === 1 ? 'N = 1 (expected at least two rows)' : null;
  const reason = few ?? (total > 0 ? null : 'no variance: the rows are equal');
  const of = (compute: () => Value): Value => (reason === null ? compute() : absent(reason));
  const count = countPositive(spectrum);
  const values: Record<string, Value> = {
    rankme: of(() => rankme(spectrum)),
    rankme_published: of(() => rankmePublished(spectrum)),
  };
  Object.assign(values, alphaFigures(spectrum, count, alphaRange, reason));
  values['participation_ratio'] = of(() => participationRatio(spectrum));
  values['stable_rank'] = of(() => total / spectrum[0]!);
  values['spectral_entropy'] = of(() => spectralEntropy(spectrum));
  values['rankme_over_d'] = of(() => rankme(spectrum) / d);
  for (const k of [1, 10, 50, 100]) {
    values[`top${k}`] = of(() => (k > d ? absent(`d = ${d} (expected at least ${k})`) : sum(spectrum, k) / total));
  }
  for (const band of [
    [1, 10],
    [10, 100],
    [100, 1000],
  ] as const) {
    const short = `${count} positive eigenvalues (expected at least ${band[1]})`;
    values[`alpha_${band[0]}_${band[1]}`] = of(() =>
      count < band[1] ? absent(short) : fitAlpha(spectrum, band).alpha,
    );
  }
  return { values, reason };
}

function alphaFigures(
  spectrum: Float64Array,
  count: number,
  ranks: Ranks,
  reason: string | null,
): Record<string, Value> {
  const why = reason ?? (count < ranks[1] ? `${count} positive eigenvalues (expected at least ${ranks[1]})` : null);
  if (why !== null) return { alpha: absent(why), r2: absent(why), r2_100: absent(why) };
  const fit = fitAlpha(spectrum, ranks);
  // R² starts one rank after the fit, as in the published code.
  const r2 = (end: number): Value => {
    if (end <= ranks[0] + 1) return absent(`no ranks between ${ranks[0] + 1} and ${end}`);
    if (count < end) return absent(`${count} positive eigenvalues (expected at least ${end})`);
    return rSquared(spectrum, fit, [ranks[0] + 1, end]) ?? absent('a flat spectrum has no R² (0/0)');
  };
  return { alpha: fit.alpha, r2: r2(r2End(Math.min(spectrum.length, 2048))), r2_100: r2(100) };
}

/** Figures of the rows themselves. */
function rowFigures(sums: Sums, raw: Float64Array, reason: string | null): Record<string, Value> {
  const { n, zeroRows } = sums;
  const none = absent('no finite rows');
  const unbiased = (): Value => {
    if (reason !== null) return absent(reason);
    if (n < 4) return absent(`N = ${n} (expected at least four rows)`);
    return (
      participationRatioUnbiased(raw, n, sums.deviation4) ?? absent('the estimate of tr Σ² is not positive at this N')
    );
  };
  const cosine = (): Value => {
    if (n < 2) return absent(`N = ${n} (expected at least two rows)`);
    if (zeroRows > 0) return absent(`${zeroRows} rows are zero and have no direction`);
    return (sums.unitSquare - n) / (n * (n - 1));
  };
  const share = (): Value => {
    if (reason !== null) return absent(reason);
    return sums.topDeviation2 === null ? absent('rows were streamed, not kept') : sums.topDeviation2 / sums.deviation2;
  };
  return {
    participation_ratio_unbiased: unbiased(),
    mean_norm: n > 0 ? sums.meanNorm : none,
    mean_row_norm: n > 0 ? sums.norms / n : none,
    mean_cosine: n > 0 ? cosine() : none,
    top1pct_variance: share(),
  };
}

interface LeftOut {
  without: Record<string, Value>[];
  halves: Record<string, Value>[];
}

function leftOut(arrays: Readonly<Record<string, Float64Array>>, sums: Sums, alphaRange: Ranks): LeftOut {
  const { n, d, squares, groupRows, groupSquares } = sums;
  const figuresOf = (name: string, rows: number, square: number): Record<string, Value> =>
    spectrumFigures(positive(arrayOf(arrays, name), rows, d, square / rows), rows, d, alphaRange).values;
  const evens = (values: readonly number[]): number => values.reduce((s, x, k) => s + (k % 2 === 0 ? x : 0), 0);
  const [evenRows, evenSquares] = [evens(groupRows), evens(groupSquares)];
  return {
    without: groupRows.map((rows, k) => figuresOf(`eigenvalues_without_${k}`, n - rows, squares - groupSquares[k]!)),
    halves: [
      figuresOf('eigenvalues_even', evenRows, evenSquares),
      figuresOf('eigenvalues_odd', n - evenRows, squares - evenSquares),
    ],
  };
}

/** 2θ_N − (θ_even + θ_odd)/2, an estimate of θ at N → ∞. */
function extrapolated(name: string, value: Value, left: LeftOut | null, problem: string | null, d: number): Value {
  if (!isNumber(value)) return value;
  if (problem !== null) return absent(problem);
  if (name === 'alpha' && d < 1000) return absent(`d = ${d} (α is extrapolated from d = 1000 on)`);
  const [even, odd] = left!.halves.map((figures) => figures[name]!);
  if (!isNumber(even!)) return absent(`${name} is absent for the even groups: ${even!.why}`);
  if (!isNumber(odd!)) return absent(`${name} is absent for the odd groups: ${odd!.why}`);
  return 2 * value - (even + odd) / 2;
}

function variant(
  id: string,
  spectrum: Float64Array,
  arrays: Readonly<Record<string, Float64Array>>,
  { n, d, squares }: Sums,
): Value {
  if (id === 'rankme[uncentred]') {
    return rankme(positive(arrayOf(arrays, 'eigenvalues_uncentred'), n, d, squares / n, false));
  }
  if (id === 'rankme[l2]') {
    const unit = arrays['eigenvalues_l2'];
    if (!unit) return absent('rows were streamed, not kept');
    const values = positive(unit, n, d, 1);
    return sum(values) > 0 ? rankme(values) : absent('no variance between the directions of the rows');
  }
  const k = Number(/^rankme\[-(\d+)\]$/.exec(id)![1]);
  const rest = spectrum.slice(k);
  return sum(rest) > 0
    ? rankme(rest)
    : absent(`${countPositive(spectrum)} positive eigenvalues (expected more than ${k})`);
}

function checkOptions([first, last]: Ranks, variants: readonly string[]): void {
  if (!Number.isInteger(first) || !Number.isInteger(last) || first < 1 || last < first + 2) {
    const got = `${first}-${last}`;
    throw new EigentraceError(
      'usage',
      `alpha range: not a range of ranks, got ${got} (expected FIRST-LAST from 1 on, like 12-100)`,
    );
  }
  for (const id of variants) {
    if (/^rankme\[(l2|uncentred|-[1-9]\d*)\]$/.test(id)) continue;
    const near = nearest(id, ['rankme[l2]', 'rankme[uncentred]', 'rankme[-1]']).join(', ');
    throw new EigentraceError('usage', `variant: no such definition, got ${id} (expected ${near})`);
  }
}

function arrayOf(arrays: Readonly<Record<string, Float64Array>>, name: string): Float64Array {
  const array = arrays[name];
  if (!array) throw new EigentraceError('input', `arrays: ${name} is missing, so its figures can't be computed`);
  return array;
}
