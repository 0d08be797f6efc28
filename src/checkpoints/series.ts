/**
 * A series: checkpoints in order of stage and step. It is a folder of checkpoint folders, one checkpoint folder (a series
 * of one), or a `series.json`. Opening one reads names and the series file, no config and no weights: a checkpoint that
 * can't be used says so when it is opened, and does not stop the others.
 */
import { basename, dirname, join, resolve } from 'node:path';
import { brokenLink, kindOf, list } from '../bytes/index.js';
import { EigentraceError, nearest } from '../errors.js';
import { openCheckpoint, type Checkpoint, type CheckpointOptions } from './checkpoint.js';
import { isSample, sampleSeries } from './sample-series.js';
import { ggufSeries, readFolder } from './series-folder.js';
import { readSeriesFile } from './series-file.js';

/** A revision of a repository on the Hub. */
export interface HubPlace {
  /** `org/name`. */
  readonly id: string;
  /** Branch, tag or commit, as it was asked for. */
  readonly revision: string;
  /** What it stood for when the series was opened (40 hex digits); null when nobody asked the Hub. */
  readonly commit: string | null;
}

export interface SeriesEntry {
  /** `pretrain` for a plain folder's, unless the names say otherwise (naming.ts). */
  readonly stage: string;
  /** Unique within its stage. */
  readonly revision: string;
  /** Null when neither the series nor the name says it. */
  readonly step: number | null;
  /** Tokens seen in this stage: as the series says, else step × tokensPerStep (pretraining only), else as the name is labelled. */
  readonly tokens: number | null;
  /** The revision (or `stage/revision`) that it was trained from; null: the last checkpoint of the stage before. */
  readonly parent: string | null;
  readonly seed: number | string | null;
  /** Absolute path; null when it is not on this machine, or may be in the Hub's cache (`hub`). */
  readonly folder: string | null;
  /** Where it lies on the Hub: the hub room fetches it. Absent for what lies in a folder of the user's. */
  readonly hub?: HubPlace;
  /** Absolute folder of an adapter's base model, where the series says it. */
  readonly base?: string;
  /** Why it can't be used, when that is known without opening it; else null. */
  readonly problem: string | null;
}

export interface Stage {
  readonly name: string;
  /** Steps at which an epoch ended; null when not said. */
  readonly epochs: readonly number[] | null;
  /** How many entries it has. */
  readonly count: number;
}

export interface Series {
  readonly name: string;
  /** Absolute folder: the series' own, the one that holds `series.json`, the checkpoint itself, or the repository's in the Hub's cache. */
  readonly root: string;
  readonly source: 'folder' | 'checkpoint' | 'series.json' | 'hub';
  readonly tokensPerStep: number | null;
  /** The tokenizer that `series.json` names: absolute path of a folder or of a `tokenizer.json`. */
  readonly tokenizer: string | null;
  readonly stages: readonly Stage[];
  /** In order of stage, then step. */
  readonly entries: readonly SeriesEntry[];
  /** What was left out and why, and what looks odd. */
  readonly notes: readonly string[];
  /** Folders beside the checkpoints that are none, each with why (`notes` tells the first few). Default none. */
  readonly skipped?: readonly { readonly name: string; readonly reason: string }[];
}

export interface SeriesOptions {
  /** Tokens a training step of the pretraining stages, for folders whose names give steps. Default: unknown. A `series.json` that says its own wins. */
  tokensPerStep?: number | null;
}

/** Opens a series: a folder, a file, or the bundled one (`sample:`). An empty one is an error that says what was looked for and found. */
export async function openSeries(path: string, options: SeriesOptions = {}): Promise<Series> {
  const tokensPerStep = options.tokensPerStep ?? null;
  if (isSample(path)) return sampleSeries(path, tokensPerStep);
  const absolute = resolve(path);
  const kind = await kindOf(absolute);
  if (kind === null) throw new EigentraceError('input', await notThere(path));
  if (kind === 'file') {
    if (absolute.endsWith('.json')) return readSeriesFile(absolute, tokensPerStep);
    if (absolute.endsWith('.gguf')) return ggufSeries(absolute, tokensPerStep);
    const advice = absolute.endsWith('.safetensors') ? `; try its folder, ${dirname(path)}` : '';
    const expected = 'a folder of checkpoints, a checkpoint folder or a series.json';
    throw new EigentraceError('input', `${path}: not a series (expected ${expected}${advice})`);
  }
  const file = join(absolute, 'series.json');
  if ((await kindOf(file)) === 'file') return readSeriesFile(file, tokensPerStep);
  return readFolder(absolute, tokensPerStep);
}

/** Opens the checkpoint of an entry, with its series' config and tokenizer to fall back on. */
export async function openEntry(
  series: Series,
  entry: SeriesEntry,
  options: Pick<CheckpointOptions, 'scratchFolder' | 'remote'> = {},
): Promise<Checkpoint> {
  if (entry.folder === null || entry.problem !== null) {
    throw new EigentraceError('input', `${entry.stage}/${entry.revision}: ${entry.problem ?? notHere(entry)}`);
  }
  const above = dirname(entry.folder);
  const fallbackFolders = above === series.root ? [series.root] : [above, series.root];
  const base = entry.base ?? null;
  return openCheckpoint(entry.folder, { ...options, fallbackFolders, tokenizer: series.tokenizer, base });
}

function notHere({ hub }: SeriesEntry): string {
  return hub ? `is on the Hub (${hub.id}@${hub.revision}) and was not fetched` : 'not on this machine';
}

/** A path that is not there: the Hub's ids look the same, and their owner should hear what to do. */
async function notThere(path: string): Promise<string> {
  const link = await brokenLink(resolve(path));
  if (link !== null) return `${path}: ${link} (expected a series)`;
  const above = dirname(resolve(path));
  if ((await kindOf(above)) === 'folder') {
    const near = nearest(
      basename(path),
      (await list(above)).map(({ name }) => name),
    ).join(', ');
    return `${path}: no such file or folder (nearest there: ${near || 'nothing'})`;
  }
  const hub = /^(\w[\w.-]*)\/(\w[\w.-]*)(?:@([^@\s]+))?$/.exec(path);
  if (!hub || path.endsWith('.json')) return `${path}: no such file or folder (expected a series)`;
  return `${path}: no such folder (expected one here, or an id of the Hub where this command takes one; hf:${path} always means the Hub)`;
}
