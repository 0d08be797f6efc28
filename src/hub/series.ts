/**
 * A repository as a series: each branch or tag whose name gives a step is a checkpoint. `org/name@revision` is a series of
 * one. Offline, the refs in the cache are the list. Only the list is read, no file.
 */
import {
  compareNames,
  compareStages,
  countsPretraining,
  parseCheckpointName,
  parseHubId,
  stageOfName,
  stagesOf,
  type Series,
  type SeriesEntry,
} from '../checkpoints/index.js';
import { EigentraceError } from '../errors.js';
import { RepositoryCache } from './cache.js';
import type { HubSeriesOptions } from './hooks.js';
import { HubHttp, offline } from './http.js';
import { isCommit, Repository } from './repository.js';
import { refuseRevision } from './revision.js';
import { hubSettings } from './settings.js';

/** Opens `org/name` or `org/name@revision`. */
export async function openHubSeries(id: string, options: HubSeriesOptions = {}): Promise<Series> {
  const parsed = parseHubId(id);
  if (!parsed)
    throw new EigentraceError('usage', `${id}: is no id of the Hub (expected org/name or org/name@revision)`);
  const settings = await hubSettings(options.env);
  const http = new HubHttp(settings);
  try {
    const repository = new Repository(http, 'models', parsed.id);
    const cache = new RepositoryCache(settings.cache, 'models', parsed.id, settings.symlinks);
    const tokensPerStep = options.tokensPerStep ?? null;
    const notes: string[] = [];
    let entries: SeriesEntry[];
    if (parsed.revision !== null) {
      const commit = await commitOf(repository, cache, parsed.revision, settings.offline, options.signal);
      entries = [entryOf(parsed.id, parsed.revision, commit, tokensPerStep)];
    } else {
      const refs = settings.offline ? await cache.refs() : await repository.refs(options.signal);
      if (settings.offline) {
        if (refs.size === 0) throw offline(parsed.id);
        notes.push(`${parsed.id}: HF_HUB_OFFLINE is set, only the ${refs.size} revisions in the cache are known`);
      }
      entries = stepEntries(parsed.id, refs, tokensPerStep, notes, options.others ?? false);
    }
    return {
      ...{ name: parsed.id.split('/').at(-1)!, root: cache.folder, source: 'hub', tokensPerStep, tokenizer: null },
      ...{ stages: stagesOf(entries), entries, notes },
    };
  } finally {
    await http.close();
  }
}

async function commitOf(
  repository: Repository,
  cache: RepositoryCache,
  revision: string,
  isOffline: boolean,
  signal?: AbortSignal,
): Promise<string> {
  if (isOffline) {
    const commit = isCommit(revision) ? revision : (await cache.refs()).get(revision);
    if (commit === undefined) throw offline(`${repository.id}@${revision}`);
    return commit;
  }
  return repository
    .commitOf(revision, signal)
    .catch((error: unknown) => refuseRevision(repository, revision, error, signal));
}

/** Revisions that are steps; where there are none, `main` alone. */
function stepEntries(
  id: string,
  refs: ReadonlyMap<string, string>,
  tokensPerStep: number | null,
  notes: string[],
  withOthers: boolean,
): SeriesEntry[] {
  const all = [...refs].map(([revision, commit]) => entryOf(id, revision, commit, tokensPerStep));
  const steps = all.filter(({ step }) => step !== null).sort(compareEntries);
  const others = all.filter(({ step }) => step === null);
  if (withOthers) return [...steps, ...others].sort(compareEntries);
  if (steps.length > 0) {
    const names = others.slice(0, 3).map(({ revision }) => revision);
    if (others.length > 0) {
      notes.push(
        `${id}: ${names.join(', ')}${others.length > names.length ? `, … (${others.length} in all)` : ''} left out, no step in the name; write ${id}@REVISION for one`,
      );
    }
    return steps;
  }
  const main = others.find(({ revision }) => revision === 'main') ?? others[0];
  if (!main)
    throw new EigentraceError('input', `${id}: has no branch and no tag (expected revisions such as step1000)`);
  notes.push(`${id}: no revision has a step in its name, ${main.revision} alone is taken (of ${others.length})`);
  return [main];
}

function entryOf(id: string, revision: string, commit: string, tokensPerStep: number | null): SeriesEntry {
  const said = parseCheckpointName(revision);
  const stage = stageOfName(said);
  const counted = said.step !== null && tokensPerStep !== null && countsPretraining(stage);
  const tokens = counted ? said.step * tokensPerStep : said.tokens;
  const hub = { id, revision, commit };
  return { stage, revision, step: said.step, tokens, parent: null, seed: null, folder: null, hub, problem: null };
}

function compareEntries(a: SeriesEntry, b: SeriesEntry): number {
  return compareStages(a.stage, b.stage) || compareSteps(a.step, b.step) || compareNames(a.revision, b.revision);
}

/** Those without a step last. */
function compareSteps(a: number | null, b: number | null): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return a - b;
}
