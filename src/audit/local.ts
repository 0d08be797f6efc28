/**
 * The facts of a series on this machine: names and sizes of files, configs, headers of weight files, and which weight
 * files are copies of one another (contents.ts). No weight is used.
 */
import { dirname, join } from 'node:path';
import { brokenLinks, identify, kindOf, list, readJson, readText } from '../bytes/index.js';
import { openEntry, type Checkpoint, type Series, type SeriesEntry } from '../checkpoints/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import { incompleteness, isWeightFile, weightFilesOf } from './completeness.js';
import { contentsOf, type Content, type ContentOptions, type LocalFile } from './contents.js';
import type { RevisionFacts, RevisionFile } from './facts.js';

export interface LocalOptions extends ContentOptions {
  /** Revisions opened of revisions in all. */
  readonly onOpen?: (done: number, of: number, revision: string) => void;
  /** Entries that one wants to know about: copies among the others are not proven. Default: all. */
  readonly about?: ReadonlySet<SeriesEntry>;
}

interface Seen {
  readonly entry: SeriesEntry;
  readonly weights: readonly LocalFile[];
  readonly tokenizer: string | null;
  readonly facts: Omit<RevisionFacts, 'weights' | 'tokenizer'>;
}

const smallFile = 64 * 1024 * 1024;
/** What a reader says of a file that is not whole. */
const damage = /truncated|damaged|past the end|too short|shrank/;

/** Facts of these entries, in their order. Rejects only when interrupted. */
export async function localFacts(
  series: Series,
  entries: readonly SeriesEntry[],
  options: LocalOptions = {},
): Promise<RevisionFacts[]> {
  const seen: Seen[] = [];
  for (const [at, entry] of entries.entries()) {
    if (options.signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
    seen.push(await look(series, entry));
    options.onOpen?.(at + 1, entries.length, entry.revision);
  }
  const files = seen.flatMap(({ weights, tokenizer }) => [
    ...weights,
    ...(tokenizer === null ? [] : [{ name: tokenizer, path: tokenizer }]),
  ]);
  const about = seen.filter(({ entry }) => options.about?.has(entry) !== false);
  const wanted = about.flatMap(({ weights, tokenizer }) => [
    ...weights.map(({ path }) => path),
    ...(tokenizer === null ? [] : [tokenizer]),
  ]);
  const contents = await contentsOf(files, options.about ? { ...options, wanted: new Set(wanted) } : options);
  return seen.map(({ facts, weights, tokenizer }) => ({
    ...facts,
    weights: weights.flatMap(({ name, path }) => {
      const content: Content | undefined = contents.get(path);
      return content ? [{ name, ...content }] : [];
    }),
    tokenizer: tokenizer === null ? null : (contents.get(tokenizer)?.content ?? null),
  }));
}

async function look(series: Series, entry: SeriesEntry): Promise<Seen> {
  const { stage, revision, step, parent, seed } = entry;
  const own = { stage, revision, step, branch: JSON.stringify([parent, seed]) };
  const nothing = { config: null, dtypes: [], shapes: null, trainer: null };
  const seen = { entry, weights: [], tokenizer: null };
  const { folder } = entry;
  if (folder === null || (entry.problem !== null && (await kindOf(folder)) !== 'folder')) {
    const problem = { code: 'unreadable', message: entry.problem ?? 'not on this machine' } as const;
    return { ...seen, facts: { ...own, ...nothing, problems: [problem] } };
  }
  const inside = (await kindOf(folder)) === 'folder' ? folder : dirname(folder);
  const files = inside === folder ? await filesIn(folder) : [];
  const links = inside === folder ? await brokenLinks(folder).catch(() => []) : [];
  const problems: RevisionFacts['problems'][number][] = links.map(({ name, why }) => ({
    code: 'broken-link',
    message: `${name}: ${why}`,
  }));
  const opened = await openEntry(series, entry).catch((error: unknown) => {
    if (error instanceof EigentraceError && error.code !== 'input') throw error;
    return messageOf(error);
  });
  const above = [series.root, dirname(folder)].map((place) => join(place, 'config.json'));
  const configAbove = (await Promise.all(above.map(kindOf))).includes('file');
  if (inside === folder) {
    const text = (name: string): Promise<string | null> => readText(join(folder, name), smallFile).catch(() => null);
    const found = await incompleteness({ files, text, configAbove });
    // Readers know better than names what can be read; a broken link is why a file is not there.
    const kept = found.filter(
      ({ code }) => code === 'unfinished' || (typeof opened === 'string' && links.length === 0),
    );
    problems.push(...kept);
  }
  const trainer = await trainerState(inside);
  if (typeof opened === 'string') {
    if (problems.every(({ code }) => code === 'unfinished')) problems.push(problemIn(opened, folder));
    const weights = weightFilesOf(files).map(({ name }) => ({ name, path: join(folder, name) }));
    const config = await readJson(join(folder, 'config.json'), smallFile).catch(() => null);
    const facts = { ...own, ...nothing, config: isObject(config) ? config : null, trainer, problems };
    return { ...seen, weights, facts };
  }
  if (opened.tokenizer === null) problems.push({ code: 'no-tokenizer', message: 'no tokenizer.json' });
  return {
    entry,
    weights: weightsOf(opened),
    tokenizer: opened.tokenizer?.path ?? null,
    facts: { ...own, config: opened.config, ...tensorsOf(opened), trainer, problems },
  };
}

async function filesIn(folder: string): Promise<RevisionFile[]> {
  const inside = await list(folder).catch(() => []);
  const files: RevisionFile[] = [];
  for (const { name, kind } of inside) {
    if (kind !== 'file') continue;
    const identity = await identify(join(folder, name)).catch(() => null);
    if (identity) files.push({ name, size: identity.size, sha256: null });
  }
  return files;
}

/** Its own weight files: an adapter's base is another checkpoint's. */
function weightsOf({ files }: Checkpoint): LocalFile[] {
  return files
    .filter(({ name }) => !name.startsWith('base/') && isWeightFile(name))
    .map(({ name, path }) => ({ name, path }));
}

function tensorsOf({ tensors }: Checkpoint): Pick<RevisionFacts, 'dtypes' | 'shapes'> {
  const dtypes = new Set<string>();
  const shapes = new Map<string, string>();
  for (const { name, dtype, shape, stored } of tensors.values()) {
    dtypes.add(stored?.dtype ?? dtype);
    shapes.set(name, `[${shape.join(', ')}]`);
  }
  return { dtypes: [...dtypes].sort(), shapes };
}

/** The reader's own words, without the folder that the finding names. */
function problemIn(message: string, folder: string): RevisionFacts['problems'][number] {
  const words = message.replaceAll(`${folder}/`, '').replaceAll(`${folder}: `, '');
  return { code: damage.test(words) ? 'damaged-file' : 'unreadable', message: words };
}

async function trainerState(folder: string): Promise<RevisionFacts['trainer']> {
  const path = join(folder, 'trainer_state.json');
  if ((await kindOf(path)) !== 'file') return null;
  const state = await readJson(path, smallFile).catch(() => null);
  if (!isObject(state) || typeof state['global_step'] !== 'number') return null;
  const every = state['save_steps'];
  const saveSteps = typeof every === 'number' && Number.isInteger(every) && every > 0 ? every : null;
  return { step: state['global_step'], saveSteps };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
