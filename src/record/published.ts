/**
 * The results file of the published code (`results_<model>.npy`): a pickled dict, step → { eigenspectrum, rankme,
 * alpha, ypred, r2, r2_100 }, so that its notebooks read our runs.
 *   eigenspectrum  λ_i / Σ_all λ, the first min(N, d, 2048), float64 (the published `explained_variance_ratio_`)
 *   rankme         as the published code computes it: definition `rankme.published`
 *   alpha, r2, r2_100  as measured (float64 weights: the published ones differ in the 9th digit)
 *   ypred          exp(c − α ln i) for every i, the fitted line at all ranks of the eigenspectrum
 * As in its script for labelled checkpoints, `step` and `checkpoint` (the revision) stand beside; `layer` and
 * `definition` are ours. An absent figure is None. A checkpoint without a step has its revision as key.
 */
import { EigentraceError } from '../errors.js';
import { readArrays } from './store.js';
import { encodeNpyObject, type PythonValue } from './npy.js';
import type { Run } from './run.js';
import type { Listing } from './listing.js';
import type { Measurement } from './measurement.js';
import { tableEntries, type TableOptions } from './table.js';

/** At most so many eigenvalues are kept. */
const publishedLength = 2048;

/** The file's bytes. One layer at a time: `final` where it was measured; two checkpoints of one step are refused. */
export async function encodePublished(
  run: Run,
  listing: Listing,
  options: TableOptions = {},
): Promise<{ content: Uint8Array; notes: string[] }> {
  const layer = options.layer ?? onlyLayer(listing);
  const { entries, notes } = tableEntries(listing, layer === null ? options : { ...options, layer });
  const steps = new Map<string | bigint, PythonValue>();
  const owners = new Map<string | bigint, string>();
  for (const { measurement, layer } of entries) {
    // The layout has no place for a second position of the same checkpoint.
    if (measurement.variant !== (options.variant ?? null)) continue;
    const key = measurement.step === null ? measurement.revision : BigInt(measurement.step);
    const owner = [measurement.series, measurement.stage, measurement.revision].join('/');
    const other = owners.get(key);
    if (other !== undefined) {
      const message = `--format npy: holds one checkpoint a step, got ${other} and ${owner} for ${String(key)} (choose with --series or --stage)`;
      throw new EigentraceError('usage', message);
    }
    owners.set(key, owner);
    const tensor = `eigenvalues.${layer}`;
    // A layer without a finite row has no eigenvalues.
    const isThere = measurement.arrays.tensors.includes(tensor);
    const found = isThere ? (await readArrays(run, measurement, [tensor])).get(tensor)!.data : new Float64Array();
    const imported = `eigenspectrum.${layer}`;
    const given = measurement.arrays.tensors.includes(imported)
      ? (await readArrays(run, measurement, [imported])).get(imported)!.data
      : null;
    steps.set(key, stepOf(measurement, layer, found as Float64Array, given as Float64Array | null));
  }
  return { content: encodeNpyObject(steps), notes };
}

/** Null where there is nothing at all. */
function onlyLayer(listing: Listing): string | null {
  const layers = new Set(listing.measurements.flatMap(({ measurement }) => Object.keys(measurement.layers)));
  if (layers.size === 0 || layers.has('final')) return layers.size === 0 ? null : 'final';
  if (layers.size === 1) return [...layers][0]!;
  const message = `--format npy: holds one layer, the run has ${[...layers].join(', ')} (choose with --layer)`;
  throw new EigentraceError('usage', message);
}

/** `given`: the normalised spectrum as it was imported, where there are no eigenvalues. */
function stepOf(
  measurement: Measurement,
  layer: string,
  eigenvalues: Float64Array,
  given: Float64Array | null,
): PythonValue {
  const figures = measurement.layers[layer]!;
  const figure = (name: string) => figures[name] ?? null;
  const spectrum = given ?? publishedSpectrum(eigenvalues, figure('n') ?? 0, figure('d') ?? 0);
  const [first, last] = (measurement.keyParts['alphaRange'] as readonly [number, number] | undefined) ?? [12, 100];
  const alpha = figure('alpha');
  return new Map<string, PythonValue>([
    ['step', measurement.step === null ? null : BigInt(measurement.step)],
    ['checkpoint', measurement.revision],
    ['layer', layer],
    ['eigenspectrum', spectrum],
    ['rankme', figure('rankme_published')],
    ['alpha', alpha],
    ['ypred', alpha === null ? null : powerLaw(spectrum, alpha, first, last)],
    ['r2', figure('r2')],
    ['r2_100', figure('r2_100')],
    ['definition', measurement.definitions.ids.join('; ')],
  ]);
}

/** λ_i / Σ_all λ for the first min(N, d, 2048) ranks; zeros where the stored list is shorter or rounding is negative. */
export function publishedSpectrum(eigenvalues: Float64Array, n: number, d: number): Float64Array {
  const positive = eigenvalues.map((value) => Math.max(0, value));
  const total = positive.reduce((sum, value) => sum + value, 0);
  const spectrum = new Float64Array(Math.min(n, d, publishedLength));
  spectrum.set(positive.subarray(0, spectrum.length));
  return total > 0 ? spectrum.map((value) => value / total) : spectrum;
}

/**
 * exp(c − α ln i) at every rank, where c is the intercept of the weighted fit (weights 1/i) over ranks first..last:
 * c = Σ w (ln λ_i + α ln i) / Σ w.
 */
export function powerLaw(spectrum: Float64Array, alpha: number, first: number, last: number): Float64Array {
  let weights = 0;
  let sum = 0;
  for (let i = first; i <= Math.min(last, spectrum.length); i++) {
    weights += 1 / i;
    sum += (Math.log(spectrum[i - 1]!) + alpha * Math.log(i)) / i;
  }
  const intercept = sum / weights;
  return spectrum.map((_, at) => Math.exp(intercept - alpha * Math.log(at + 1)));
}
