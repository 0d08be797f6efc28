/** `eigentrace audit`: what is wrong with a series before anything is computed. Nothing is written but remembered hashes. */
import {
  audited,
  findingCodes,
  findingsIn,
  seriesFacts,
  readExpected,
  type AuditedRevision,
  type Finding,
  type RevisionSource,
} from '../audit/index.js';
import type { Series } from '../checkpoints/index.js';
import { EigentraceError, nearest } from '../errors.js';
import { openAnySeries, Places } from './places.js';
import { cacheFolder, hashCache } from './cache.js';

export interface AuditOptions {
  /** For folders whose names give steps only. Default: not known. */
  readonly tokensPerStep?: number | null;
  /** `pythia`, `none`, or a file that lists the revisions there should be. Default: what most revisions follow. */
  readonly schedule?: string | null;
  /** Codes of findings that are left out. */
  readonly ignore?: readonly string[];
  /** What lists revisions that are not on this machine. Default: the Hub. */
  readonly remote?: RevisionSource | null;
  readonly signal?: AbortSignal;
  readonly onProgress?: (phase: 'open' | 'compare' | 'hash', done: number, of: number, revision: string | null) => void;
}

export interface Audit {
  readonly series: string;
  /** In order of stage and step. */
  readonly revisions: readonly AuditedRevision[];
  /** Worst first. */
  readonly findings: readonly Finding[];
  /** No error and no warning. */
  readonly sound: boolean;
  /** What opening the series had to say. */
  readonly notes: readonly string[];
}

/** Audits a series. Rejects where there is none. */
export async function auditSeries(path: string, options: AuditOptions = {}): Promise<Audit> {
  const { tokensPerStep = null, ignore = [], signal } = options;
  checkCodes(ignore);
  const expected = await readExpected(options.schedule ?? null);
  const series = await openAnySeries(path, { tokensPerStep, signal });
  const places = options.remote ? null : new Places();
  try {
    return await auditOf(series, expected, { ...options, ignore, remote: options.remote ?? places!.revisions });
  } finally {
    await places?.close();
  }
}

async function auditOf(
  series: Series,
  expected: Awaited<ReturnType<typeof readExpected>>,
  { ignore, remote, signal, onProgress }: AuditOptions & { ignore: readonly string[]; remote: RevisionSource },
): Promise<Audit> {
  const facts = await seriesFacts(
    series,
    {
      cacheFolder: hashCache(cacheFolder()),
      ...(signal ? { signal } : {}),
      onOpen: (done, of, revision) => onProgress?.('open', done, of, revision),
      onLook: (done, of) => onProgress?.('compare', done, of, null),
      onProgress: (done, of) => onProgress?.('hash', done, of, null),
    },
    remote,
  );
  const findings = [...findingsIn(facts, expected), ...facts.besides].filter(({ code }) => !ignore.includes(code));
  return {
    series: series.name,
    revisions: audited(facts.revisions, findings),
    findings,
    sound: findings.every(({ severity }) => severity === 'note'),
    notes: [],
  };
}

function checkCodes(codes: readonly string[]): void {
  for (const code of codes) {
    if ((findingCodes as string[]).includes(code)) continue;
    const near = nearest(code, findingCodes).join(', ');
    throw new EigentraceError('usage', `--ignore: no such finding, got ${code} (nearest: ${near})`);
  }
}
