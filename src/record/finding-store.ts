/**
 * Findings in a run: one JSON file each, complete or absent (staged, then renamed). Stored ones are used again when
 * their key is the wanted one and their hashes hold, as measurements are (reuse.ts).
 */
import { kindOf, readJson } from '../bytes/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import {
  composeFinding,
  findingKey,
  findingProblems,
  parseFinding,
  type Finding,
  type FindingDraft,
  type FindingRef,
} from './finding.js';
import { clearFindingFailure } from './finding-run.js';
import { readableJson } from './json.js';
import { differences } from './key.js';
import { measurementStem } from './paths.js';
import type { Run } from './run.js';

/** A finding and where it lies. */
export interface StoredFinding {
  readonly path: string;
  readonly finding: Finding;
}

/** Path of a finding's file. */
export function findingPath(run: Pick<Run, 'path'>, ref: FindingRef): string {
  return `${run.path}/${measurementStem(ref).replace(/^geometry\//, `${ref.kind}/`)}.json`;
}

/** Stores a finding in the place of an older one of the same name; when that fails the older one stays. */
export async function writeFinding(run: Run, draft: FindingDraft): Promise<StoredFinding> {
  const finding = composeFinding(draft);
  const path = findingPath(run, draft);
  try {
    await (await run.stage(path, readableJson(finding))).commit();
  } catch (error) {
    if (!(error instanceof EigentraceError) || error.code !== 'environment') throw error;
    const message = `${error.message}; nothing of this finding was kept, make room and run the same command again`;
    throw new EigentraceError('environment', message, { cause: error });
  }
  await clearFindingFailure(run, draft);
  return { path, finding };
}

/** A stored finding; null when there is none. Throws `integrity` when it is damaged or edited, `input` when it is newer. */
export async function readFinding(run: Run, ref: FindingRef): Promise<StoredFinding | null> {
  const path = findingPath(run, ref);
  return (await kindOf(path)) === null ? null : readSoundFinding(run, path);
}

/** The finding in a file, its form and place checked but not its hashes. */
export async function readFindingForm(run: Pick<Run, 'path'>, path: string): Promise<StoredFinding> {
  let json: unknown;
  try {
    json = await readJson(path);
  } catch (error) {
    throw new EigentraceError('integrity', messageOf(error), { cause: error });
  }
  const finding = parseFinding(json, path);
  if (findingPath(run, finding) === path) return { path, finding };
  const { kind, series, stage, revision, variant } = finding;
  const says = [kind, series, stage, revision, ...(variant === null ? [] : [variant])].join('/');
  throw new EigentraceError('integrity', `${path}: was moved or renamed, it holds the finding of ${says}`);
}

/** The finding in a file; throws where its form, place or hashes don't hold. */
export async function readSoundFinding(run: Run, path: string): Promise<StoredFinding> {
  const stored = await readFindingForm(run, path);
  const [problem] = findingProblems(stored.finding, path);
  if (problem !== undefined) throw new EigentraceError('integrity', problem);
  return stored;
}

/**
 * Whether a finding with the wanted key is there and sound. The note says why what is there can't be used, part of the
 * key by part. One that a newer version made is an error: it would be overwritten.
 */
export async function findReusableFinding(
  run: Run,
  ref: FindingRef,
  parts: Readonly<Record<string, unknown>>,
): Promise<{ stored: StoredFinding | null; note: string | null }> {
  let stored: StoredFinding | null;
  try {
    stored = await readFinding(run, ref);
  } catch (error) {
    if (error instanceof EigentraceError && error.code === 'integrity') return { stored: null, note: error.message };
    throw error;
  }
  if (stored === null || stored.finding.key === findingKey(parts)) return { stored, note: null };
  const differing = differences(stored.finding.keyParts, parts).join('; ');
  return { stored: null, note: `${ref.revision}: found with other options (${differing})` };
}
