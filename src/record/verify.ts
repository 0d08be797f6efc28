/**
 * A whole run verified: `run.json`, every measurement's two files and every finding's, one after the other, so that memory does not grow
 * with the run. Nothing is written. What was wrong is told by file; what could not be checked is told too.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, isRegularFile, kindOf, list, readText, repeatedKey } from '../bytes/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import { findingKinds } from './finding.js';
import { findingFiles } from './finding-listing.js';
import { verifyFinding } from './verify-finding.js';
import { openRun, recordProblem, runFormat, runVersion, type Run } from './run.js';
import type { Deep } from './verify-features.js';
import { verifyMeasurement, type MeasurementCheck, type Unchecked, type VerifyProblem } from './verify-measurement.js';
import { missingCheckpoints, requestProblem, summaryOf, type Measured } from './verify-run.js';

export interface VerifyOptions {
  /** Recompute spectra from rows that were kept. Default null: rows are only hashed. */
  readonly deep?: Deep | null;
  readonly signal?: AbortSignal | undefined;
  /** A measurement was verified, of how many. */
  readonly onProgress?: ((done: number, of: number, file: string) => void) | undefined;
}

export interface Verification {
  readonly run: string;
  /** Whether no problem was found. */
  readonly sound: boolean;
  /** By file, in order of the files. */
  readonly problems: readonly VerifyProblem[];
  /** What could not be checked, one entry a kind, with how many files it concerns and the first of them. */
  readonly unchecked: readonly { what: string; why: string; files: number; first: string }[];
  /** What a reader may want to know and is no damage: leftovers, files of others, checkpoints without a measurement. */
  readonly notes: readonly string[];
  readonly checked: {
    readonly measurements: number;
    readonly layers: number;
    /** Figures, errors and left-out values that were recomputed and agree or not. */
    readonly figures: number;
    readonly spectra: number;
    /** Rows that spectra were computed from again. */
    readonly rows: number;
    /** Bytes of arrays that were hashed. */
    readonly bytes: number;
    /** Findings (tasks, memorization, …) whose hashes were recomputed. */
    readonly findings: number;
  };
}

/** Rooms of a run whose results are not verified. */
const otherRooms = ['phases'];

