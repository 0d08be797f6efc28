/**
 * White noise in the rows' place: N rows of d independent standard normals. Their spectrum follows Marchenko and Pastur's
 * law at d/N, so its figures are what a finite N alone makes of no structure at all.
 */
import type { SeriesEntry } from '../checkpoints/index.js';
import type { ControlRecord, KeyParts } from '../record/index.js';
import { definitionsVersion, measureRows, type Rows } from '../spectrum/index.js';
import { generatorName, Random } from '../statistics/random.js';
import type { Measured, MeasureTools } from './measure.js';
import type { TraceRequest } from './request.js';

/** Rows that are known from their seed. */
export interface OpenedNoise {
  readonly kind: 'noise';
  readonly entry: SeriesEntry;
  readonly control: ControlRecord;
  /** The layer that it stands beside: white noise has only one. */
  readonly layer: string;
  readonly n: number;
  readonly d: number;
  readonly files: readonly [];
  readonly bytes: 0;
  readonly flags: readonly [];
}

export interface NoiseSubject extends OpenedNoise {
  readonly keyParts: KeyParts;
}

export function openNoise(
  entry: SeriesEntry,
  size: { n: number; d: number },
  layer: string,
  seed: number,
): OpenedNoise {
  const control = { kind: 'gaussian', seed, generator: generatorName } as const;
  return { kind: 'noise', entry, control, layer, ...size, files: [], bytes: 0, flags: [] };
}

export function noiseKeyParts({ control, layer, n, d }: OpenedNoise, request: TraceRequest): KeyParts {
  return {
    ...{ weights: null, config: null, tokenizer: null, corpus: null, filter: null },
    position: request.position,
    layers: [layer],
    precision: 'float32',
    ...{ errors: request.errors, alphaRange: request.alphaRange, nll: false },
    definitions: definitionsVersion,
    control: { ...control, n, d },
  };
}

/** Drawn anew at every read, so that nothing is kept: row i depends on the seed and i alone. */
export function noiseRows(n: number, d: number, seed: number): Rows {
  return {
    n,
    d,
    read(start, end) {
      const rows = new Float32Array((end - start) * d);
      for (let i = start; i < end; i++) {
        new Random('gaussian', seed, i).fillNormal(rows.subarray((i - start) * d, (i - start + 1) * d), 1);
      }
      return rows;
    },
  };
}

export async function measureNoise(
  subject: NoiseSubject,
  request: TraceRequest,
  tools: Omit<MeasureTools, 'child'>,
): Promise<Measured> {
  const start = performance.now();
  const layer = await measureRows(noiseRows(subject.n, subject.d, subject.control.seed), {
    ...{ errors: request.errors, alphaRange: request.alphaRange, kernel: tools.kernel },
    ...(tools.signal ? { signal: tools.signal } : {}),
    onProgress: (done, of) => tools.onPhase('spectrum', done, of),
  });
  return {
    layers: { [subject.layer]: layer },
    nll: null,
    deviceDifference: null,
    seconds: { forward: null, spectrum: (performance.now() - start) / 1000 },
    features: null,
    close: () => Promise.resolve(),
  };
}
