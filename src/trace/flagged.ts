/**
 * What an audit of the series says of the checkpoints that are to be measured, before any of them is: copies, odd names,
 * configs that differ. It goes on their records' flags, or (`skipFlagged`) decides that they are left out. Costs the
 * reading of headers and a few blocks of every weight file; of copies those are hashed that would be hashed anyway.
 */
import { findingsIn, flagCodes, seriesFacts } from '../audit/index.js';
import type { Series, SeriesEntry } from '../checkpoints/index.js';
import { EigentraceError } from '../errors.js';
import { cacheFolder, hashCache } from './cache.js';
import type { SkippedCheckpoint, TraceRequest } from './request.js';
import type { Opened, SubjectSource } from './source.js';

export interface AuditFlag {
  readonly code: string;
  readonly message: string;
}

export interface Flagged {
  /** What is to be measured. */
  readonly entries: readonly SeriesEntry[];
  /** The same source, whose checkpoints carry what was found. */
  readonly subjects: SubjectSource;
  readonly skipped: readonly SkippedCheckpoint[];
  /** What was found, a line a finding. */
  readonly notes: readonly string[];
  /** Of an entry; empty where nothing was found. */
  readonly flagsOf: (entry: SeriesEntry) => readonly AuditFlag[];
}

/** Audits the series as far as the chosen entries go. `entries`: those that `--revisions` chose. */
export async function flagged(
  series: Series,
  subjects: SubjectSource,
  entries: readonly SeriesEntry[],
  request: TraceRequest,
  signal?: AbortSignal,
): Promise<Flagged> {
  // Representations made elsewhere have no weights to look at.
  if (request.features !== null) return { entries, subjects, skipped: [], notes: [], flagsOf: () => [] };
  const { flags, notes } = await auditOf(series, subjects, entries, signal);
  const flagsOf = (entry: SeriesEntry): readonly AuditFlag[] => flags.get(entry) ?? [];
  const left = request.skipFlagged === true ? entries.filter((entry) => flagsOf(entry).length > 0) : [];
  const kept = entries.filter((entry) => !left.includes(entry));
  if (kept.length === 0) {
    const codes = [...new Set(left.flatMap((entry) => flagsOf(entry).map(({ code }) => code)))].join(', ');
    throw new EigentraceError(
      'input',
      `--skip-flagged: leaves nothing to measure, all of ${left.length} chosen checkpoints are flagged (${codes}); see eigentrace audit`,
    );
  }
  const skipped = left.map((entry) => {
    const { stage, revision, step, tokens } = entry;
    return { stage, revision, step, tokens, flags: flagsOf(entry).map((flag) => ({ ...flag })) };
  });
  return { entries: kept, subjects: withFlags(subjects, flagsOf), skipped, notes, flagsOf };
}

async function auditOf(
  series: Series,
  { places }: SubjectSource,
  entries: readonly SeriesEntry[],
  signal: AbortSignal | undefined,
): Promise<{ flags: Map<SeriesEntry, AuditFlag[]>; notes: string[] }> {
  const options = { cacheFolder: hashCache(cacheFolder()), about: new Set(entries), ...(signal ? { signal } : {}) };
  const facts = await seriesFacts(series, options, places?.revisions ?? null);
  const flags = new Map<SeriesEntry, AuditFlag[]>();
  const notes: string[] = [];
  // Gaps are no flag of what is there.
  for (const { code, message, members } of findingsIn(facts, new Map())) {
    if (!flagCodes.includes(code)) continue;
    const concerned = entries.filter(({ stage, revision }) =>
      members.some((member) => member.stage === stage && member.revision === revision),
    );
    for (const entry of concerned) flags.set(entry, [...(flags.get(entry) ?? []), { code, message }]);
    if (concerned.length === 0) continue;
    const names = concerned.map(({ revision }) => revision);
    const who = names.length <= 3 ? names.join(', ') : `${names.length} of ${entries.length} checkpoints`;
    notes.push(`${code}: ${who}: ${message}`);
  }
  return { flags, notes };
}

function withFlags(source: SubjectSource, flagsOf: Flagged['flagsOf']): SubjectSource {
  return {
    places: source.places,
    get corpusError() {
      return source.corpusError;
    },
    open: async (entry, hooks) => {
      const opened: Opened = await source.open(entry, hooks);
      const found = flagsOf(entry);
      return found.length === 0 || opened.kind !== 'model' ? opened : { ...opened, flags: [...found, ...opened.flags] };
    },
    identify: (opened, hooks) => source.identify(opened, hooks),
    keyParts: (opened, sha256) => source.keyParts(opened, sha256),
  };
}
