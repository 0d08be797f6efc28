/**
 * What `run.json` holds of findings, under `findings`: the requests that made them and the checkpoints that failed. They
 * stand beside the requests of `trace`, not among them, so that whoever reads geometry sees geometry alone.
 */
import { canonicalJson } from './json.js';
import type { FindingKind, FindingRef } from './finding.js';
import {
  changeRecord,
  variantName,
  type FindingFailure,
  type FindingRequest,
  type Run,
  type RunRecord,
} from './run.js';

/** A request before it is known where its findings lie. */
export type AskedFindings = Pick<FindingRequest, 'created' | 'scope' | 'options' | 'series' | 'versions'>;

/**
 * Adds requests unless they are there (whatever their dates and versions). The variant of each is decided under the lock:
 * null for the first scope of a kind and series in this run, and for requests of the same scope later; other scopes
 * (another task, a null) get the short hash of theirs. Returns the variants in order.
 */
export async function addFindingRequests(
  run: Run,
  kind: FindingKind,
  requests: readonly AskedFindings[],
): Promise<(string | null)[]> {
  let variants: (string | null)[] = [];
  const identity = (r: FindingRequest) => canonicalJson({ ...r, created: null, versions: null });
  await changeRecord(run, (record) => {
    variants = [];
    let { requests: all = [] } = record.findings ?? {};
    const { failures = [] } = record.findings ?? {};
    const before = all;
    for (const request of requests) {
      const variant = variantOf(all, kind, request.series.name, request.scope);
      variants.push(variant);
      const asked = { ...request, kind, variant };
      if (!all.some((known) => identity(known) === identity(asked))) all = [...all, asked];
    }
    return all === before ? record : { ...record, findings: { requests: all, failures } };
  });
  return variants;
}

function variantOf(
  requests: readonly FindingRequest[],
  kind: FindingKind,
  series: string,
  scope: Readonly<Record<string, unknown>>,
): string | null {
  const first = requests.find((r) => r.kind === kind && r.series.name === series && r.variant === null);
  return !first || canonicalJson(first.scope) === canonicalJson(scope) ? null : variantName(scope);
}

/** Notes why nothing could be found at a checkpoint; a later finding takes the note away. */
export async function addFindingFailure(run: Run, failure: FindingFailure): Promise<void> {
  await changeRecord(run, (record) => {
    const { requests, failures } = record.findings ?? { requests: [], failures: [] };
    return { ...record, findings: { requests, failures: [...without(failures, failure), failure] } };
  });
}

export async function clearFindingFailure(run: Run, ref: FindingRef): Promise<void> {
  const isNoted = ({ findings }: RunRecord): boolean =>
    findings !== undefined && without(findings.failures, ref).length < findings.failures.length;
  await changeRecord(run, (record) =>
    isNoted(record)
      ? { ...record, findings: { ...record.findings!, failures: without(record.findings!.failures, ref) } }
      : record,
  );
}

function without(failures: readonly FindingFailure[], ref: FindingRef): FindingFailure[] {
  const place = ({ kind, series, stage, revision, variant }: FindingRef): string =>
    JSON.stringify([kind, series, stage, revision, variant]);
  return failures.filter((failure) => place(failure) !== place(ref));
}
