/** The eigen-directions of a checkpoint's final states over a corpus: states, mean, Σ and its top eigenvectors. */
import type { Sequences } from '../corpus/index.js';
import type { Position } from '../models/index.js';
import type { FindingFlag } from '../record/index.js';
import { eigenvectors, rowCovariance, type RowCovariance } from '../spectrum/index.js';
import { withFinalStates, type VisitSubject, type VisitTools } from '../visit/index.js';

export interface Basis {
  /** (k, d) by rows, largest eigenvalue first. */
  readonly vectors: Float64Array;
  /** All d eigenvalues, falling. */
  readonly eigenvalues: Float64Array;
  readonly mean: Float64Array;
  readonly d: number;
  /** Rows that Σ is of. */
  readonly n: number;
  /** Directions along which the rows vary. */
  readonly rank: number;
  readonly flags: readonly FindingFlag[];
}

/** An eigenvalue that is no more than the rounding of float32 states counts as zero (as in the spectrum's figures). */
const noise = (4 * 2 ** -24) ** 2;

export function findBasis(
  subject: Pick<VisitSubject, 'model' | 'entry'>,
  sequences: Sequences,
  position: Position,
  k: number,
  tools: VisitTools,
): Promise<Basis> {
  return withFinalStates(subject, sequences, position, tools, async (rows) => {
    tools.progress('spectrum', 0, 2);
    const covariance = await rowCovariance(rows, tools.kernel, tools.signal);
    tools.progress('spectrum', 1, 2);
    const { vectors, all } = await eigenvectors(covariance.packed, subject.model.width, k, tools.signal);
    tools.progress('spectrum', 2, 2);
    return { vectors, eigenvalues: all, ...described(covariance, all, k, sequences) };
  });
}

function described(
  { n, d, left, mean, packed }: RowCovariance,
  all: Float64Array,
  k: number,
  sequences: Sequences,
): Omit<Basis, 'vectors' | 'eigenvalues'> {
  let square = mean.reduce((sum, x) => sum + x * x, 0);
  for (let j = 0, at = 0; j < d; at += d - j, j++) square += packed[at]!;
  const rank = all.filter((x, i) => i < n - 1 && x > noise * square).length;
  const flags: FindingFlag[] = sequences.flags.map(({ code, message }) => ({ code, message }));
  if (left > 0) {
    flags.push({ code: 'rows-not-finite', message: `${left} rows with NaN or Inf were left out of Σ`, count: left });
  }
  if (k > rank) {
    const message =
      `the states vary along ${rank} directions only (${n} rows of ${d}): directions from ${rank + 1} on are any that ` +
      'are orthogonal to them';
    flags.push({ code: 'beyond-rank', message });
  } else if (n <= d) {
    const message = `Σ is of ${n} rows, no more than its width ${d}: its later directions are poorly known; more --sequences`;
    flags.push({ code: 'few-rows', message });
  }
  return { mean, d, n, rank, flags };
}
