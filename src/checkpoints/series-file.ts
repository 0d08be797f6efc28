/**
 * `series.json` (docs/architecture.md): stages in order, each with its checkpoints; `parent` makes a tree of it. The file is
 * the user's own: paths are relative to it and may lead anywhere. It is read whole and strictly, so that a mistake is found
 * before anything is computed; a checkpoint that is not there is kept with its problem, so that the others go on.
 */
import { basename, dirname, resolve } from 'node:path';
import { z } from 'zod';
import { kindOf, readJson } from '../bytes/index.js';
import { EigentraceError, nearest } from '../errors.js';
import { parseHubId } from './hub-id.js';
import { compareNames, parseCheckpointName } from './naming.js';
import type { Series, SeriesEntry } from './series.js';
import { countsPretraining, stagesOf } from './stages.js';

const count = z.number().int().nonnegative();

const checkpointSchema = z.looseObject({
  revision: z.string().min(1),
  /** Default: what the revision's name says. */
  step: count.nullish(),
  /** Tokens of its own stage. Default: step × tokensPerStep in pretraining, else what the name is labelled. */
  tokens: count.nullish(),
  parent: z.string().min(1).nullish(),
  seed: z.union([z.number(), z.string()]).nullish(),
  path: z.string().min(1).optional(),
  /** The base model's folder of an adapter. Default: what its adapter_config.json says. */
  base: z.string().min(1).nullish(),
  hub: z.string().min(1).optional(),
});

const stageSchema = z.looseObject({
  name: z.string().min(1),
  epochs: z.array(count).nullish(),
  checkpoints: z.array(checkpointSchema),
});

const seriesSchema = z.looseObject({
  name: z.string().min(1).optional(),
  tokensPerStep: z.number().positive().nullish(),
  tokenizer: z.string().min(1).nullish(),
  stages: z.array(stageSchema).min(1),
});
type SeriesFile = z.infer<typeof seriesSchema>;

const sizeLimit = 64 * 1024 * 1024;

/** Reads a series file. `tokensPerStep` holds where the file says none. */
export async function readSeriesFile(path: string, tokensPerStep: number | null): Promise<Series> {
  const parsed = seriesSchema.safeParse(await readJson(path, sizeLimit));
  if (!parsed.success) throw refuse(path, schemaMessage(parsed.error.issues));
  const file = parsed.data;
  const root = dirname(path);
  const perStep = file.tokensPerStep ?? tokensPerStep;

  const entries: SeriesEntry[] = [];
  for (const [at, stage] of file.stages.entries()) {
    if (file.stages.findIndex(({ name }) => name === stage.name) < at) {
      throw refuse(path, `stage ${stage.name} is there twice (expected each name once)`);
    }
    const own: SeriesEntry[] = [];
    for (const checkpoint of stage.checkpoints) {
      if (own.some(({ revision }) => revision === checkpoint.revision)) {
        throw refuse(path, `stage ${stage.name} names revision ${checkpoint.revision} twice (expected each once)`);
      }
      own.push(await entryOf(path, stage.name, at, checkpoint, perStep));
    }
    entries.push(...own.sort(compareSteps));
  }
  if (entries.length === 0) throw refuse(path, `no checkpoints, got ${file.stages.length} stages without any`);
  checkParents(path, entries);

  const tokenizer = file.tokenizer ? resolve(root, file.tokenizer) : null;
  if (tokenizer !== null && (await kindOf(tokenizer)) === null) {
    throw refuse(path, `tokenizer ${file.tokenizer} is not there, looked for ${tokenizer}`);
  }
  const epochs = new Map(file.stages.flatMap(({ name, epochs: steps }) => (steps ? [[name, steps] as const] : [])));
  return {
    name: file.name ?? (basename(root) || 'series'),
    root,
    source: 'series.json',
    tokensPerStep: perStep,
    tokenizer,
    stages: stagesOf(entries, epochs),
    entries,
    notes: unknownKeys(file),
  };
}

