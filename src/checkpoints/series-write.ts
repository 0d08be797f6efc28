/**
 * A `series.json` made from places: `pretrain=EleutherAI/pythia-1b@step143000`, `sft=./sft-run`, `dpo=./dpo-run`. Each
 * place's checkpoints become those of its stage; paths are written relative to the file. What is made is checked by the
 * reader (series-file.ts), which is the one that says what is right.
 */
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { kindOf, readJson } from '../bytes/index.js';
import { EigentraceError, nearest } from '../errors.js';
import { parseHubId } from './hub-id.js';
import { parseCheckpointName } from './naming.js';
import { selectRevisions } from './revisions.js';
import { openSeries, type Series, type SeriesEntry } from './series.js';

export interface SeriesPart {
  /** Null: the stages that the place's names say. */
  readonly stage: string | null;
  /** A folder, a `series.json`, or a Hub id. */
  readonly place: string;
}

export interface SeriesRecipe {
  readonly parts: readonly SeriesPart[];
  /** Default: the file's folder. */
  readonly name?: string | null;
  readonly tokensPerStep?: number | null;
  /** A folder or a `tokenizer.json`, for checkpoints that have none. */
  readonly tokenizer?: string | null;
  /** By stage: where epochs end, in steps. */
  readonly epochs?: Readonly<Record<string, readonly number[]>>;
  /** By stage: the step of its one checkpoint, whose name doesn't say it. */
  readonly steps?: Readonly<Record<string, number>>;
  /** By stage: which of its checkpoints (`--revisions`' words). */
  readonly revisions?: Readonly<Record<string, string>>;
  /** By stage: the revision that it was trained from, where that is not the last one before. */
  readonly parents?: Readonly<Record<string, string>>;
  /** By stage: the base model's folder of its adapters. */
  readonly bases?: Readonly<Record<string, string>>;
}

export interface WrittenCheckpoint {
  revision: string;
  step?: number;
  tokens?: number;
  parent?: string;
  seed?: string | number;
  path?: string;
  hub?: string;
  base?: string;
}

export interface WrittenSeries {
  name?: string;
  tokensPerStep?: number;
  tokenizer?: string;
  stages: { name: string; epochs?: number[]; checkpoints: WrittenCheckpoint[] }[];
}

/** Opens a Hub id as a series; the hub room's business. Null: ids are taken as they are written, one checkpoint each. */
export type OpenHub = (id: string) => Promise<Series>;

/** Puts a series together for a file that is to lie in `folder`. Places that are not there are errors. */
export async function composeSeries(
  recipe: SeriesRecipe,
  folder: string,
  openHub: OpenHub | null = null,
): Promise<WrittenSeries> {
  if (recipe.parts.length === 0) throw usage('STAGE=PLACE: is missing (expected one or more, such as sft=./sft-run)');
  const stages = new Map<string, WrittenCheckpoint[]>();
  const twice = recipe.parts.filter(({ stage }, at) => recipe.parts.findIndex((part) => part.stage === stage) < at);
  for (const part of recipe.parts) {
    const isOneOfSeveral = part.stage !== null && twice.some(({ stage }) => stage === part.stage);
    const entries = await entriesOf(part, recipe, openHub);
    for (const entry of entries) {
      const stage = stageOf(part, entry, entries[0]!.stage);
      const written = writtenOf(entry, stage, recipe, folder);
      const own = isOneOfSeveral ? labelled(written, part) : written;
      stages.set(stage, [...(stages.get(stage) ?? []), own]);
    }
  }
  checkStages(recipe, stages);
  const { name, tokensPerStep, tokenizer, epochs } = recipe;
  return {
    ...(name ? { name } : {}),
    ...(tokensPerStep ? { tokensPerStep } : {}),
    ...(tokenizer ? { tokenizer: relativeTo(folder, await there(tokenizer, '--tokenizer')) } : {}),
    stages: [...stages].map(([stage, checkpoints]) => ({
      name: stage,
      ...(epochs?.[stage] ? { epochs: [...epochs[stage]] } : {}),
      checkpoints,
    })),
  };
}

/** JSON a person reads and edits: a line a checkpoint. */
export function seriesText({ stages, ...head }: WrittenSeries): string {
  const facts = Object.entries(head).map(([key, value]) => ` ${JSON.stringify(key)}: ${JSON.stringify(value)},\n`);
  const blocks = stages.map(({ name, epochs, checkpoints }) => {
    const marks = epochs ? `, "epochs": ${JSON.stringify(epochs).replaceAll(',', ', ')}` : '';
    const lines = checkpoints.map((each) => `    ${lineOf(each)}`).join(',\n');
    return `  { "name": ${JSON.stringify(name)}${marks}, "checkpoints": [\n${lines}\n  ] }`;
  });
  return `{\n${facts.join('')} "stages": [\n${blocks.join(',\n')}\n ]\n}\n`;
}

