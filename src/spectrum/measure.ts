/**
 * The measurement of one layer: rows → spectra → figures. The rows are read in order, several times (sums; deviations;
 * the total's Gram; with errors each group's Gram), and at most three d×d float64 matrices live at once, d being the
 * smaller of N and d. With fewer rows than columns the N×N Gram takes the place of the covariance.
 */
import { EigentraceError } from '../errors.js';
import { defaultAlphaRange, type Ranks } from './alpha.js';
import { covarianceSlots, covarianceSpectra, type GramSource, type Spectra } from './covariance.js';
import { reduce, solve } from './eigen.js';
import { type FigureSet, figuresFrom } from './figures.js';
import { defaultGroups, groupOfRow, jackknifeProblem } from './jackknife.js';
import type { Kernel } from './kernel/kernel.js';
import { rowGramEigenvalues, rowGramSlots, rowGramSpectra } from './row-gram.js';
import type { Rows } from './rows.js';
import { squaredNorm } from './row-sums.js';
import { Scan } from './scan.js';
import { packSums, type Sums } from './sums.js';

export interface MeasureOptions {
  /** What computes (`openKernel`). */
  kernel: Kernel;
  /** Standard errors: the delete-a-group jackknife (default), or none. */
  errors?: 'jackknife' | 'none';
  /** Groups of the jackknife, 2 to 255. Default 10. */
  groups?: number;
  /** Group of each row; default contiguous over the corpus index. */
  groupOf?: Uint8Array;
  /** First and last rank of the α fit, 1-based and inclusive. Default [12, 100]. */
  alphaRange?: Ranks;
  /** `rankme[l2]`, `rankme[uncentred]`, `rankme[-k]`. Default none. */
  variants?: readonly string[];
  /** Stops within half a second; the promise rejects as `interrupted`. */
  signal?: AbortSignal;
  /** Decompositions done, of how many. */
  onProgress?: (done: number, of: number) => void;
}

export interface LayerMeasurement extends FigureSet {
  /** Finite rows that were measured. */
  n: number;
  d: number;
  /** float64: all that `figuresFrom` needs to compute every figure again, and `mean` (d). */
  arrays: Record<string, Float64Array>;
  /** Tridiagonal reductions that were done. */
  decompositions: number;
}

export async function measureRows(rows: Rows, options: MeasureOptions): Promise<LayerMeasurement> {
  const { kernel, errors = 'jackknife', groups = defaultGroups, variants = [], signal } = options;
  const { alphaRange = defaultAlphaRange } = options;
  const groupOf = checkGroups(rows, groups, options.groupOf);
  const scan = await Scan.of(rows, groupOf, groups, kernel, signal);
  const { n } = scan.sums;
  const { d } = rows;
  const withErrors = errors === 'jackknife' && jackknifeProblem(scan.sums.groupRows) === null;
  const withUnit = variants.includes('rankme[l2]');
  const { squares, alongMean } = await scan.deviations(kernel, signal);
  const arrays: Record<string, Float64Array> = { mean: scan.mean, sums: packSums(sumsOf(scan, squares)) };

  const of = (withErrors ? groups + 3 : 1) + (withUnit ? 1 : 0);
  let done = 0;
  const step = (): void => {
    done++;
    options.onProgress?.(done, of);
  };
  if (n > 0) {
    const small = n < d;
    const slots = small ? rowGramSlots(withErrors) : covarianceSlots(withErrors);
    await kernel.use(small ? n : d, slots, signal, async (space) => {
      const spectra = small
        ? await rowGramSpectra(space, scan, alongMean, withErrors, step)
        : await covarianceSpectra(space, new RowSource(scan, squares), withErrors, step);
      Object.assign(arrays, arraysOf(spectra));
      if (!withUnit) return;
      const mean = scan.sums.unitSum.map((x) => x / n);
      if (small) {
        arrays['eigenvalues_l2'] = await rowGramEigenvalues(space, scan, mean, scan.unitScale());
      } else {
        await space.clear(0);
        await scan.addCovariance(space, 0, scan.index, mean, scan.unitScale());
        const [values] = await solve(space, [await reduce(space, 0, d, null)]);
        arrays['eigenvalues_l2'] = values!.map((x) => x / n);
      }
      step();
    });
  }
  return { n, d, arrays, decompositions: done, ...figuresFrom(arrays, { alphaRange, errors, variants }) };
}