async function entryOf(
  file: string,
  stage: string,
  stageIndex: number,
  checkpoint: z.infer<typeof checkpointSchema>,
  tokensPerStep: number | null,
): Promise<SeriesEntry> {
  const { revision, path, hub } = checkpoint;
  if ((path === undefined) === (hub === undefined)) {
    const got = path === undefined ? 'neither' : 'both';
    throw refuse(file, `${stage}/${revision} needs a path or a hub id, got ${got} (expected one)`);
  }
  const said = parseCheckpointName(revision);
  const step = checkpoint.step ?? said.step;
  const counted = step !== null && tokensPerStep !== null && (stageIndex === 0 || countsPretraining(stage));
  const folder = path === undefined ? null : resolve(dirname(file), path);
  const place = hub === undefined ? null : parseHubId(hub);
  if (hub !== undefined && place === null) {
    throw refuse(file, `${stage}/${revision}: "hub" is no id, got ${hub} (expected org/name or org/name@revision)`);
  }
  return {
    stage,
    revision,
    step,
    tokens: checkpoint.tokens ?? (counted ? step * tokensPerStep : said.tokens),
    parent: checkpoint.parent ?? null,
    seed: checkpoint.seed ?? null,
    folder,
    ...(place ? { hub: { id: place.id, revision: place.revision ?? 'main', commit: null } } : {}),
    ...(checkpoint.base ? { base: resolve(dirname(file), checkpoint.base) } : {}),
    problem: folder === null ? null : await problemOf(folder, path!),
  };
}

async function problemOf(folder: string, path: string): Promise<string | null> {
  const kind = await kindOf(folder);
  if (kind === 'folder') return null;
  const written = path === folder ? '' : ` (written ${path})`;
  return kind === null ? `${folder}: no such folder${written}` : `${folder}: is a file, expected a checkpoint folder`;
}

/** A parent must be there, and following parents must end. */
function checkParents(path: string, entries: readonly SeriesEntry[]): void {
  const parents = new Map<SeriesEntry, SeriesEntry>();
  for (const entry of entries) {
    if (entry.parent === null) continue;
    const parent = parentOf(entry, entries);
    if (parent === null) {
      const known = nearest(entry.parent, new Set(entries.map(({ revision }) => revision))).join(', ');
      const what = `${entry.stage}/${entry.revision} has parent ${entry.parent}, which is not in the series`;
      throw refuse(path, `${what} (nearest: ${known})`);
    }
    parents.set(entry, parent);
  }
  for (const entry of parents.keys()) {
    const seen = new Set<SeriesEntry>();
    for (let at: SeriesEntry | undefined = entry; at; at = parents.get(at)) {
      if (seen.has(at))
        throw refuse(path, `${at.stage}/${at.revision} descends from itself (expected parents without a circle)`);
      seen.add(at);
    }
  }
}

/** Whom a parent's name means: `stage/revision`, else that revision in the nearest stage before, the same, or any. */
function parentOf(entry: SeriesEntry, entries: readonly SeriesEntry[]): SeriesEntry | null {
  const named = entries.filter(({ stage, revision }) => entry.parent === `${stage}/${revision}`);
  if (named[0]) return named[0];
  const same = entries.filter((other) => other !== entry && other.revision === entry.parent);
  const start = entries.findIndex(({ stage }) => stage === entry.stage);
  const before = same.filter((other) => entries.indexOf(other) < start);
  return before.at(-1) ?? same.find(({ stage }) => stage === entry.stage) ?? same[0] ?? null;
}

/** By step; without one, after the others in the order of the file. */
function compareSteps(a: SeriesEntry, b: SeriesEntry): number {
  if (a.step === null || b.step === null) return Number(a.step === null) - Number(b.step === null);
  return a.step - b.step || compareNames(a.revision, b.revision);
}

/** Keys that nobody reads: likely a slip of the pen. */
function unknownKeys(file: SeriesFile): string[] {
  const levels: [string, z.ZodObject, Record<string, unknown>[]][] = [
    ['the series', seriesSchema, [file]],
    ['a stage', stageSchema, file.stages],
    ['a checkpoint', checkpointSchema, file.stages.flatMap(({ checkpoints }) => checkpoints)],
  ];
  return levels.flatMap(([what, schema, objects]) => {
    const known = Object.keys(schema.shape);
    const unknown = new Set(objects.flatMap((object) => Object.keys(object).filter((key) => !known.includes(key))));
    return [...unknown].map(
      (key) => `series.json: ${key} of ${what} is not known and not read (nearest: ${nearest(key, known, 1).join()})`,
    );
  });
}

function schemaMessage(issues: readonly z.core.$ZodIssue[]): string {
  const [first] = issues;
  const place = first!.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  return `${place.replace(/^\./, '') || 'the file'}: ${first!.message.replace(/^Invalid input: /, '')}${more}`;
}

function refuse(path: string, what: string): EigentraceError {
  return new EigentraceError('input', `${path}: ${what}`);
}
