/** The stages of a list of entries, and which of them count tokens by the pretraining's batch. */
import type { SeriesEntry, Stage } from './series.js';

/** Stages in the order of the entries, `epochs` by stage name where the series says them. */
export function stagesOf(entries: readonly SeriesEntry[], epochs?: ReadonlyMap<string, readonly number[]>): Stage[] {
  const names = [...new Set(entries.map(({ stage }) => stage))];
  return names.map((name) => ({
    name,
    epochs: epochs?.get(name) ?? null,
    count: entries.filter(({ stage }) => stage === name).length,
  }));
}

/** Whether a stage's steps are pretraining steps: post-training takes batches of another size. */
export function countsPretraining(stage: string): boolean {
  return /^(pretrain|midtrain|stage\d)/.test(stage);
}
