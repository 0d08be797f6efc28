/** An audit as a table: a row a finding with how many revisions it concerns, below it who they are, at the end the verdict. */
import { pad, widthOf, type Column } from './columns.js';
import { bytes, count, lengthOf, wrap } from './format.js';
import type { Audit, AuditFinding as Finding } from './library.js';
import { printable, type Style } from './style.js';

const gap = '  ';

export interface AuditTextOptions {
  /** Every member by name. */
  readonly members: boolean;
  /** Nothing where nothing is wrong, no notes. */
  readonly quiet: boolean;
  /** Characters a line may have. */
  readonly limit: number;
}

export function auditText(audit: Audit, options: AuditTextOptions, style: Style): string {
  const findings = options.quiet ? audit.findings.filter(({ severity }) => severity !== 'note') : audit.findings;
  if (options.quiet && audit.sound) return '';
  const lines = findings.length > 0 ? [...table(findings, audit, options, style), ''] : [];
  return [...lines, verdict(audit, style), ''].join('\n');
}

function table(findings: readonly Finding[], audit: Audit, options: AuditTextOptions, style: Style): string[] {
  const columns: Column[] = [
    { head: 'severity', side: 'left', cells: findings.map(({ severity }) => severity) },
    { head: 'finding', side: 'left', cells: findings.map(({ code }) => code) },
    { head: 'revisions', side: 'right', cells: findings.map((finding) => String(sizeOf(finding))) },
  ];
  const widths = columns.map(widthOf);
  const indent = widths.reduce((sum, width) => sum + width + gap.length, 0);
  const room = Math.max(24, options.limit - indent);
  const several = new Set(audit.revisions.map(({ stage }) => stage)).size > 1;
  const heads = [...columns.map(({ head, side }, i) => pad(head, widths[i]!, side)), 'what'];
  const lines = [style.bold(heads.join(gap))];
  findings.forEach((finding, row) => {
    const cells = columns.map(({ cells, side }, i) => pad(cells[row]!, widths[i]!, side));
    cells[0] = painted(finding.severity, cells[0]!, style);
    const names = namesOf(finding, several);
    const list = options.members ? names.join(', ') : brief(names, room);
    const [first, ...more] = wrap(printable(finding.message), room);
    lines.push([...cells, first].join(gap).trimEnd());
    for (const line of more) lines.push(' '.repeat(indent) + line);
    for (const line of wrap(printable(list), room)) lines.push(' '.repeat(indent) + style.dim(line));
  });
  return lines;
}

function painted(severity: Finding['severity'], text: string, style: Style): string {
  if (severity === 'error') return style.bad(text);
  return severity === 'warning' ? style.warn(text) : style.dim(text);
}

function sizeOf({ members, missing }: Finding): number {
  return members.length || (missing?.length ?? 0);
}

/** Names; with their stage where the series has several. Steps that are not there in runs: `3000, 5000–9000`. */
function namesOf({ members, missing }: Finding, several: boolean): string[] {
  const at = (stage: string): string => (several && stage !== '' ? `${stage}/` : '');
  if (missing === undefined) return members.map(({ stage, revision }) => at(stage) + revision);
  return missing.map(({ stage, step }) => `${at(stage)}step ${step}`);
}

/** As many of the first names as fit, and the last. */
function brief(names: readonly string[], room: number): string {
  if (names.length <= 3 || lengthOf(names.join(', ')) <= room) return names.join(', ');
  const last = names.at(-1)!;
  let shown = 1;
  const text = (n: number): string => {
    const left = names.length - n - 1;
    return `${names.slice(0, n).join(', ')}, … ${last}${left > 0 ? ` (${left} more between)` : ''}`;
  };
  while (shown < names.length - 2 && lengthOf(text(shown + 1)) <= room) shown++;
  return text(shown);
}

function verdict({ series, revisions, findings, sound }: Audit, style: Style): string {
  const size = revisions.reduce((sum, { bytes: each }) => sum + each, 0);
  const what = `${printable(series)}: ${count(revisions.length, 'revision')}, ${bytes(size)} of weights`;
  if (sound) return style.good(`${what}: nothing wrong found`);
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.filter(({ severity }) => severity === 'warning').length;
  const parts = [
    ...(errors > 0 ? [count(errors, 'error')] : []),
    ...(warnings > 0 ? [count(warnings, 'warning')] : []),
  ];
  const flagged = revisions.filter(({ flags }) => flags.length > 0).length;
  return style.bad(`${what}: ${parts.join(' and ')}, ${flagged} of its revisions flagged`);
}
