/**
 * A folder as a series: its subfolders with weights, each with a config of its own, its base's or the one at the root. Names give step,
 * tokens and stage (naming.ts). The rest is skipped, each with a note. A folder that holds weights itself is a series of
 * one, unless its subfolders are checkpoints with steps: Trainer leaves the last model beside its `checkpoint-{N}`.
 */
import { basename, dirname, join } from 'node:path';
import { kindOf, list } from '../bytes/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import { compareNames, compareStages, parseCheckpointName, stageOfName } from './naming.js';
import type { Series, SeriesEntry } from './series.js';
import { countsPretraining, stagesOf } from './stages.js';
import { holdsWeights } from './weights.js';

/** Names of folders that hold no checkpoint or one that is still being written. */
export const temporary = /^(\.|tmp[-_.]|temp[-_.])|\.(tmp|incomplete|partial)$/i;

interface Candidate {
  readonly name: string;
  /** Why it is no checkpoint; null when it is one. */
  readonly skipped: string | null;
  readonly hasConfig: boolean;
}

/** Reads the names in a folder and in its subfolders, nothing else. */
export async function readFolder(root: string, tokensPerStep: number | null): Promise<Series> {
  const inside = await list(root);
  const files = inside.filter(({ kind }) => kind === 'file').map(({ name }) => name);
  const folders = inside.filter(({ kind }) => kind === 'folder').map(({ name }) => name);
  const rootConfig = files.includes('config.json');
  const candidates: Candidate[] = [];
  for (const name of folders) candidates.push(await look(root, name, rootConfig));
  const found = candidates.filter(({ skipped }) => skipped === null);
  const notes = skippedNotes(candidates);

  if (holdsWeights(files) || files.includes('adapter_config.json')) {
    const saved = found.filter(({ name, hasConfig }) => hasConfig && parseCheckpointName(name).step !== null);
    if (saved.length === 0) return oneCheckpoint(root, rootConfig || holdsItsConfig(files), tokensPerStep);
    notes.push(`${basename(root)} holds weights of its own beside its checkpoints: left out, they carry no step`);
  }
  if (found.length === 0) throw new EigentraceError('input', emptyMessage(root, files, candidates));
  const entries = found.map(({ name }) => entryOf(join(root, name), tokensPerStep)).sort(compareEntries);
  return {
    name: basename(root) || 'series',
    root,
    source: 'folder',
    tokensPerStep,
    tokenizer: null,
    stages: stagesOf(entries),
    entries,
    notes: [...notes, ...stepNotes(entries)],
    skipped: candidates.flatMap(({ name, skipped }) => (skipped === null ? [] : [{ name, reason: skipped }])),
  };
}

async function look(root: string, name: string, rootConfig: boolean): Promise<Candidate> {
  if (temporary.test(name)) return { name, skipped: 'a temporary name', hasConfig: false };
  const inside = await list(join(root, name)).catch(messageOf);
  if (typeof inside === 'string') return { name, skipped: inside, hasConfig: false };
  const files = inside.filter(({ kind }) => kind === 'file').map((entry) => entry.name);
  const hasConfig = files.includes('config.json') || holdsItsConfig(files);
  const reason = (): string | null => {
    if (files.includes('adapter_config.json') && files.some((file) => file.startsWith('adapter_model.'))) return null;
    if (!holdsWeights(inside.map((entry) => entry.name)))
      return hasConfig ? 'no weights yet' : 'no config.json and no weights';
    return hasConfig || rootConfig ? null : 'weights without a config.json, there or above';
  };
  return { name, skipped: reason(), hasConfig };
}

/** An adapter's config is its base's, a GGUF file's its metadata. */
function holdsItsConfig(files: readonly string[]): boolean {
  return files.includes('adapter_config.json') || files.some((file) => file.endsWith('.gguf'));
}

/** A GGUF file on its own: a series of one, named by the file. */
export function ggufSeries(file: string, tokensPerStep: number | null): Series {
  const entries = [{ ...entryOf(file, tokensPerStep), revision: basename(file, '.gguf') }];
  return {
    ...{ name: basename(file, '.gguf'), root: dirname(file), source: 'checkpoint', tokensPerStep, tokenizer: null },
    ...{ stages: stagesOf(entries), entries, notes: [] },
  };
}

/** A checkpoint folder on its own. A folder named by its step is called after the one above, as in its series. */
async function oneCheckpoint(folder: string, hasConfig: boolean, tokensPerStep: number | null): Promise<Series> {
  const above = dirname(folder);
  if (!hasConfig && (await kindOf(join(above, 'config.json'))) !== 'file') {
    throw new EigentraceError('input', `${folder}: weights but no config.json, there or in ${above}`);
  }
  const entry = entryOf(folder, tokensPerStep);
  const name = basename(entry.step === null ? folder : above) || 'series';
  const entries = [entry];
  const stages = stagesOf(entries);
  return { name, root: folder, source: 'checkpoint', tokensPerStep, tokenizer: null, stages, entries, notes: [] };
}

export function entryOf(folder: string, tokensPerStep: number | null): SeriesEntry {
  const revision = basename(folder);
  const said = parseCheckpointName(revision);
  const stage = stageOfName(said);
  const counted = said.step !== null && tokensPerStep !== null && countsPretraining(stage);
  const tokens = counted ? said.step * tokensPerStep : said.tokens;
  return { stage, revision, step: said.step, tokens, parent: null, seed: null, folder, problem: null };
}

/** By stage, then step; checkpoints without a step last, by name. */
export function compareEntries(a: SeriesEntry, b: SeriesEntry): number {
  const byStep = (a.step ?? Infinity) === (b.step ?? Infinity) ? 0 : (a.step ?? Infinity) - (b.step ?? Infinity);
  return compareStages(a.stage, b.stage) || byStep || compareNames(a.revision, b.revision);
}

function skippedNotes(candidates: readonly Candidate[]): string[] {
  const skipped = candidates.filter((candidate) => candidate.skipped !== null && !candidate.name.startsWith('.'));
  const notes = skipped.slice(0, 5).map(({ name, skipped: reason }) => `${name}: skipped, ${reason}`);
  return skipped.length > 5 ? [...notes, `${skipped.length - 5} more folders skipped`] : notes;
}

function stepNotes(entries: readonly SeriesEntry[]): string[] {
  const unnamed = entries.filter(({ step }) => step === null).map(({ revision }) => revision);
  const places = entries.filter(({ step }) => step !== null).map(({ stage, step }) => `${stage} step ${step}`);
  const twice = places.find((place, i) => places.indexOf(place) < i);
  return [
    ...(unnamed.length > 0
      ? [`no step in the name of ${unnamed.slice(0, 3).join(', ')} (${unnamed.length} in all)`]
      : []),
    ...(twice === undefined ? [] : [`${twice} is there more than once`]),
  ];
}

function emptyMessage(root: string, files: readonly string[], candidates: readonly Candidate[]): string {
  const seen = candidates
    .slice(0, 3)
    .map(({ name, skipped }) => `${name}: ${skipped}`)
    .join('; ');
  const more = candidates.length > 3 ? `; …` : '';
  const got = `got ${candidates.length} folders${seen ? ` (${seen}${more})` : ''} and ${files.length} files`;
  const expected = 'expected folders such as step1000/ with config.json and model.safetensors, or a series.json';
  return `${root}: no checkpoints, ${got} (${expected})`;
}
