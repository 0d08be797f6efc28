/** What must hold between the entries of a `series.json`: parents that are there and end, tokens that go with their steps. */
import { EigentraceError, nearest } from '../errors.js';
import type { SeriesEntry } from './series.js';
import { countsPretraining } from './stages.js';

/** A parent must be there, and following parents must end. */
export function checkParents(path: string, entries: readonly SeriesEntry[]): void {
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

/** Tokens as the file says them may be rounded: to a percent, or to whole billions as in OLMo's names. */
const slack = { share: 0.01, label: 1e9 };

/**
 * Tokens against steps: what the file says of both must fit its own `tokensPerStep` (in pretraining), and among the checkpoints
 * of one parent and seed more steps can't have seen fewer tokens.
 */
export function checkTokens(path: string, entries: readonly SeriesEntry[], tokensPerStep: number | null): void {
  const first = entries[0]?.stage;
  for (const { stage, revision, step, tokens } of entries) {
    if (step === null || tokens === null || tokensPerStep === null) continue;
    if (stage !== first && !countsPretraining(stage)) continue;
    const expected = step * tokensPerStep;
    const rounded = tokens % slack.label === 0 ? slack.label : 0;
    if (Math.abs(tokens - expected) <= Math.max(slack.share * expected, rounded)) continue;
    const advice = 'leave tokensPerStep out where the batch grew';
    throw refuse(
      path,
      `${stage}/${revision} has tokens that contradict its step, got ${tokens} (expected step ${step} × tokensPerStep ${tokensPerStep} = ${expected}); ${advice}`,
    );
  }
  const before = new Map<string, SeriesEntry>();
  for (const entry of entries) {
    const { stage, revision, step, tokens, parent, seed } = entry;
    if (step === null || tokens === null) continue;
    const key = JSON.stringify([stage, parent, seed]);
    const last = before.get(key);
    if (last && step > last.step! && tokens < last.tokens!) {
      const got = `${tokens} at step ${step} after ${last.tokens} at step ${last.step} (${last.revision})`;
      throw refuse(path, `${stage}/${revision} has fewer tokens than an earlier step, got ${got}`);
    }
    before.set(key, entry);
  }
}

export function refuse(path: string, what: string): EigentraceError {
  return new EigentraceError('input', `${path}: ${what}`);
}
