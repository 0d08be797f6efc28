/**
 * How far a running trace is, in `RUN/.progress.json`: written by whoever measures, read by a live page. It is no
 * part of the run: it goes when the work ends, and one whose writer was killed is stale after half a minute.
 */
import { z } from 'zod';
import { kindOf, readJson } from '../bytes/index.js';
import { controlSchema } from './measurement.js';

/** The file's name in a run's folder; names with a dot are no measurements. */
export const progressName = '.progress.json';
/** Milliseconds after which a file that was not written again counts as left behind. */
const staleAfter = 30_000;
const sizeLimit = 65_536;

const count = z.int().min(0);
/** What may be under way; the last three are of the rooms beside trace. */
const phases = [
  ...(['start', 'wait', 'download', 'tokenize', 'hash', 'load', 'forward', 'nll', 'spectrum'] as const),
  ...(['score', 'generate', 'query'] as const),
] as const;
const progressSchema = z.looseObject({
  run: z.string(),
  /** Of the process that writes it. */
  pid: count,
  revision: z.string(),
  /** Of the null under way; null for a real measurement. */
  control: controlSchema.nullable(),
  phase: z.enum(phases),
  /** While it waits for a training to save the next checkpoint: the last step measured; null before the first. */
  after: z.number().nullable().optional(),
  /**
   * In tokens (forward, nll, generate), bytes (hash, load), sequences (tokenize), decompositions (spectrum), items (score,
   * query). `of` 0: not known.
   */
  done: z.number().min(0),
  of: z.number().min(0),
  /** Which checkpoint of the request, from 0, of how many; its controls are counted too. */
  index: count,
  total: count,
  /** From what was measured so far; null until one was. */
  secondsLeft: z.number().min(0).nullable(),
  /** When it was written, ISO 8601. */
  updated: z.iso.datetime(),
});

export type RunProgress = z.infer<typeof progressSchema>;

/** Progress from parsed JSON; null where it isn't one. */
export function parseProgress(json: unknown): RunProgress | null {
  const parsed = progressSchema.safeParse(json);
  return parsed.success ? parsed.data : null;
}

/** Whether its writer has said nothing for half a minute. `now` in milliseconds since 1970. */
export function isStale(progress: RunProgress, now = Date.now()): boolean {
  return now - Date.parse(progress.updated) > staleAfter;
}

/** What a trace into the folder `path` says of itself; null when none runs, or when it can't be told. Never throws. */
export async function readProgress(path: string, now = Date.now()): Promise<RunProgress | null> {
  const file = `${path}/${progressName}`;
  if ((await kindOf(file)) !== 'file') return null;
  // It may go between the two; a form that isn't known is no progress.
  const json = await readJson(file, sizeLimit).catch(() => null);
  const progress = parseProgress(json);
  return progress === null || isStale(progress, now) ? null : progress;
}
