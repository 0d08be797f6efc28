/**
 * What `memorize` prints: for each set of questions a row a checkpoint with ρ, partial ρ and per-token ρ, their errors, the
 * control below, what the zeros and suffixes are, and whether memorization is claimed; for passages the agreement a token
 * and the share of windows that are reproduced.
 */
import { pad, widthOf, type Column } from './columns.js';
import { absent, decimalsOf, plusMinus, si, wrap } from './format.js';
import type { FindingValue, MemorizationSummary, Visited } from './library.js';
import { printable, type Style } from './style.js';

const gap = '  ';

/** What a line says of one checkpoint's finding, while the others are under way. */
export function foundLine({ part, finding, control }: Visited): string {
  const say = (metric: string, words: string): string[] => {
    const found = finding?.values.find((value) => value.metric === metric);
    if (found?.value === undefined || found.value === null) return [];
    const decimals = decimalsOf([found.se], 2);
    return [`${words} ${figureText(found.value, found.se, decimals)}`];
  };
  const figures = [
    ...say('rho', 'ρ'),
    ...say('rho_partial', 'partial ρ'),
    ...say('gap', '|ln p − ln p∞|'),
    ...say('extractable', 'extractable'),
  ];
  return [printable(part), ...figures, ...(control ? [control.kind] : [])].join('   ');
}

type ZeroHandling = 'strict' | 'published';

interface Row {
  readonly name: string;
  readonly tokens: number | null;
  readonly values: readonly FindingValue[];
  /** What stands in the last column. */
  readonly note: string;
}

/** The whole text, line ends included. */
export function memorizeTables(
  summaries: readonly MemorizationSummary[],
  zeros: ZeroHandling,
  style: Style,
  limit: number,
): string {
  if (summaries.length === 0) return 'nothing was found\n';
  return summaries
    .map((summary) => (summary.what === 'questions' ? questionTable : passageTable)(summary, zeros, style, limit))
    .join('\n');
}

function questionTable(summary: MemorizationSummary, zeros: ZeroHandling, style: Style, limit: number): string {
  const end = zeros === 'strict' ? '' : '_published';
  const metrics = [
    { head: 'ρ', metric: `rho${end}`, least: 2 },
    { head: 'partial ρ', metric: `rho_partial${end}`, least: 2 },
    { head: 'per token ρ', metric: `rho_per_token${end}`, least: 2 },
    { head: 'nll', metric: 'nll_per_token', least: 3 },
  ];
  const rows = rowsOf(summary, (against) => {
    const { difference, se, verdict } = against[zeros];
    if (difference === null) return absent;
    const decimals = decimalsOf([se], 2);
    const by = `${difference < 0 ? '' : '+'}${figureText(difference, se, decimals)}`;
    return verdict === 'not resolved' ? by : `${by} ${verdict}`;
  });
  const [any] = rows;
  const value = (metric: string): number | null => any?.values.find((v) => v.metric === metric)?.value ?? null;
  const n = any?.values.find((v) => v.metric === `rho${end}`)?.n ?? 0;
  const head = `${printable(summary.name)}: ${n} questions against ${printable(summary.index)}, zeros ${zeros}`;
  const zero =
    zeros === 'strict'
      ? `${percent(value('zero_items'))} of answers have a token of probability 0 and rank lowest`
      : `${percent(value('zero_tokens'))} of answer tokens have probability 0 and are skipped, ${percent(value('dropped_items_published'))} of answers dropped`;
  const suffixes = summary.suffixes.map(({ name, share }) => `${name}\u00a0${percent(share)}`).join(', ');
  return [
    style.bold(head),
    ...table(rows, metrics, 'partial ρ − control', style),
    ...reasons(rows, metrics).flatMap((line) => wrap(line, limit)),
    ...wrap(`${zero}; tokens of the suffix found: ${suffixes}`, limit),
    ...(summary.conclusion ? wrap(summary.conclusion[zeros], limit) : []),
    '',
  ].join('\n');
}