/** Verifies the run in a folder. Rejects where there is no run, or when interrupted; damage is part of the result. */
export async function verifyRun(path: string, options: VerifyOptions = {}): Promise<Verification> {
  const { deep = null, signal, onProgress } = options;
  const folder = path.replace(/\/+$/, '') || path;
  const problems: VerifyProblem[] = [];
  const unchecked: Unchecked[] = [];
  const notes: string[] = [];
  const checked = { measurements: 0, layers: 0, figures: 0, spectra: 0, rows: 0, bytes: 0, findings: 0 };

  const run = await openOrTell(folder, problems);
  const found = await filesOf(folder);
  problems.push(...found.strays);
  notes.push(...found.notes);
  const measured: Measured[] = [];
  const findings: string[] = [];
  for (const kind of findingKinds) findings.push(...(await findingFiles({ path: folder }, kind)));
  const of = found.measurements.length + findings.length;
  for (const [i, file] of found.measurements.entries()) {
    if (signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
    const check = await settled(run, `${folder}/${file}`, deep);
    problems.push(...check.problems);
    unchecked.push(...check.unchecked);
    if (check.measurement) {
      measured.push(summaryOf(check.measurement, file));
      checked.measurements++;
    }
    for (const name of ['layers', 'figures', 'spectra', 'rows', 'bytes'] as const) checked[name] += check.checked[name];
    onProgress?.(i + 1, of, file);
  }
  for (const [i, path] of findings.entries()) {
    if (signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
    problems.push(...(await verifyFinding(run, path)));
    checked.findings++;
    onProgress?.(found.measurements.length + i + 1, of, path.slice(folder.length + 1));
  }

  if (run.isRead) {
    problems.push(...recordProblems(run, measured));
    if (run.record.record_sha256 === undefined && !measured.some(({ hashedProvenance }) => hashedProvenance)) {
      unchecked.push({
        ...{ what: 'dates and paths in run.json', file: 'run.json' },
        why: 'written by an early version, which kept no hash of it; the rest was held against the measurements',
      });
    }
    const missing = missingCheckpoints(run.record, measured);
    if (missing.length > 0) {
      const shown = missing.slice(0, 3).join(', ') + (missing.length > 3 ? ', …' : '');
      const have = missing.length === 1 ? 'has' : 'have';
      const what = `${missing.length} of the checkpoints asked for ${have} no measurement`;
      notes.push(`${what} (never traced, or removed): ${shown}`);
    }
    for (const { stage, revision, message } of run.record.failures)
      notes.push(`${stage}/${revision} failed: ${message}`);
    for (const { kind, stage, revision, message } of run.record.findings?.failures ?? [])
      notes.push(`${kind} of ${stage}/${revision} failed: ${message}`);
  }
  return {
    run: path,
    sound: problems.length === 0,
    problems: inOrder(problems),
    unchecked: grouped(unchecked),
    notes,
    checked,
  };
}

/** The run, or an empty one in its place when `run.json` can't be read: the measurements are verified all the same. */
async function openOrTell(folder: string, problems: VerifyProblem[]): Promise<Run & { isRead: boolean }> {
  const file = 'run.json';
  const add = (message: string): void => {
    problems.push({ file, code: 'run', message: message.replace(`${folder}/${file}: `, '') });
  };
  try {
    if ((await kindOf(`${folder}/${file}`)) !== null && !(await isRegularFile(`${folder}/${file}`))) {
      throw new EigentraceError('integrity', 'not a regular file');
    }
    const run = await openRun(folder);
    const repeated = repeatedKey(await readText(`${folder}/${file}`));
    if (repeated !== null) add(`names ${repeated} twice (expected each key once)`);
    return { ...run, isRead: true };
  } catch (error) {
    const isThere = (await kindOf(`${folder}/${file}`)) !== null;
    if (!isThere && (await kindOf(`${folder}/geometry`)) !== 'folder') throw error;
    add(isThere ? messageOf(error) : 'is missing (expected it beside geometry/)');
    const record = { format: runFormat, version: runVersion, requests: [], failures: [] };
    return { path: folder, record, stage: () => Promise.reject(new Error('nothing is written')), isRead: false };
  }
}

/**
 * A process that traces into the run may be between its two renames: what looks wrong is looked at again when the files
 * changed under way, or a writer holds its lock.
 */
async function settled(run: Run, path: string, deep: Deep | null): Promise<MeasurementCheck> {
  const state = async (): Promise<string> => {
    const paths = [path, path.replace(/\.json$/, '.safetensors')];
    return JSON.stringify(await Promise.all(paths.map((file) => identify(file).catch(() => null))));
  };
  const before = await state();
  const check = await verifyMeasurement(run, path, deep);
  if (check.problems.length === 0) return check;
  const isWriting = (await kindOf(`${run.path}/.write.lock`)) !== null;
  if (!isWriting && before === (await state())) return check;
  await sleep(100);
  return verifyMeasurement(run, path, deep);
}

function recordProblems(run: Run, measured: readonly Measured[]): VerifyProblem[] {
  const file = 'run.json';
  const { record } = run;
  const problems: VerifyProblem[] = [];
  const changed = recordProblem(record, file);
  if (changed !== null) problems.push({ file, code: 'hash', message: changed.slice(file.length + 2) });
  // Whoever writes a hash of the provenance has written one of run.json before.
  if (record.record_sha256 === undefined && measured.some(({ hashedProvenance }) => hashedProvenance)) {
    problems.push({
      file,
      code: 'hash',
      message: 'record_sha256 is missing (expected one: its measurements have theirs)',
    });
  }
  const tokenizers = new Map<string, Set<string | null>>();
  const group = ({ series, variant }: Measured): string => JSON.stringify([series, variant]);
  for (const m of measured) tokenizers.set(group(m), (tokenizers.get(group(m)) ?? new Set()).add(m.tokenizer));
  for (const m of measured) {
    const message = requestProblem(record, m, tokenizers.get(group(m))!.size);
    if (message !== null) problems.push({ file: m.file, code: 'run', message });
  }
  return problems;
}

/** Files below `geometry`, two folders down, by what they are. */
async function filesOf(folder: string): Promise<{ measurements: string[]; strays: VerifyProblem[]; notes: string[] }> {
  const measurements: string[] = [];
  const strays: VerifyProblem[] = [];
  const notes: string[] = [];
  const leftovers: string[] = [];
  const others: string[] = [];
  const sort = async (below: string, depth: number): Promise<void> => {
    if ((await kindOf(`${folder}/${below}`)) !== 'folder') return;
    const entries = await list(`${folder}/${below}`);
    const names = new Set(entries.map(({ name }) => name));
    for (const { name, kind } of entries) {
      const file = `${below}/${name}`;
      const stem = name.replace(/\.safetensors$/, '');
      if (name.startsWith('.tmp-')) leftovers.push(file);
      else if (name.startsWith('.')) continue;
      else if (kind === 'folder' && depth < 2) await sort(file, depth + 1);
      else if (depth === 2 && name.endsWith('.json')) measurements.push(file);
      else if (depth === 2 && stem !== name) {
        if (names.has(`${stem}.json`)) continue;
        const message = `arrays without a measurement: ${stem}.json is missing (removed, or its writer was killed; trace measures it again)`;
        strays.push({ file, code: 'stray', message });
      } else others.push(file);
    }
  };
  await sort('geometry', 0);
  const top = await list(folder);
  leftovers.push(...top.filter(({ name }) => name.startsWith('.tmp-')).map(({ name }) => name));
  const shown = (files: readonly string[]): string => files.slice(0, 3).join(', ') + (files.length > 3 ? ', …' : '');
  if (leftovers.length > 0) {
    const what = leftovers.length === 1 ? '1 temporary file' : `${leftovers.length} temporary files`;
    notes.push(`${what} of writers that are at work or were killed: ${shown(leftovers)}`);
  }
  if (others.length > 0) notes.push(`not of the run, below geometry/: ${shown(others)}`);
  const unread = top.filter(({ name, kind }) => kind === 'folder' && otherRooms.includes(name)).map(({ name }) => name);
  if (unread.length > 0) notes.push(`not verified yet: ${unread.map((name) => `${name}/`).join(', ')}`);
  return { measurements, strays, notes };
}

function inOrder(problems: readonly VerifyProblem[]): VerifyProblem[] {
  const files = [...new Set(problems.map(({ file }) => file))].sort();
  return files.flatMap((file) => problems.filter((problem) => problem.file === file));
}

function grouped(unchecked: readonly Unchecked[]): Verification['unchecked'] {
  const kinds = new Map<string, { what: string; why: string; all: Set<string> }>();
  for (const { what, why, file } of unchecked) {
    const key = JSON.stringify([what, why]);
    const kind = kinds.get(key) ?? { what, why, all: new Set<string>() };
    kinds.set(key, kind);
    kind.all.add(file);
  }
  return [...kinds.values()].map(({ what, why, all }) => ({ what, why, files: all.size, first: [...all][0]! }));
}