function lineOf(checkpoint: WrittenCheckpoint): string {
  const pairs = Object.entries(checkpoint).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`);
  return `{ ${pairs.join(', ')} }`;
}

async function entriesOf(
  part: SeriesPart,
  recipe: SeriesRecipe,
  openHub: OpenHub | null,
): Promise<readonly SeriesEntry[]> {
  const { entries } = await open(part.place, recipe.tokensPerStep ?? null, openHub);
  const spec = recipe.revisions?.[part.stage ?? ''];
  const chosen = spec === undefined ? entries : selectRevisions(entries, spec);
  const bad = chosen.find(({ problem }) => problem !== null);
  if (bad) throw new EigentraceError('input', `${part.place}: ${bad.revision}: ${bad.problem}`);
  const [one] = chosen;
  if (chosen.length > 1 || one === undefined || one.step !== null) return chosen;
  return [{ ...one, step: await trainedSteps(one) }];
}

/** A folder that is there is meant, whatever it looks like; else a Hub id. */
async function open(place: string, tokensPerStep: number | null, openHub: OpenHub | null): Promise<Series> {
  const hub = (await kindOf(resolve(place))) === null ? parseHubId(place) : null;
  // Of one part, or `./x`: a folder that is not there.
  if (hub === null || !hub.id.includes('/') || /^\.{0,2}[/\\]/.test(place)) return openSeries(place, { tokensPerStep });
  if (hub.revision === null) {
    // A whole repository has to be listed; one revision is taken as it is written, so that no network is needed.
    if (openHub !== null) return openHub(place);
    throw new EigentraceError(
      'input',
      `${place}: which revision is meant is unclear (expected ${hub.id}@REVISION, such as ${hub.id}@main)`,
    );
  }
  const { step, tokens } = parseCheckpointName(hub.revision);
  const entry: SeriesEntry = {
    ...{ stage: 'pretrain', revision: hub.revision, step, tokens, parent: null, seed: null, folder: null },
    ...{ hub: { id: hub.id, revision: hub.revision, commit: null }, problem: null },
  };
  const rest = { tokensPerStep, tokenizer: null, stages: [], entries: [entry], notes: [] };
  return { name: basename(hub.id), root: '', source: 'hub', ...rest };
}

/** The last model of a Trainer carries no step in its name, but in its state. */
async function trainedSteps({ folder }: SeriesEntry): Promise<number | null> {
  if (folder === null) return null;
  const state = await readJson(join(folder, 'trainer_state.json'), 64 * 1024 * 1024).catch(() => null);
  const step = (state as { global_step?: unknown } | null)?.global_step;
  return typeof step === 'number' && Number.isInteger(step) && step >= 0 ? step : null;
}

/** A stage that is given is that of the place's first; later ones of a place with several (OLMo's stage 2) keep their names. */
function stageOf({ stage }: SeriesPart, entry: SeriesEntry, first: string): string {
  return stage !== null && entry.stage === first ? stage : entry.stage;
}

function writtenOf(entry: SeriesEntry, stage: string, recipe: SeriesRecipe, folder: string): WrittenCheckpoint {
  const { revision, hub, seed } = entry;
  const step = recipe.steps?.[stage] ?? entry.step;
  // What follows from the name or from tokensPerStep need not be written.
  const counted = step !== null && recipe.tokensPerStep ? step * recipe.tokensPerStep : null;
  const isSaid = [parseCheckpointName(revision).tokens, counted].includes(entry.tokens);
  const parent = entry.parent ?? recipe.parents?.[stage] ?? null;
  const base = recipe.bases?.[stage] ?? entry.base ?? null;
  return {
    revision,
    ...(step === null ? {} : { step }),
    ...(entry.tokens === null || isSaid ? {} : { tokens: entry.tokens }),
    ...(parent === null ? {} : { parent }),
    ...(seed === null ? {} : { seed }),
    ...(hub ? { hub: `${hub.id}@${hub.revision}` } : { path: relativeTo(folder, entry.folder!) }),
    ...(base === null ? {} : { base: relativeTo(folder, resolve(base)) }),
  };
}

/** Of several places of one stage the checkpoints are told apart by their place: runs with other seeds. */
function labelled(written: WrittenCheckpoint, { place }: SeriesPart): WrittenCheckpoint {
  const run = basename(parseHubId(place)?.id ?? resolve(place));
  const revision = written.revision === run ? run : `${run}/${written.revision}`;
  return { ...written, revision, seed: written.seed ?? run };
}

function checkStages(recipe: SeriesRecipe, found: ReadonlyMap<string, readonly unknown[]>): void {
  const stages = [...found.keys()];
  const options = { epochs: recipe.epochs, step: recipe.steps, revisions: recipe.revisions };
  const more = { parent: recipe.parents, base: recipe.bases };
  for (const [option, values] of Object.entries({ ...options, ...more })) {
    for (const stage of Object.keys(values ?? {})) {
      if (stages.includes(stage)) continue;
      throw usage(`--${option} ${stage}: no such stage (nearest: ${nearest(stage, stages).join(', ')})`);
    }
  }
  for (const stage of Object.keys(recipe.steps ?? {})) {
    const count = found.get(stage)!.length;
    if (count !== 1)
      throw usage(`--step ${stage}: the stage has ${count} checkpoints (expected one, which the step is of)`);
  }
}

async function there(path: string, option: string): Promise<string> {
  if ((await kindOf(resolve(path))) === null) throw usage(`${option}: no such file or folder, got ${path}`);
  return resolve(path);
}

/** With `/` everywhere, so that the file moves between systems together with its checkpoints. */
function relativeTo(folder: string, path: string): string {
  const way = relative(folder, path);
  return way === '' ? '.' : isAbsolute(way) ? way : way.split(sep).join('/');
}

function usage(message: string): EigentraceError {
  return new EigentraceError('usage', message);
}
