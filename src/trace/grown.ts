/** The audit of a series that grows: one checkpoint at a time, as it comes. */
import { kindOf } from '../bytes/index.js';
import type { Series, SeriesEntry } from '../checkpoints/index.js';
import { EigentraceError } from '../errors.js';
import { flagged, type Flagged } from './flagged.js';
import type { TraceRequest } from './request.js';
import type { SubjectSource } from './source.js';

/** What nobody has audited. */
export function unaudited(entries: readonly SeriesEntry[], subjects: SubjectSource): Flagged {
  return { entries, subjects, skipped: [], notes: [], flagsOf: () => [] };
}

/** Null where `isGone` says that it went away meanwhile; what can't be audited is told when it is opened. */
export async function auditGrown(
  series: Series,
  entry: SeriesEntry,
  subjects: SubjectSource,
  options: {
    readonly request: TraceRequest;
    readonly signal: AbortSignal | undefined;
    readonly isGone: ((entry: SeriesEntry) => Promise<boolean>) | null;
  },
): Promise<Flagged | null> {
  const { request, signal, isGone } = options;
  try {
    // Against all that is there: what differs from the others is told by the others.
    const there: SeriesEntry[] = [];
    for (const each of series.entries) if ((await kindOf(each.folder!)) === 'folder') there.push(each);
    const all = { ...request, skipFlagged: false };
    const audited = await flagged({ ...series, entries: there }, subjects, there, all, signal);
    const flags = audited.flagsOf(entry);
    const notes = flags.map(({ code, message }) => `${code}: ${entry.revision}: ${message}`);
    if (!request.skipFlagged || flags.length === 0) return { ...audited, entries: [entry], notes };
    const { stage, revision, step, tokens } = entry;
    const left = { stage, revision, step, tokens, flags: flags.map((flag) => ({ ...flag })) };
    return { ...audited, entries: [], skipped: [left], notes };
  } catch (error) {
    if (signal?.aborted || (await isGone?.(entry))) return null;
    if (error instanceof EigentraceError && error.code !== 'input' && error.code !== 'integrity') throw error;
    return unaudited([entry], subjects);
  }
}
