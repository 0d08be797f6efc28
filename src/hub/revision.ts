/** A revision that isn't there: the three that are nearest. */
import { EigentraceError, nearest } from '../errors.js';
import { HubError } from './refusals.js';
import type { Repository } from './repository.js';

/** Throws what came, or, where a revision is not there, what there is instead. */
export async function refuseRevision(
  repository: Repository,
  revision: string,
  error: unknown,
  signal?: AbortSignal,
): Promise<never> {
  if (!(error instanceof HubError) || error.reason !== 'RevisionNotFound') throw error;
  const refs = await repository.refs(signal).catch(() => null);
  if (refs === null) throw error;
  throw new EigentraceError(
    'input',
    `${repository.id}: no such revision, got ${revision} (nearest of ${refs.size} branches and tags: ${nearest(revision, refs.keys()).join(', ')})`,
  );
}
