/** The eigen-directions of a checkpoint's final states over a corpus: states, mean, Σ and its top eigenvectors. */
import type { Sequences } from '../corpus/index.js';
import { checkIds } from '../corpus/index.js';
import type { Layer, Position } from '../models/index.js';
import type { FindingFlag } from '../record/index.js';
import { represent, RowStore } from '../runtime/index.js';
import { eigenvectors, rowCovariance, type RowCovariance } from '../spectrum/index.js';
import { chooseMemory, stagesOf } from '../trace/memory.js';
import type { VisitSubject, VisitTools } from '../visit/index.js';

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

export async function findBasis(
  { model, entry }: Pick<VisitSubject, 'model' | 'entry'>,
  sequences: Sequences,
  position: Position,
  k: number,
  tools: VisitTools,
): Promise<Basis> {
  checkIds(sequences, model.vocabulary, `checkpoint ${entry.revision}`);
  const { threads, scratch, signal } = tools;
  const lengths = sequences.ids.map((ids) => ids.length);
  const starts: number[] = [];
  let n = 0;
  for (const length of lengths) {
    starts.push(n);
    n += position === 'all' ? length : 1;
  }
  const layers: readonly Layer[] = ['final'];
  const memory = await chooseMemory(
    { model, layers, lengths, position, rows: n, nll: false, threads, memory: null, spectrum: { n, errors: 'none' } },
    scratch,
  );
  const store = await RowStore.create(layers, n, model.width, scratch, memory.rowsBound);
  try {
    tools.progress('load', 0, model.bytes);
    let started = 0;
    await represent(
      tools.child,
      model,
      sequences.ids,
      {
        ...{ layers, position, threads, stages: stagesOf(memory, scratch) },
        ...(signal ? { signal } : {}),
        onLoaded: () => (started = performance.now()),
        onProgress: (done, of) => {
          const seconds = (performance.now() - started) / 1000;
          tools.progress('forward', done, of, done > 0 ? done / seconds : null);
        },
      },
      { state: (layer, index, rows) => store.put(layer, starts[index]!, rows) },
    );
    await tools.child.release();
    tools.progress('spectrum', 0, 2);
    const covariance = await rowCovariance(store.rows('final'), tools.kernel, signal);
    tools.progress('spectrum', 1, 2);
    const { vectors, all } = await eigenvectors(covariance.packed, model.width, k, signal);
    tools.progress('spectrum', 2, 2);
    return { vectors, eigenvalues: all, ...described(covariance, all, k, sequences) };
  } finally {
    await store.close();
  }
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
