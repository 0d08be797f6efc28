/**
 * Representations made elsewhere in the place of a model and a corpus: opened, identified by the sha256 of their files,
 * measured by range from the disk. What can't be known (model, tokenizer, corpus, device) stands as null in the record.
 */
import { basename } from 'node:path';
import { identify } from '../bytes/index.js';
import { hashFiles, whatChanged, type FileHashes, type SeriesEntry, type WeightFile } from '../checkpoints/index.js';
import { EigentraceError } from '../errors.js';
import { describeFeatures, openFeatures, type FeatureHeader, type FeatureRows } from '../features/index.js';
import type { KeyParts, Provenance } from '../record/index.js';
import { definitionsVersion, measureRows, type LayerMeasurement } from '../spectrum/index.js';
import { hashCache } from './cache.js';
import type { FeatureSeries } from './feature-files.js';
import { chunksOf, type Measured, type MeasureTools } from './measure.js';
import type { TraceRequest } from './request.js';
import type { SubjectHooks } from './subject.js';

/** A checkpoint's files whose headers were read. */
export interface OpenedFeatures {
  readonly kind: 'features';
  readonly entry: SeriesEntry;
  /** By layer name: its file and what its header says. */
  readonly layers: ReadonlyMap<string, { readonly path: string; readonly header: FeatureHeader }>;
  /** A file may hold one layer under any name. */
  readonly only: boolean;
  readonly files: readonly WeightFile[];
  readonly bytes: number;
  readonly n: number;
  readonly d: number;
  readonly flags: readonly { readonly code: string; readonly message: string }[];
}

export interface FeatureSubject extends OpenedFeatures {
  readonly hashes: FileHashes;
  readonly keyParts: KeyParts;
}

export class FeatureSubjects {
  readonly #request: TraceRequest;
  readonly #series: FeatureSeries;
  readonly #cache: string;
  /** There is no corpus that could fail. */
  readonly corpusError = null;
  /** Its files are the user's own. */
  readonly places = null;

  constructor(request: TraceRequest, series: FeatureSeries, cache: string) {
    this.#request = request;
    this.#series = series;
    this.#cache = cache;
  }

  async open(entry: SeriesEntry): Promise<OpenedFeatures> {
    const paths = await this.#series.files(entry, this.#request.layers);
    const only = this.#series.byLayer || paths.size === 1;
    const layers = new Map<string, { path: string; header: FeatureHeader }>();
    for (const [layer, path] of paths) {
      layers.set(layer, { path, header: await describeFeatures(path, { layer, only }) });
    }
    const files: WeightFile[] = [];
    for (const [layer, path] of paths) {
      const identity = await identify(path);
      if (files.some((file) => file.path === identity.path)) continue;
      files.push({ name: this.#series.byLayer ? `${layer}/${basename(path)}` : basename(path), ...identity });
    }
    const [first, ...others] = [...layers.values()].map(({ header }) => header);
    const { n, d } = first!;
    const other = others.find((header) => header.n !== n);
    if (other) {
      throw new EigentraceError(
        'input',
        `checkpoint ${entry.revision}: layers of different rows, got ${n} and ${other.n}`,
      );
    }
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    return { kind: 'features', entry, layers, only, files, bytes, n, d, flags: flagsOf([...layers.values()]) };
  }

  async identify(opened: OpenedFeatures, hooks: SubjectHooks = {}): Promise<FeatureSubject> {
    const hashes = await hashFiles(opened.files, {
      cacheFolder: hashCache(this.#cache),
      ...(hooks.signal ? { signal: hooks.signal } : {}),
      ...(hooks.onHash ? { onProgress: hooks.onHash } : {}),
    });
    return { ...opened, hashes, keyParts: this.keyParts(opened, hashes.sha256) };
  }

  /** Everything that determines the numbers: the files, and what is asked of them. */
  keyParts(opened: OpenedFeatures, sha256: string | null): KeyParts {
    const { position, errors, alphaRange } = this.#request;
    return {
      ...{ weights: null, config: null, tokenizer: null, corpus: null, filter: null },
      features: sha256,
      position,
      layers: [...opened.layers.keys()],
      precision: precisionOf(opened),
      ...{ errors, alphaRange, nll: false },
      definitions: definitionsVersion,
    };
  }
}

/** As stored, and what became of it: `float16 as stored`. */
export function precisionOf({ layers }: OpenedFeatures): string {
  const types = new Set([...layers.values()].map(({ header }) => header.type));
  const words = (type: string): string =>
    type === 'float64' ? 'float64 as stored, rounded to float32' : `${type} as stored`;
  return [...types].map(words).join('; ');
}

function flagsOf(layers: readonly { header: FeatureHeader }[]): OpenedFeatures['flags'] {
  const notes = new Set(layers.flatMap(({ header }) => header.notes));
  const message =
    'the representations were made elsewhere: model, tokenizer, corpus and device are not known; ' +
    'layer and position stand as they were told';
  return [{ code: 'made-elsewhere', message }, ...[...notes].map((note) => ({ code: 'note', message: note }))];
}

/** Measures every layer from its file, then makes sure that the files are still those that were hashed. */
export async function measureFeatures(
  subject: FeatureSubject,
  request: TraceRequest,
  tools: Omit<MeasureTools, 'child'>,
): Promise<Measured> {
  const { kernel, scratch, signal } = tools;
  const opened = new Map<string, FeatureRows>();
  const close = async (): Promise<void> => {
    for (const rows of opened.values()) await rows.close();
    opened.clear();
  };
  try {
    const start = performance.now();
    const layers: Record<string, LayerMeasurement> = {};
    let at = 0;
    for (const [layer, { path }] of subject.layers) {
      tools.onPhase('load', 0, subject.bytes);
      const rows = await openFeatures(path, { layer, only: subject.only, scratch, signal });
      opened.set(layer, rows);
      layers[layer] = await measureRows(rows, {
        ...{ errors: request.errors, alphaRange: request.alphaRange, kernel },
        ...(signal ? { signal } : {}),
        onProgress: (done, of) => tools.onPhase('spectrum', at * of + done, subject.layers.size * of),
      });
      at++;
      if (request.saveFeatures) continue;
      await rows.close();
      opened.delete(layer);
    }
    const changed = await whatChanged(subject.files);
    if (changed) {
      const advice = 'nothing was recorded, run the same command again when it is written';
      const what = `a file of representations changed while it was measured: ${changed}; ${advice}`;
      throw new EigentraceError('input', `checkpoint ${subject.entry.revision}: ${what}`);
    }
    const kept = [...opened].map(([layer, rows]) => [layer, { n: rows.n, d: rows.d, chunks: chunksOf(rows) }]);
    return {
      layers,
      nll: null,
      deviceDifference: null,
      seconds: { forward: null, spectrum: (performance.now() - start) / 1000 },
      features: request.saveFeatures ? (Object.fromEntries(kept) as Measured['features']) : null,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What is known of where the numbers come from: the files. */
export function provenanceOf(
  subject: FeatureSubject,
): Pick<Provenance, 'weights' | 'config_sha256' | 'tokenizer_sha256' | 'corpus' | 'precision' | 'device' | 'features'> {
  const { hashes, layers } = subject;
  const arrays = [...layers].map(([layer, { header }]) => [layer, header.array]);
  return {
    ...{ weights: null, config_sha256: null, tokenizer_sha256: null, corpus: null },
    ...{ precision: precisionOf(subject), device: null },
    features: {
      sha256: hashes.sha256,
      files: hashes.files.map((file) => ({ ...file })),
      arrays: Object.fromEntries(arrays) as Record<string, string | null>,
    },
  };
}
