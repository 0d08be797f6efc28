/** `eigentrace series`: a `series.json` put together, checked as its readers check it, written, and read back. */
import { dirname, join, resolve } from 'node:path';
import { kindOf, writeAtomic } from '../bytes/index.js';
import {
  composeSeries,
  readSeriesFile,
  seriesFrom,
  seriesText,
  type Series,
  type SeriesRecipe,
  type WrittenSeries,
} from '../checkpoints/index.js';
import { EigentraceError } from '../errors.js';
import { openAnySeries } from './places.js';

export interface MakeSeriesOptions {
  /** The file written; null (default) writes nothing, and paths are relative to the current folder. */
  readonly out?: string | null;
  /** Write over a file that is there. Default false. */
  readonly overwrite?: boolean;
}

export interface MadeSeries {
  /** The file written; null when none was. */
  readonly path: string | null;
  /** Its content, and the same as text. */
  readonly file: WrittenSeries;
  readonly text: string;
  /** As it is read back. */
  readonly series: Series;
}

/** Puts a series together. Nothing is written unless every checkpoint is there. */
export async function makeSeries(recipe: SeriesRecipe, options: MakeSeriesOptions = {}): Promise<MadeSeries> {
  const { out = null, overwrite = false } = options;
  const path = out === null ? join(process.cwd(), 'series.json') : resolve(out);
  if (out !== null) await checkPlace(out, path, overwrite);
  const file = await composeSeries(recipe, dirname(path), (id) =>
    openAnySeries(id, { tokensPerStep: recipe.tokensPerStep ?? null }),
  );
  const text = seriesText(file);
  const series = await seriesFrom(JSON.parse(text), path, null);
  if (out === null) return { path: null, file, text, series };
  await writeAtomic(path, text);
  return { path: out, file, text, series: await readSeriesFile(path, null) };
}

async function checkPlace(out: string, path: string, overwrite: boolean): Promise<void> {
  if (!out.endsWith('.json')) {
    throw new EigentraceError('usage', `--out: is not a .json file, got ${out} (expected a path such as series.json)`);
  }
  const kind = await kindOf(path);
  if (kind === null || (kind === 'file' && overwrite)) return;
  const advice = kind === 'file' ? '--force writes over it' : 'it is a folder';
  throw new EigentraceError('usage', `--out: is there already, got ${out} (expected a new file; ${advice})`);
}
