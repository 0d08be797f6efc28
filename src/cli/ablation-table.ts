/**
 * What `ablate` prints: a table a checkpoint and set of questions, a row a variant: accuracy, its change against the unchanged
 * model with the p of a paired test, its difference from random directions, ln p of the right answer, the paper's value.
 */
import { pad, widthOf, type Column } from './columns.js';
import { absent, si } from './format.js';
import type { AblateResult } from './library.js';
import { printable, type Style } from './style.js';

type Row = AblateResult['results'][number];
type Finding = NonNullable<Row['finding']>;
type Value = Finding['values'][number];
type Paper = NonNullable<AblateResult['paper']>;

/** The whole text, line ends included. */
export function ablationTables({ results, paper }: AblateResult, style: Style): string {
  const tables = results.flatMap((row) => (row.finding ? [table(row, row.finding, paper, style)] : []));
  return tables.length === 0 ? 'no figures\n' : tables.join('\n');
}

function table(row: Row, finding: Finding, paper: Paper | null, style: Style): string {
  const { values, detail } = finding;
  const basis = (detail?.['basis'] ?? {}) as Record<string, unknown>;
  const names = [...new Set(values.map(({ name }) => name))];
  const n = values[0]?.n ?? 0;
  const of = (name: string, metric: string): Value | undefined =>
    values.find((value) => value.name === name && value.metric === metric);
  const short = (name: string): string => name.slice(`${row.part}: `.length);
  const shares = new Map(
    ((detail?.['variants'] ?? []) as { name: string; variance?: number | null }[]).map((each) => [
      each.name,
      each.variance ?? null,
    ]),
  );
  // The other metrics are in the export.
  const [main = 'acc'] = (detail?.['metrics'] ?? []) as string[];
  const metrics = [main].flatMap((metric): Column[] => [
    { head: metric, side: 'right', cells: names.map((name) => level(of(name, metric), 3)) },
    { head: 'change', side: 'right', cells: names.map((name) => change(of(name, `${metric}_change`), 3)) },
    {
      head: 'p',
      side: 'right',
      cells: names.map((name) => pText(of(name, `${metric}_mcnemar_p`) ?? of(name, `${metric}_t_p`))),
    },
    { head: 'vs random', side: 'right', cells: names.map((name) => change(of(name, `${metric}_vs_random`), 3)) },
  ]);
  const fromPaper =
    paper !== null && /^sciq( |$)/.test(row.part) ? names.map((name) => paperOf(paper, short(name))) : [];
  const columns: Column[] = [
    { head: 'variant', side: 'left', cells: names.map((name) => printable(short(name))) },
    {
      head: 'variance',
      side: 'right',
      cells: names.map((name) => {
        const share = shares.get(short(name)) ?? null;
        return share === null ? '' : `${(100 * share).toFixed(1)} %`;
      }),
    },
    ...metrics.filter(({ cells }) => cells.some((cell) => cell !== '')),
    { head: 'ln p', side: 'right', cells: names.map((name) => level(of(name, 'logprob'), 2)) },
    { head: 'change', side: 'right', cells: names.map((name) => change(of(name, 'logprob_change'), 2)) },
    ...(fromPaper.some((cell) => cell !== '')
      ? [{ head: 'paper', side: 'right', cells: fromPaper } satisfies Column]
      : []),
  ];
  const line = (cell: (column: Column) => string): string =>
    columns
      .map((column) => pad(cell(column), widthOf(column), column.side))
      .join('  ')
      .trimEnd();
  const control = row.control === null ? '' : ` (${row.control.kind})`;
  const tokens = row.tokens === null ? '' : `, ${si(row.tokens)} tokens`;
  const draws = Number(finding.options['randomDraws'] ?? 0);
  const lines = [
    `${style.bold(`${printable(row.part)} at ${printable(row.revision)}${control}`)}${tokens}: ${n.toLocaleString('en-US')} questions`,
    `  directions of Σ over ${Number(basis['n']).toLocaleString('en-US')} states of ${printable(String(basis['corpus']))}, ` +
      `d = ${Number(basis['d'])}, rank ${Number(basis['rank'])}, ${basis['mean'] === false ? 'about the origin' : 'about their mean'}`,
    style.dim(line(({ head }) => head)),
    ...names.map((_, i) => line(({ cells }) => cells[i]!)),
    style.dim(
      `  ± a standard error over questions; p of right and wrong by McNemar's exact test${draws > 1 ? ' (random: paired t)' : ''}` +
        (draws > 0 ? `; random: the mean of ${draws} ${draws === 1 ? 'subspace' : 'subspaces'} of that size` : ''),
    ),
  ];
  for (const { message, code } of finding.flags) if (code !== 'note') lines.push(style.warn(`  ${printable(message)}`));
  return `${lines.join('\n')}\n`;
}

function level(value: Value | undefined, decimals: number): string {
  if (!value) return '';
  if (value.value === null) return absent;
  const text = `${value.value < 0 ? '−' : ''}${Math.abs(value.value).toFixed(decimals)}`;
  return value.se === null ? text : `${text} ± ${value.se.toFixed(decimals)}`;
}

function change(value: Value | undefined, decimals: number): string {
  const text = level(value, decimals);
  return value?.value === undefined || value.value === null || value.value < 0 ? text : `+${text}`;
}

/** `0.031`, `2e-12`; absent where there is no test. */
function pText(value: Value | undefined): string {
  if (!value) return '';
  if (value.value === null) return absent;
  return value.value < 0.001 ? value.value.toExponential(0) : value.value.toFixed(3);
}

function paperOf(paper: Paper, variant: string): string {
  const value = {
    original: paper.original,
    'top-10 removed': paper.top10Removed,
    'top-10 kept': paper.top10Kept,
    'top-50 removed': paper.top50Removed,
    'top-50 kept': paper.top50Kept,
  }[variant];
  return value === undefined ? '' : value.toFixed(3);
}
