/** `eigentrace import`: results that were made elsewhere, as measurements of a run. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { FileSource } from '../bytes/index.js';
import { EigentraceError } from '../errors.js';
import {
  addRequest,
  measurementKey,
  openRun,
  readMeasurement,
  readPublished,
  writeMeasurement,
  type MeasurementDraft,
} from '../record/index.js';
import { versions } from './versions.js';

export interface ImportOptions {
  /** The run's folder; made when it is not there. */
  readonly out: string;
  /** Name of the series; null: the file's name without `results_` and `.npy`. */
  readonly series: string | null;
  /** Default `pretrain`. */
  readonly stage: string;
}

export interface ImportResult {
  readonly out: string;
  readonly series: string;
  readonly stage: string;
  /** Revisions, in the order of the file. */
  readonly revisions: readonly string[];
  readonly sha256: string;
}

/** A larger file holds no results: 154 checkpoints take 5 MB. */
const fileLimit = 1024 * 1024 * 1024;

/**
 * Reads the published code's results file (`.npy`, NumPy 1 or 2) into a run, one measurement a step. A measurement that is
 * there already is replaced when it was imported too, and refused otherwise.
 */
export async function importPublished(path: string, options: ImportOptions): Promise<ImportResult> {
  const source = await FileSource.open(path);
  const bytes = await readWhole(source).finally(() => source.close());
  const name = basename(path);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const series = options.series ?? (name.replace(/\.npy$/, '').replace(/^results_/, '') || 'imported');
  const { stage, out } = options;
  const created = new Date().toISOString();
  const made = await versions();
  const drafts = readPublished(bytes, path, { name, sha256, series, stage, created, versions: made });
  const run = await openRun(out, { create: true });
  for (const draft of drafts) {
    const before = await readMeasurement(run, draft);
    if (before && before.measurement.keyParts['imported'] === undefined) {
      const place = [series, stage, draft.revision].join('/');
      const message = `${out}: holds a measurement of ${place}, which an import would replace (choose another --name)`;
      throw new EigentraceError('input', message);
    }
  }
  await addRequest(run, {
    variant: null,
    created,
    options: { imported: name, sha256 },
    series: {
      name: series,
      stages: [{ name: stage, checkpoints: drafts.map(({ revision, step }) => ({ revision, step })) }],
    },
    corpus: { name: null, sha256: null, rows: null },
    definitions: { version: 'imported', ids: idsOf(drafts) },
    versions: made,
  });
  for (const draft of drafts) {
    const before = await readMeasurement(run, draft);
    if (before?.measurement.key !== measurementKey(draft.keyParts)) await writeMeasurement(run, draft);
  }
  return { out, series, stage, revisions: drafts.map(({ revision }) => revision), sha256 };
}

async function readWhole(source: FileSource): Promise<Uint8Array> {
  if (source.byteLength > fileLimit) {
    const got = `got ${source.byteLength} bytes (expected at most ${fileLimit})`;
    throw new EigentraceError('input', `${source.name}: too large for a file of results, ${got}`);
  }
  return source.read(0, source.byteLength);
}

function idsOf(drafts: readonly MeasurementDraft[]): string[] {
  return [...new Set(drafts.flatMap(({ definitions }) => definitions.ids))];
}
