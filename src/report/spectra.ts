/**
 * Eigenspectra of a layer over checkpoints, for drawing: all of the first 128 ranks, then ranks spread evenly in
 * ln(rank), about 200 in all, which no log–log plot can be told from the whole by.
 */
import { messageOf } from '../errors.js';
import { readArraysOf, type StoredMeasurement } from '../record/index.js';
import { positive, readSums } from '../spectrum/index.js';
import type { LayerSpectra } from '../story/index.js';

export interface ReadSpectra {
  readonly spectra: LayerSpectra;
  /** Files that could not be read, and why; their spectra are null. */
  readonly problems: readonly { readonly path: string; readonly message: string }[];
}

/** Ranks that are all kept, and how many are spread beyond them. */
const first = 128;
const beyond = 72;

/** Ranks of a spectrum of `count` eigenvalues that are drawn, 1-based, ascending; the last is `count`. */
export function drawnRanks(count: number): number[] {
  const ranks = Array.from({ length: Math.min(first, count) }, (_, i) => i + 1);
  if (count <= first) return ranks;
  const spread = Array.from({ length: beyond }, (_, i) => Math.round(first * (count / first) ** ((i + 1) / beyond)));
  return [...ranks, ...new Set(spread.filter((rank) => rank > first))];
}

/** Spectra of `layer` of a series' measurements, in their order. */
export async function readSpectra(
  series: string,
  measurements: readonly StoredMeasurement[],
  layer: string,
): Promise<ReadSpectra> {
  const problems: { path: string; message: string }[] = [];
  const whole: (Float64Array | null)[] = [];
  for (const stored of measurements) {
    try {
      whole.push(await spectrumOf(stored, layer));
    } catch (error) {
      whole.push(null);
      problems.push({ path: stored.arraysPath, message: messageOf(error) });
    }
  }
  const ranks = drawnRanks(Math.max(0, ...whole.map((values) => values?.length ?? 0)));
  const eigenvalues = whole.map((values) =>
    values === null ? null : ranks.filter((rank) => rank <= values.length).map((rank) => values[rank - 1]!),
  );
  const totals = whole.map((values) => values?.reduce((sum, value) => sum + value, 0) ?? null);
  return { spectra: { series, layer, ranks, eigenvalues, totals }, problems };
}

/** The eigenvalues that count (definitions §2), all positive; null where none were stored. */
export async function spectrumOf(stored: StoredMeasurement, layer: string): Promise<Float64Array | null> {
  const names = [`eigenvalues.${layer}`, `sums.${layer}`];
  const tensors = await readArraysOf(stored, names);
  const [values, sums] = names.map((name) => tensors.get(name)?.data);
  if (!(values instanceof Float64Array) || !(sums instanceof Float64Array)) return null;
  const { n, d, squares } = readSums(sums);
  if (n === 0) return null;
  return positive(values, n, d, squares / n).filter((value) => value > 0);
}
