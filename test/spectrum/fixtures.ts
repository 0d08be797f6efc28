/** Shared by the tests of this room: golden matrices, reproducible random rows, rows in memory. */
import { readFileSync } from 'node:fs';
import type { Rows } from '../../src/spectrum/index.js';

const folder = new URL('../golden/spectrum/', import.meta.url);

export interface Matrix {
  values: Float32Array;
  n: number;
  d: number;
}

export function goldenMatrices(): Record<string, Matrix> {
  const bytes = readFileSync(new URL('inputs.safetensors', folder));
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<
    string,
    { shape: [number, number]; data_offsets: [number, number] }
  >;
  return Object.fromEntries(
    Object.entries(header)
      .filter(([name]) => name !== '__metadata__')
      .map(([name, { shape, data_offsets }]) => {
        const slice = bytes.subarray(8 + length + data_offsets[0], 8 + length + data_offsets[1]);
        return [name, { values: new Float32Array(new Uint8Array(slice).buffer), n: shape[0], d: shape[1] }];
      }),
  );
}

export interface GoldenFit {
  alpha: number;
  r2: number | null;
  r2_100: number | null;
}

export interface GoldenFigures {
  rankme: number;
  'rankme.published': number;
  'alpha[12-100]': GoldenFit | null;
  'alpha[11-100]': GoldenFit | null;
  participation_ratio: number;
  stable_rank: number;
  entropy: number;
  share_top: Record<string, number>;
  alpha_bands: Record<string, number>;
}

export interface GoldenMatrix extends GoldenFigures {
  N: number;
  d: number;
  eigenvalues: number[];
  'rankme.singular': number;
  norm_of_mean: number;
  mean_row_norm: number;
  mean_pairwise_cosine: number;
  participation_ratio_unbiased?: number | null;
  jackknife?: Record<'rankme' | 'alpha' | 'participation_ratio', { replicates: number[]; se: number } | undefined>;
  halves?: Record<'even' | 'odd', { N: number; rankme: number; alpha: number | null }> & {
    rankme_extrapolated: number;
  };
}

export function golden(): { matrices: Record<string, GoldenMatrix>; eigenvalue_lists: Record<string, GoldenFigures> } {
  return JSON.parse(readFileSync(new URL('spectrum.json', folder), 'utf8')) as ReturnType<typeof golden>;
}

export interface SampleSeries {
  n: number;
  d: number;
  checkpoints: {
    revision: string;
    rankme: number;
    alpha: number;
    r2: number;
    r2_13_118: number;
    top_share: number;
    eigenvalues: number[];
  }[];
}

export function sampleSeries(): SampleSeries {
  return JSON.parse(readFileSync(new URL('sample.json', folder), 'utf8')) as SampleSeries;
}

export function rowsOf({ values, n, d }: Matrix): Rows {
  return { n, d, read: (start, end) => values.subarray(start * d, end * d) };
}

/** Reproducible numbers in (−1, 1). */
export function uniform(seed: number): () => number {
  let state = (seed * 2654435761 + 1) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

/** n×d rows with variances i^−decay along mixed directions, plus `offset` in every column. */
export function randomRows(n: number, d: number, { seed = 1, decay = 1, offset = 0.3 } = {}): Matrix {
  const next = uniform(seed);
  const u = Float64Array.from({ length: d }, next);
  const norm = u.reduce((s, x) => s + x * x, 0);
  const values = new Float32Array(n * d);
  for (let i = 0; i < n; i++) {
    const row = Float64Array.from({ length: d }, (_, j) => (next() + next() + next()) * (j + 1) ** (-decay / 2));
    // a reflection mixes the directions
    const along = (2 * row.reduce((s, x, j) => s + x * u[j]!, 0)) / norm;
    for (let j = 0; j < d; j++) values[i * d + j] = row[j]! - along * u[j]! + offset;
  }
  return { values, n, d };
}
