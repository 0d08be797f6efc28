/** A local series with what opening it leaves out: folders that should be checkpoints, broken links, the folder's own weights. */
import { basename, join } from 'node:path';
import { brokenLinks, list } from '../bytes/index.js';
import {
  compareNames,
  compareStages,
  parseCheckpointName,
  stageOfName,
  type Series,
  type SeriesEntry,
} from '../checkpoints/index.js';
import { isWeightFile } from './completeness.js';
import type { RevisionFacts, SeriesFacts } from './facts.js';
import { finding, type Finding } from './finding.js';
import { localFacts, type LocalOptions } from './local.js';
import { remoteFacts, type RevisionSource } from './remote.js';

export interface LocalSeries extends SeriesFacts {
  /** What is there besides and is no revision. */
  readonly besides: readonly Finding[];
}

/** A name that a save or a download gives to what is not there yet. */
const temporary = 'a temporary name';

/** Facts of all revisions of a series: those that are not on this machine from `remote`, null where that can't be asked. */
export async function seriesFacts(
  series: Series,
  options: LocalOptions = {},
  remote: RevisionSource | null = null,
): Promise<LocalSeries> {
  const skipped = series.skipped ?? [];
  const isStepped = ({ name }: { name: string }): boolean => stepIn(name) !== null;
  const links = series.source === 'folder' ? await brokenLinks(series.root).catch(() => []) : [];
  const known = new Set(series.entries.map(({ revision }) => revision));
  const extra = skipped.filter((folder) => isStepped(folder) && !known.has(folder.name));
  const isRemote = ({ folder, hub }: SeriesEntry): boolean => remote !== null && folder === null && hub !== undefined;
  const here = [
    ...series.entries.filter((entry) => !isRemote(entry)),
    ...extra.map(({ name }) => entryOf(series.root, name)),
    ...(await ownWeights(series)),
  ];
  const away = series.entries.filter(isRemote);
  const local = await localFacts(series, here, options);
  const listed = remote === null || away.length === 0 ? [] : await remoteFacts(away, remote, options);
  const byEntry = new Map([...here.map((entry, i) => [entry, local[i]!] as const), ...listed]);
  const facts = [...series.entries, ...byEntry.keys()].flatMap((entry) => {
    const known = byEntry.get(entry);
    byEntry.delete(entry);
    return known ?? [];
  });
  const revisions = [
    ...facts.map((each) => asSkipped(each, extra)),
    ...links.filter(isStepped).map(({ name, why }) => unfollowed(name, why)),
  ];
  const others = skipped.filter((folder) => !extra.includes(folder) && !folder.name.startsWith('.'));
  return {
    name: series.name,
    tokensPerStep: series.tokensPerStep,
    // A `series.json` has an order of its own, and nothing besides.
    revisions: series.source === 'folder' ? revisions.sort(compareRevisions) : revisions,
    besides: [
      ...others.map(({ name, reason }) => finding('skipped', reason, [{ stage: '', revision: name }])),
      ...links
        .filter((link) => !isStepped(link))
        .map(({ name, why }) => finding('broken-link', why, [{ stage: '', revision: name }])),
    ],
  };
}

function stepIn(name: string): number | null {
  return parseCheckpointName(name.replace(/^(tmp|temp)[-_.]|\.(tmp|incomplete|partial)$/gi, '')).step;
}

function entryOf(root: string, name: string): SeriesEntry {
  const said = parseCheckpointName(name);
  const place = { stage: stageOfName(said), revision: name, step: said.step, tokens: said.tokens };
  return { ...place, parent: null, seed: null, folder: join(root, name), problem: null };
}

/** A folder with a temporary name is not finished, whatever is in it. */
function asSkipped(facts: RevisionFacts, extra: readonly { name: string; reason: string }[]): RevisionFacts {
  const { reason } = extra.find(({ name }) => name === facts.revision) ?? {};
  if (reason !== temporary) return facts;
  const message = 'a temporary name: still being written, or left by a save that was cut off';
  return {
    ...facts,
    step: null,
    weights: [],
    config: null,
    shapes: null,
    dtypes: [],
    problems: [{ code: 'unfinished', message }],
  };
}

/** Weights beside the checkpoints, as Trainer leaves its last model: they have no step, and belong to the last stage. */
async function ownWeights(series: Series): Promise<SeriesEntry[]> {
  if (series.source !== 'folder') return [];
  const files = await list(series.root);
  if (!files.some(({ name, kind }) => kind === 'file' && isWeightFile(name))) return [];
  const last = series.entries.at(-1)!;
  return [{ ...last, revision: `${basename(series.root)}/`, step: null, tokens: null, folder: series.root }];
}

function unfollowed(name: string, why: string): RevisionFacts {
  const said = parseCheckpointName(name);
  return {
    ...{ stage: stageOfName(said), revision: name, step: said.step, branch: '[null,null]', weights: [], config: null },
    ...{ tokenizer: null, dtypes: [], shapes: null, trainer: null, problems: [{ code: 'broken-link', message: why }] },
  };
}

/** As a folder's checkpoints are ordered. */
function compareRevisions(a: RevisionFacts, b: RevisionFacts): number {
  const [left, right] = [a.step ?? Infinity, b.step ?? Infinity];
  return compareStages(a.stage, b.stage) || (left === right ? compareNames(a.revision, b.revision) : left - right);
}