/** The names of the stored spectra. */
export function arraysOf({ all, uncentred, without, halves }: Spectra): Record<string, Float64Array> {
  const arrays: Record<string, Float64Array> = { eigenvalues: all, eigenvalues_uncentred: uncentred };
  without?.forEach((values, k) => (arrays[`eigenvalues_without_${k}`] = values));
  if (halves) Object.assign(arrays, { eigenvalues_even: halves.even, eigenvalues_odd: halves.odd });
  return arrays;
}

/** Share of its variance below which a left-out is summed anew rather than taken as a difference. */
const cancellation = 1e-4;

/** Grams of rows that can be read again. */
class RowSource implements GramSource {
  readonly d: number;
  readonly groupRows: readonly number[];
  readonly mean: Float64Array;
  readonly #scan: Scan;
  readonly #variance: number[];

  constructor(scan: Scan, squares: Float64Array) {
    this.d = scan.rows.d;
    this.groupRows = scan.sums.groupRows;
    this.mean = scan.mean;
    this.#scan = scan;
    this.#variance = this.groupRows.map(() => 0);
    scan.index.forEach((row, i) => (this.#variance[scan.groups[row]!]! += squares[i]!));
  }

  shift(k: number): Float64Array {
    return this.#scan.sums.shift(k, this.mean);
  }

  async total(space: Parameters<GramSource['total']>[0], slot: number): Promise<void> {
    await space.clear(slot);
    await this.#scan.addCovariance(space, slot, this.#scan.index, this.mean, null);
  }

  async group(space: Parameters<GramSource['group']>[0], slot: number, k: number): Promise<void> {
    await space.clear(slot);
    await this.#scan.addCovariance(
      space,
      slot,
      this.#scan.select((group) => group === k),
      this.mean,
      null,
    );
  }

  async others(space: Parameters<GramSource['group']>[0], slot: number, k: number): Promise<boolean> {
    const total = this.#variance.reduce((s, x) => s + x, 0);
    const index = this.#scan.select((group) => group !== k);
    const shift = this.shift(k);
    const rest = total - this.#variance[k]! - squaredNorm(shift) / index.length;
    if (rest > cancellation * total) return false;
    const mean = shift.map((x, j) => this.mean[j]! - x / index.length);
    await space.clear(slot);
    await this.#scan.addCovariance(space, slot, index, mean, null);
    return true;
  }
}

function sumsOf(scan: Scan, squares: Float64Array): Sums {
  const { sums } = scan;
  const top = squares
    .slice()
    .sort()
    .reverse()
    .subarray(0, Math.ceil(sums.n / 100));
  return {
    rows: scan.rows.n,
    n: sums.n,
    d: sums.d,
    meanNorm: Math.sqrt(scan.meanSquare),
    norms: sums.norms,
    squares: sums.squares,
    unitSquare: squaredNorm(sums.unitSum),
    zeroRows: sums.zeroRows,
    deviation2: squares.reduce((s, x) => s + x, 0),
    deviation4: squaredNorm(squares),
    topDeviation2: top.reduce((s, x) => s + x, 0),
    groupRows: sums.groupRows,
    groupSquares: sums.groupSquares,
  };
}

function checkGroups({ n, d }: Rows, groups: number, given: Uint8Array | undefined): Uint8Array {
  const whole = (x: number, least: number): boolean => Number.isSafeInteger(x) && x >= least;
  if (!whole(n, 0) || !whole(d, 1)) {
    throw new EigentraceError('input', `rows: no matrix, got ${n} × ${d} (expected N ≥ 0 rows of d ≥ 1 columns)`);
  }
  if (!whole(groups, 2) || groups > 255) {
    throw new EigentraceError('usage', `groups: can't be cut so, got ${groups} (expected 2 to 255)`);
  }
  if (!given) return Uint8Array.from({ length: n }, (_, i) => groupOfRow(i, n, groups));
  const bad = given.findIndex((group) => group >= groups);
  if (given.length !== n || bad >= 0) {
    const got = bad >= 0 ? `group ${given[bad]} for row ${bad}` : `${given.length} groups for ${n} rows`;
    throw new EigentraceError(
      'input',
      `groups: do not fit the rows, got ${got} (expected one of 0..${groups - 1} a row)`,
    );
  }
  return given;
}
