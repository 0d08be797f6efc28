/**
 * `series.json` (docs/architecture.md): stages in order, each with its checkpoints; `parent` makes a tree of it. The file is
 * the user's own: paths are relative to it and may lead anywhere. It is read whole and strictly, so that a mistake is found
 * before anything is computed (series-checks.ts: parents, tokens); a checkpoint that is not there is kept with its problem, so that the others go on.
 */
import { basename, dirname, resolve } from 'node:path';
import { z } from 'zod';
import { kindOf, readJson, readText, repeatedKey } from '../bytes/index.js';
import { nearest } from '../errors.js';
import { parseHubId } from './hub-id.js';
import { compareNames, parseCheckpointName } from './naming.js';
import type { Series, SeriesEntry } from './series.js';
import { checkParents, checkTokens, refuse } from './series-checks.js';
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
  return seriesFrom(await readOnce(path), path, tokensPerStep);
}

/** The series that a file's content means, `path` being where it lies or is to lie. */
export async function seriesFrom(json: unknown, path: string, tokensPerStep: number | null): Promise<Series> {
  const parsed = seriesSchema.safeParse(json);
  if (!parsed.success) throw refuse(path, schemaMessage(parsed.error.issues));
  const file = parsed.data;
  checkKeys(path, file);
  const root = dirname(path);
  const perStep = file.tokensPerStep ?? tokensPerStep;

  const entries: SeriesEntry[] = [];
  for (const [at, stage] of file.stages.entries()) {
    if (file.stages.findIndex(({ name }) => name === stage.name) < at) {
      throw refuse(path, `stage ${stage.name} is there twice (expected each name once)`);
    }
    checkEpochs(path, stage);
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
  checkTokens(path, entries, file.tokensPerStep ?? null);

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
    notes: [],
  };
}

/** JSON in which no key is there twice: the first of two would be lost without a word. */
async function readOnce(path: string): Promise<unknown> {
  const json = await readJson(path, sizeLimit);
  const repeated = repeatedKey(await readText(path, sizeLimit));
  if (repeated !== null) throw refuse(path, `names ${repeated} twice in one object (expected each key once)`);
  return json;
}

/** Keys that nobody reads are slips of the pen: what they were to say would be missing in silence. */
function checkKeys(path: string, file: SeriesFile): void {
  const refuseUnknown = (what: string, schema: z.ZodObject, object: Record<string, unknown>): void => {
    const known = Object.keys(schema.shape);
    const key = Object.keys(object).find((each) => !known.includes(each) && each !== '$schema');
    if (key === undefined) return;
    throw refuse(path, `${what} has an unknown field, got ${key} (nearest: ${nearest(key, known).join(', ')})`);
  };
  refuseUnknown('the series', seriesSchema, file);
  for (const stage of file.stages) {
    refuseUnknown(`stage ${stage.name}`, stageSchema, stage);
    for (const each of stage.checkpoints) refuseUnknown(`${stage.name}/${each.revision}`, checkpointSchema, each);
  }
}

function checkEpochs(path: string, { name, epochs }: SeriesFile['stages'][number]): void {
  const at = (epochs ?? []).findIndex((step, i) => i > 0 && step <= epochs![i - 1]!);
  if (at < 0) return;
  const got = `${epochs![at - 1]}, ${epochs![at]}`;
  throw refuse(path, `stage ${name}: epochs must ascend, got ${got} (expected the steps at which epochs end)`);
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

/** By step; without one, after the others in the order of the file. */
function compareSteps(a: SeriesEntry, b: SeriesEntry): number {
  if (a.step === null || b.step === null) return Number(a.step === null) - Number(b.step === null);
  return a.step - b.step || compareNames(a.revision, b.revision);
}

function schemaMessage(issues: readonly z.core.$ZodIssue[]): string {
  const [first] = issues;
  const place = first!.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('');
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : '';
  return `${place.replace(/^\./, '') || 'the file'}: ${first!.message.replace(/^Invalid input: /, '')}${more}`;
}
