/**
 * The facts of revisions that are not on this machine, from what their place lists: names, sizes and hashes of files (the
 * Hub's LFS ids), and small JSON files, each content fetched once. No weight and no header of one is fetched, so shapes
 * stay unknown, and dtypes are what the config says.
 */
import type { SeriesEntry } from '../checkpoints/index.js';
import { EigentraceError, messageOf } from '../errors.js';
import { incompleteness, weightFilesOf } from './completeness.js';
import type { RevisionFacts } from './facts.js';

export interface RemoteFile {
  /** Path in the repository. */
  readonly path: string;
  readonly size: number;
  /** Of files in LFS; null for the others. */
  readonly sha256: string | null;
  /** The id of its content in git: the same for the same bytes. */
  readonly gitOid: string | null;
}

/** Where revisions lie that are not here. */
export interface RevisionSource {
  files(entry: SeriesEntry): Promise<readonly RemoteFile[]>;
  /** A small file's text; null where it is not there. */
  text(entry: SeriesEntry, path: string): Promise<string | null>;
}

export interface RemoteOptions {
  readonly signal?: AbortSignal;
  readonly onOpen?: (done: number, of: number, revision: string) => void;
}

/** Revisions asked for at a time. */
const atOnce = 8;
const stateLimit = 4 * 1024 * 1024;
/** As weight files name what configs name. */
const dtypes: Readonly<Record<string, string>> = { float64: 'F64', float32: 'F32', float16: 'F16', bfloat16: 'BF16' };

/**
 * By entry. To the revisions of a repository its `main` is added, where it has one that is not among them. Rejects when
 * interrupted, and where no revision can be listed.
 */
export async function remoteFacts(
  entries: readonly SeriesEntry[],
  source: RevisionSource,
  options: RemoteOptions = {},
): Promise<Map<SeriesEntry, RevisionFacts>> {
  const facts = new Map<SeriesEntry, RevisionFacts>();
  const texts = new Map<string, Promise<string | null>>();
  const mains = mainsOf(entries);
  const all = [...entries, ...mains];
  let done = 0;
  let failed: unknown = null;
  for (let at = 0; at < all.length; at += atOnce) {
    if (options.signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
    const some = all.slice(at, at + atOnce);
    const listed = await Promise.all(
      some.map((entry) =>
        factsOf(entry, source, texts).catch((error: unknown) => {
          if (error instanceof EigentraceError && error.code === 'interrupted') throw error;
          if (mains.includes(entry)) return null;
          failed ??= error;
          return unlisted(entry, messageOf(error));
        }),
      ),
    );
    for (const [i, entry] of some.entries()) {
      const known = listed[i];
      if (known) facts.set(entry, known);
      options.onOpen?.(++done, all.length, entry.revision);
    }
  }
  const isNone = entries.every((entry) => facts.get(entry)?.problems.some(({ code }) => code === 'unreadable'));
  if (failed !== null && isNone) throw failed as Error;
  return facts;
}

/** The `main` of each repository that gives several revisions: it should carry the weights of the last. */
function mainsOf(entries: readonly SeriesEntry[]): SeriesEntry[] {
  const repositories = new Set(entries.flatMap(({ hub }) => hub?.id ?? []));
  return [...repositories].flatMap((id) => {
    const own = entries.filter(({ hub }) => hub?.id === id);
    const last = own.at(-1)!;
    if (own.length < 2 || own.some(({ hub }) => hub?.revision === 'main')) return [];
    const hub = { id, revision: 'main', commit: null };
    return [{ ...last, revision: 'main', step: null, tokens: null, hub }];
  });
}

async function factsOf(
  entry: SeriesEntry,
  source: RevisionSource,
  texts: Map<string, Promise<string | null>>,
): Promise<RevisionFacts> {
  const listed = await source.files(entry);
  const files = listed.filter(({ path }) => !path.includes('/')).map(({ path, ...rest }) => ({ name: path, ...rest }));
  const idOf = (name: string): string | null => {
    const file = files.find((each) => each.name === name);
    return file?.sha256 ?? file?.gitOid ?? null;
  };
  const text = (name: string): Promise<string | null> => {
    const id = idOf(name);
    if (id === null) return files.some((file) => file.name === name) ? source.text(entry, name) : Promise.resolve(null);
    const known = texts.get(id) ?? source.text(entry, name);
    texts.set(id, known);
    return known;
  };
  const problems = [...(await incompleteness({ files, text, configAbove: false }))];
  const config = objectIn(await text('config.json'));
  if (!files.some(({ name }) => name === 'tokenizer.json')) {
    problems.push({ code: 'no-tokenizer', message: 'no tokenizer.json' });
  }
  const dtype = config?.['torch_dtype'] ?? config?.['dtype'];
  // It grows with every logged step: of a long run it is no small file.
  const isSmall = files.some(({ name, size }) => name === 'trainer_state.json' && size <= stateLimit);
  const state = isSmall ? objectIn(await text('trainer_state.json')) : null;
  const step = state?.['global_step'];
  const { stage, revision, parent, seed } = entry;
  return {
    ...{ stage, revision, step: entry.step, branch: JSON.stringify([parent, seed]), config, shapes: null, problems },
    weights: weightFilesOf(files).map(({ name, size, sha256, gitOid }) => ({
      ...{ name, size, sha256 },
      content: sha256 ?? gitOid,
    })),
    tokenizer: idOf('tokenizer.json'),
    dtypes: typeof dtype === 'string' ? [dtypes[dtype] ?? dtype] : [],
    trainer: typeof step === 'number' ? { step, saveSteps: null } : null,
  };
}

function unlisted({ stage, revision, step, parent, seed }: SeriesEntry, message: string): RevisionFacts {
  return {
    ...{ stage, revision, step, branch: JSON.stringify([parent, seed]), weights: [], config: null, tokenizer: null },
    ...{ dtypes: [], shapes: null, trainer: null, problems: [{ code: 'unreadable', message }] },
  };
}

function objectIn(text: string | null): Record<string, unknown> | null {
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
