/**
 * `--features 'DIR/{revision}.npy'`: which files hold whose representations. Without a series the files that match the
 * pattern are the series, their names give steps and tokens as those of checkpoints do; with one they are looked up
 * for its checkpoints. `{revision}`, `{step}`, `{stage}` and `{layer}` stand for a part of a name, never for a `/`.
 */
import { basename, resolve } from 'node:path';
import { kindOf, list } from '../bytes/index.js';
import { parseCheckpointName, stageOfName, type Series, type SeriesEntry } from '../checkpoints/index.js';
import { compareNames, compareStages } from '../checkpoints/naming.js';
import { countsPretraining, stagesOf } from '../checkpoints/stages.js';
import { EigentraceError, nearest } from '../errors.js';
import { endingOf, featureEndings } from '../features/index.js';

const placeholders = ['revision', 'step', 'stage', 'layer'] as const;
type Placeholder = (typeof placeholders)[number];
type Captures = Readonly<Partial<Record<Placeholder, string>>>;

interface Match {
  readonly path: string;
  readonly captures: Captures;
}

/** A series whose checkpoints are files. */
export interface FeatureSeries {
  readonly series: Series;
  /** Whether the pattern names the layer, so that each file holds one. */
  readonly byLayer: boolean;
  /** Layer names of a checkpoint that `--layers` asks for, and the file of each. A missing file is an error. */
  files(entry: SeriesEntry, layers: string): Promise<Map<string, string>>;
}

/** Opens a pattern; `series` gives stages, steps and tokens where there is one. */
export async function openFeatureSeries(
  pattern: string,
  series: Series | null,
  tokensPerStep: number | null,
): Promise<FeatureSeries> {
  const names = namesIn(pattern);
  const path = resolve(pattern).replaceAll('\\', '/');
  const matches = await walk(path);
  const single = !names.has('revision') && !names.has('step');
  const found = series ?? seriesOf(pattern, path, matches, single, tokensPerStep);
  if (series && single && series.entries.length > 1) {
    throw refuse(
      pattern,
      `names one file for ${series.entries.length} checkpoints (expected {revision} or {step} in it)`,
    );
  }
  return {
    series: found,
    byLayer: names.has('layer'),
    files: (entry, layers) => filesOf(pattern, path, matches, entry, layers, names),
  };
}

function namesIn(pattern: string): Set<string> {
  const names = new Set<string>();
  for (const [, name] of pattern.matchAll(/\{([^{}]*)\}/g)) {
    if (!(placeholders as readonly string[]).includes(name!)) {
      throw refuse(pattern, `unknown placeholder, got {${name}} (nearest: {${nearest(name!, placeholders, 1)[0]}})`);
    }
    names.add(name!);
  }
  if (endingOf(pattern) === null) {
    throw refuse(pattern, `names no format that is read (expected it to end in ${featureEndings.join(', ')})`);
  }
  return names;
}

