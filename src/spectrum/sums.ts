/**
 * The sums over rows that the figures need beside the eigenvalues, kept as one float64 array (`sums`) in a measurement's
 * safetensors file, so that every figure can be recomputed without the rows. Order in the array:
 *   0 layout version (1) · 1 rows given · 2 rows used N (finite) · 3 columns d · 4 groups K · 5 ‖x̄‖ · 6 Σ‖x‖ · 7 Σ‖x‖² ·
 *   8 ‖Σ x/‖x‖‖² over rows that are not zero · 9 rows that are zero · 10 Σ‖x−x̄‖² · 11 Σ‖x−x̄‖⁴ ·
 *   12 Σ‖x−x̄‖² of the ⌈N/100⌉ rows that deviate most, −1 when not known (streamed rows) ·
 *   13 … 13+K−1 rows used of each group · then K values Σ‖x‖² of each group.
 */
import { EigentraceError } from '../errors.js';

const version = 1;
const head = 13;

export interface Sums {
  rows: number;
  n: number;
  d: number;
  meanNorm: number;
  norms: number;
  squares: number;
  unitSquare: number;
  zeroRows: number;
  deviation2: number;
  deviation4: number;
  /** Null when not known. */
  topDeviation2: number | null;
  groupRows: number[];
  groupSquares: number[];
}

export function packSums(s: Sums): Float64Array {
  return Float64Array.from([
    ...[version, s.rows, s.n, s.d, s.groupRows.length, s.meanNorm, s.norms, s.squares, s.unitSquare, s.zeroRows],
    ...[s.deviation2, s.deviation4, s.topDeviation2 ?? -1],
    ...s.groupRows,
    ...s.groupSquares,
  ]);
}

export function readSums(array: Float64Array): Sums {
  const groups = array[4] ?? 0;
  if (array[0] !== version || array.length !== head + 2 * groups) {
    const got = `version ${array[0]}, ${array.length} values`;
    throw new EigentraceError('input', `sums: not a layout that is known, got ${got} (expected version ${version})`);
  }
  return {
    rows: array[1]!,
    n: array[2]!,
    d: array[3]!,
    meanNorm: array[5]!,
    norms: array[6]!,
    squares: array[7]!,
    unitSquare: array[8]!,
    zeroRows: array[9]!,
    deviation2: array[10]!,
    deviation4: array[11]!,
    topDeviation2: array[12]! < 0 ? null : array[12]!,
    groupRows: [...array.subarray(head, head + groups)],
    groupSquares: [...array.subarray(head + groups)],
  };
}
