/** The long table of findings: a row a value, in order of stage and step. */
import { EigentraceError, nearest } from '../errors.js';
import type { FindingKind } from './finding.js';
import type { FindingListing } from './finding-listing.js';
import type { LongRow } from './phases.js';
import type { TableOptions } from './table.js';

/**
 * The rows of a listing and in words what was left out. `flags` holds the codes of the finding, then why the value is
 * null. A filter that nothing fits is a `usage` error.
 */
export function findingRows(
  { findings, problems }: FindingListing,
  kind: FindingKind,
  options: TableOptions = {},
): { rows: LongRow[]; notes: string[] } {
  const { layer, ...wanted } = options;
  if (layer !== undefined) {
    throw new EigentraceError('usage', `--layer: ${kind} has none, got ${layer} (expected it with --table geometry)`);
  }
  for (const [name, value] of Object.entries(wanted)) {
    const known = new Set(findings.flatMap(({ finding }) => finding[name as 'series' | 'stage' | 'variant'] ?? []));
    if (known.has(value)) continue;
    const near = nearest(value, known).join(', ') || 'none';
    throw new EigentraceError('usage', `--${name}: nothing of ${kind} fits, got ${value} (expected one of: ${near})`);
  }
  const rows = findings
    .filter(({ finding: { series, stage, variant } }) => {
      const has = { series, stage, variant };
      return (['series', 'stage', 'variant'] as const).every((name) => (wanted[name] ?? has[name]) === has[name]);
    })
    .flatMap(({ finding }) => {
      const { series, stage, revision, step, tokens, control } = finding;
      const codes = [
        ...new Set(finding.flags.map(({ code }) => code)),
        ...(control ? [`control ${control.kind}`] : []),
      ];
      return finding.values.map(({ name, metric, value, se, n, definition, reason }): LongRow => ({
        ...{ series, stage, revision, step, tokens, name, metric, value, se, n, definition },
        flags: [...codes, ...(reason === undefined ? [] : [reason])].join('; '),
      }));
    });
  return { rows, notes: problems.map(({ message }) => `left out: ${message}`) };
}