function passageTable(summary: MemorizationSummary, _: ZeroHandling, style: Style, limit: number): string {
  const metrics = [
    { head: '|ln p − ln p∞|', metric: 'gap', least: 3 },
    { head: 'token ρ', metric: 'token_rho', least: 3 },
    { head: 'extractable', metric: 'extractable', least: 4 },
  ];
  const rows = rowsOf(summary, () => '');
  const [any] = rows;
  const possible = any?.values.find(({ metric }) => metric === 'possible_tokens');
  const windows = any?.values.find(({ metric }) => metric === 'extractable');
  const head = `${printable(summary.name)}: passages against ${printable(summary.index)}`;
  const over = `p∞ > 0 for ${percent(possible?.value ?? null)} of ${si(possible?.n ?? 0)} tokens`;
  const of = windows ? `; ${windows.n ?? 0} windows, ${/\[(.*)\]/.exec(windows.definition)?.[1] ?? ''} tokens` : '';
  const absences = reasons(rows, metrics).flatMap((line) => wrap(line, limit));
  return [style.bold(head), ...table(rows, metrics, '', style), ...absences, `${over}${of}`, ''].join('\n');
}

type Against = NonNullable<MemorizationSummary['points'][number]['against']>;

function rowsOf({ points, control }: MemorizationSummary, note: (against: Against) => string): Row[] {
  const rows = points.map(({ revision, tokens, values, isControl, against }): Row => {
    const said = isControl ? 'the control' : against ? note(against) : '';
    return { name: printable(revision), tokens, values, note: said };
  });
  if (control?.kind === 'random-init') {
    rows.push({ name: 'random weights', tokens: null, values: control.values, note: 'the control' });
  }
  return rows;
}

function table(
  rows: readonly Row[],
  metrics: readonly { head: string; metric: string; least: number }[],
  last: string,
  style: Style,
): string[] {
  const value = (row: Row, metric: string) => row.values.find((v) => v.metric === metric);
  const columns: Column[] = [
    { head: 'revision', side: 'left', cells: rows.map(({ name }) => name) },
    { head: 'tokens', side: 'right', cells: rows.map(({ tokens }) => (tokens === null ? absent : si(tokens))) },
    ...metrics.map(({ head, metric, least }): Column => {
      const decimals = decimalsOf(
        rows.map((row) => value(row, metric)?.se),
        least,
      );
      const cells = rows.map((row) => {
        const found = value(row, metric);
        if (!found || found.value === null) return absent;
        return figureText(found.value, found.se, decimals);
      });
      return { head, side: 'right', cells };
    }),
    ...(rows.some(({ note }) => note !== '')
      ? [{ head: last, side: 'left' as const, cells: rows.map(({ note }) => note) }]
      : []),
  ];
  const widths = columns.map(widthOf);
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, c) => pad(cell, widths[c]!, columns[c]!.side))
      .join(gap)
      .trimEnd();
  return [
    style.bold(line(columns.map(({ head }) => head))),
    ...rows.map((_, r) => line(columns.map((c) => c.cells[r]!))),
  ];
}

function figureText(value: number, se: number | null, decimals: number): string {
  return `${value.toFixed(decimals).replace('-', '−')} ${plusMinus(se, decimals)}`.trimEnd();
}

/** With a space that no line is broken at. */
const percent = (share: number | null): string => (share === null ? absent : `${(100 * share).toFixed(1)}\u00a0%`);

/** Why figures are absent, each reason once. */
function reasons(rows: readonly Row[], metrics: readonly { head: string; metric: string }[]): string[] {
  const said = metrics.flatMap(({ head, metric }) =>
    rows.flatMap(({ values }) => {
      const reason = values.find((value) => value.metric === metric)?.reason;
      return reason === undefined ? [] : [`${head} is absent: ${reason}`];
    }),
  );
  return [...new Set(said)];
}
