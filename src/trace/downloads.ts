/** Checkpoints that are not on this machine yet: fetched when their turn comes, the next one ahead, deleted when done. */
import { whatChanged, type SeriesEntry } from '../checkpoints/index.js';
import type { Places } from './places.js';
import type { Opened, SubjectSource } from './source.js';
import type { OpenedSubject } from './subject.js';
import type { Surveyed } from './survey.js';

type FetchOptions = Parameters<Places['fetch']>[1];

/** A checkpoint that was looked at where it is, fetched. */
export async function bring(opened: Opened, subjects: SubjectSource, options: FetchOptions): Promise<Opened> {
  const { places } = subjects;
  const { hub, folder } = opened.entry;
  if (places === null || hub === undefined || folder !== null) return opened;
  if (opened.kind !== 'model' || opened.files.length === 0) return opened;
  await places.fetch(opened.entry, options);
  // It may have gone since it was looked at: another revision of the same commit was deleted.
  if (!opened.checkpoint.isRemote && (await whatChanged(opened.files)) === null) return opened;
  const fresh = await subjects.open(opened.entry, { signal: options?.signal });
  if (fresh.kind !== 'model') return opened;
  const { checkpoint, files, bytes, model } = fresh;
  return { ...opened, checkpoint, files, bytes, model };
}

/** Starts the download of the next checkpoint that will need one. */
export async function fetchAhead({ hub }: SeriesEntry, next: readonly Surveyed[], places: Places | null) {
  const after = next.find(({ entry, opened, stored }) => opened && !stored && isRemote(opened) && entry.hub !== hub);
  if (after) await places?.prefetch(after.entry);
}

/** Deletes what the user doesn't want kept, unless a null needs the same checkpoint. */
export async function letGo(entry: SeriesEntry, next: readonly Surveyed[], places: Places | null): Promise<void> {
  if (next.some((other) => other.opened && !other.stored && other.entry.hub === entry.hub)) return;
  await places?.finished(entry);
}

/** Whether a model's weights are not on this machine yet. */
function isRemote(opened: Opened): opened is OpenedSubject {
  return opened.kind === 'model' && opened.files.length > 0 && opened.checkpoint.isRemote;
}