/** Files that match, folder by folder: only folders that the pattern can lead into are listed. */
async function walk(path: string): Promise<Match[]> {
  const [first, ...rest] = path.split('/');
  let level: Match[] = [{ path: first!, captures: {} }];
  for (const [i, segment] of rest.entries()) {
    const kind = i === rest.length - 1 ? 'file' : 'folder';
    const next: Match[] = [];
    for (const { path: above, captures } of level) {
      if (!/\{/.test(segment)) {
        next.push({ path: `${above}/${segment}`, captures });
        continue;
      }
      if ((await kindOf(above === '' ? '/' : above)) !== 'folder') continue;
      const form = formOf(segment, captures);
      for (const { name, kind: its } of await list(above === '' ? '/' : above)) {
        const match = its === kind && !name.startsWith('.') ? form.exec(name) : null;
        if (match) next.push({ path: `${above}/${name}`, captures: { ...captures, ...match.groups } });
      }
    }
    level = next;
  }
  const files = await Promise.all(level.map(async (match) => ((await kindOf(match.path)) === 'file' ? [match] : [])));
  return files.flat();
}

/** A segment as a regular expression; what an earlier segment captured must be the same again. */
function formOf(segment: string, captures: Captures): RegExp {
  const seen = new Set<string>();
  const source = segment.replace(/\{(\w+)\}|[^\w{]/g, (part, name: Placeholder | undefined) => {
    if (name === undefined) return `\\${part}`;
    const known = captures[name];
    if (known !== undefined) return known.replace(/\W/g, '\\$&');
    if (seen.has(name)) return `\\k<${name}>`;
    seen.add(name);
    const form = { step: '\\d{1,15}', layer: 'final|\\d{1,6}', stage: '.+?', revision: '.+' }[name];
    return `(?<${name}>${form})`;
  });
  return new RegExp(`^${source}$`, 's');
}

function seriesOf(
  pattern: string,
  path: string,
  matches: readonly Match[],
  single: boolean,
  tokensPerStep: number | null,
): Series {
  if (matches.length === 0) {
    throw refuse(
      pattern,
      `no file matches (looked for ${path}; quote the pattern, so that the shell leaves its braces)`,
      'input',
    );
  }
  const entries = new Map<string, SeriesEntry>();
  for (const match of matches) {
    const entry = entryOf(match, single, tokensPerStep);
    entries.set(`${entry.stage}/${entry.revision}`, entry);
  }
  const ordered = [...entries.values()].sort(
    (a, b) =>
      compareStages(a.stage, b.stage) ||
      compareSteps(a.step ?? Infinity, b.step ?? Infinity) ||
      compareNames(a.revision, b.revision),
  );
  const root = path.slice(0, path.lastIndexOf('/', path.includes('{') ? path.indexOf('{') : path.length));
  const unnamed = ordered.filter(({ step }) => step === null).map(({ revision }) => revision);
  return {
    ...{ name: basename(root) || 'series', root, source: 'folder', tokensPerStep, tokenizer: null },
    stages: stagesOf(ordered),
    entries: ordered,
    notes:
      unnamed.length === 0
        ? []
        : [`no step in the name of ${unnamed.slice(0, 3).join(', ')} (${unnamed.length} in all)`],
  };
}

const compareSteps = (a: number, b: number): number => (a === b ? 0 : a - b);

/** The checkpoint that a file belongs to: what the pattern captured, else what its name says. */
function entryOf({ path, captures }: Match, single: boolean, tokensPerStep: number | null): SeriesEntry {
  const stem = basename(path).replace(/\.[^.]*$/, '');
  const revision = captures.revision ?? (single ? stem : `step${Number(captures.step)}`);
  const said = parseCheckpointName(revision);
  const step = captures.step === undefined ? said.step : Number(captures.step);
  const stage = captures.stage ?? stageOfName(said);
  const counted = step !== null && tokensPerStep !== null && countsPretraining(stage);
  const tokens = counted ? step * tokensPerStep : said.tokens;
  return { stage, revision, step, tokens, parent: null, seed: null, folder: null, problem: null };
}

async function filesOf(
  pattern: string,
  path: string,
  matches: readonly Match[],
  entry: SeriesEntry,
  layers: string,
  names: ReadonlySet<string>,
): Promise<Map<string, string>> {
  const own = matches.filter(({ captures }) => isOf(captures, entry));
  const asked = layers.split(',').map((layer) => layer.trim());
  if (layers === 'all') {
    if (!names.has('layer'))
      throw refuse(pattern, 'does not name layers, got --layers all (expected {layer} in it, or layers by number)');
    const found = own.map((match) => [match.captures.layer!, match.path] as const);
    if (found.length === 0) throw missing(entry, expand(path, entry, 'LAYER'));
    const order = (layer: string): number => (layer === 'final' ? Infinity : Number(layer));
    return new Map(found.sort(([a], [b]) => compareSteps(order(a), order(b))));
  }
  const files = new Map<string, string>();
  for (const layer of new Set(asked.map((name) => (name === 'final' ? name : String(Number(name)))))) {
    const fits = own.filter(({ captures }) => captures.layer === undefined || sameNumber(captures.layer, layer));
    if (fits.length > 1) {
      const two = fits.slice(0, 2).map((match) => match.path);
      throw new EigentraceError(
        'input',
        `checkpoint ${entry.revision}: several files match, got ${two.join(' and ')} (expected one)`,
      );
    }
    // A revision with a `/` leads into a folder: the pattern can't match it, but it can be filled in.
    const plain = expand(path, entry, layer);
    const file = fits[0]?.path ?? (plain !== null && (await kindOf(plain)) === 'file' ? plain : null);
    if (file === null) throw missing(entry, plain);
    files.set(layer, file);
  }
  return files;
}

function isOf({ revision, step, stage }: Captures, entry: SeriesEntry): boolean {
  if (revision !== undefined && revision !== entry.revision) return false;
  if (step !== undefined && Number(step) !== entry.step) return false;
  return stage === undefined || stage === entry.stage;
}

const sameNumber = (a: string, b: string): boolean => a === b || (/^\d+$/.test(a) && Number(a) === Number(b));

/** The pattern filled in; null where the checkpoint lacks what it asks for. */
function expand(path: string, { revision, step, stage }: SeriesEntry, layer: string): string | null {
  if (step === null && path.includes('{step}')) return null;
  const values: Record<string, string> = { revision, step: String(step), stage, layer };
  return path.replace(/\{(\w+)\}/g, (_, name: string) => values[name]!);
}

function missing(entry: SeriesEntry, path: string | null): EigentraceError {
  const what =
    path === null
      ? 'has no step, and the pattern asks for {step}'
      : `no file of its representations, looked for ${path}`;
  return new EigentraceError('input', `checkpoint ${entry.revision}: ${what}`);
}

function refuse(pattern: string, what: string, code: 'usage' | 'input' = 'usage'): EigentraceError {
  return new EigentraceError(code, `--features ${pattern}: ${what}`);
}
