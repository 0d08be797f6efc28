/** Small runs whose figures are real: rows from a seeded generator, measured, stored. */
import { readFile, writeFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { encodeSafetensors, readSafetensors, type WritableTensor } from '../../src/bytes/index.js';
import {
  addRequest,
  canonicalSha256,
  figuresSha256,
  measurementPaths,
  openRun,
  writeMeasurement,
  type KeyParts,
  type Measurement,
  type MeasurementDraft,
  type MeasurementRef,
  type Run,
} from '../../src/record/index.js';
import { definitionIds, definitionsVersion, measureRows, openKernel, type Ranks } from '../../src/spectrum/index.js';
import { draft, hash, keyParts, request, temporaryFolder } from './fixture.js';

/** Uniform in (0, 1), the same for a seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** n rows of d values whose spectrum falls as rank^−decay, off the origin. */
export function rowsOf(n: number, d: number, decay: number, seed: number): Float32Array {
  const next = random(seed);
  return Float32Array.from({ length: n * d }, (_, i) => {
    const normal = Math.sqrt(-2 * Math.log(next() || 0.5)) * Math.cos(2 * Math.PI * next());
    return normal * (1 + (i % d)) ** (-decay / 2) + 0.3;
  });
}

export interface Point extends Partial<MeasurementDraft> {
  n?: number;
  d?: number;
  decay?: number;
  /** How many of the rows differ: they come again in turn. Default all. */
  distinct?: number;
  /** Of the rows: points with the same one are correlated. */
  rowSeed?: number;
  errors?: 'jackknife' | 'none';
  alphaRange?: Ranks;
  /** Keep the rows. */
  keep?: boolean;
  parts?: Partial<KeyParts>;
}

/** The draft of a measurement of rows, everything in it consistent. */
export async function measuredDraft(point: Point = {}): Promise<{ made: MeasurementDraft; rows: Float32Array }> {
  const {
    n = 40,
    d = 12,
    decay = 1,
    rowSeed = 1,
    distinct = n,
    errors = 'jackknife',
    alphaRange = [2, 8],
    parts = {},
    keep: _,
    ...more
  } = point;
  const once = rowsOf(distinct, d, decay, rowSeed);
  const rows = Float32Array.from({ length: n * d }, (_, i) => once[i % once.length]!);
  const kernel = openKernel();
  const layer = await measureRows(
    { n, d, read: (from, to) => rows.subarray(from * d, to * d) },
    { kernel, errors, alphaRange },
  );
  const base = draft();
  const all: KeyParts = {
    ...keyParts,
    errors,
    alphaRange,
    definitions: definitionsVersion,
    nll: (more.nll ?? null) !== null,
    ...parts,
  };
  const provenance = {
    ...base.provenance,
    corpus: {
      ...base.provenance.corpus!,
      sequences: n,
      tokens: n * 10,
      max_tokens: 512,
      rows_sha256: all.corpus ?? hash('d'),
    },
    weights: { sha256: hash('a'), files: [{ name: 'model.safetensors', sha256: hash('a'), size: 123 }] },
  };
  const made = draft({
    layers: { final: layer },
    flags: [],
    definitions: { version: definitionsVersion, ids: definitionIds(alphaRange) },
    keyParts: all,
    provenance,
    ...more,
  });
  return { made, rows };
}

/** A run of these points, and its request. */
export async function measuredRun(points: readonly Point[], folder?: string): Promise<Run> {
  const run = await openRun(folder ?? (await temporaryFolder()), { create: true });
  const made: MeasurementDraft[] = [];
  for (const point of points) {
    const { made: one, rows } = await measuredDraft(point);
    made.push(one);
    const { n = 40, d = 12, keep } = point;
    await writeMeasurement(run, one, keep ? { features: { final: { n, d, chunks: [rows] } } } : {});
  }
  for (const series of new Set(made.map((m) => m.series))) {
    for (const variant of new Set(made.filter((m) => m.series === series).map((m) => m.variant))) {
      const mine = made.filter((m) => m.series === series && m.variant === variant);
      const stages = [...new Set(mine.map(({ stage }) => stage))].map((name) => ({
        name,
        checkpoints: mine
          .filter(({ stage }) => stage === name)
          .map(({ revision, step, tokens, parent, seed }) => ({ revision, step, tokens, parent, seed })),
      }));
      const { corpus } = mine[0]!.provenance;
      await addRequest(
        run,
        request({
          variant,
          options: { revisions: 'all', position: mine[0]!.position },
          series: { name: series, stages },
          corpus: {
            ...{ name: corpus?.name ?? null, sha256: corpus?.sha256 ?? null },
            rows: corpus ? Array.from({ length: corpus.sequences }, (_, i) => i) : null,
          },
          definitions: { version: mine[0]!.definitions.version, ids: [...mine[0]!.definitions.ids] },
        }),
      );
    }
  }
  return run;
}

/** Edits a stored measurement and makes every hash fit again, as a careful forger would. */
export async function forge(
  run: Run,
  ref: MeasurementRef,
  edit: (measurement: Measurement) => void,
  arrays: (tensors: Map<string, { data: Float64Array | Float32Array }>) => void = () => undefined,
): Promise<void> {
  const { path, arraysPath } = measurementPaths(run, ref);
  const measurement = JSON.parse(await readFile(path, 'utf8')) as Measurement;
  edit(measurement);
  measurement.key = canonicalSha256(measurement.keyParts);
  const { tensors, metadata } = await readSafetensors(arraysPath);
  arrays(tensors as never);
  const chunks = encodeSafetensors(
    [...tensors].map(([name, tensor]) => ({ name, ...tensor }) as unknown as WritableTensor),
    { ...metadata, key: measurement.key },
  );
  const bytes = Buffer.concat(chunks);
  await writeFile(arraysPath, bytes);
  measurement.arrays = {
    ...measurement.arrays,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    bytes: bytes.byteLength,
  };
  measurement.provenance_sha256 = canonicalSha256(measurement.provenance);
  measurement.figures_sha256 = figuresSha256(measurement);
  await writeFile(path, JSON.stringify(measurement));
}
