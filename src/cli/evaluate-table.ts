/** What `evaluate` prints: a table a task, a row a checkpoint, a column a metric; and the list of tasks. */
import { pad, widthOf, type Column } from './columns.js';
import { absent, decimalsOf, si, wrap } from './format.js';
import type { EvaluateResult, TaskListing } from './library.js';
import { printable, type Style } from './style.js';

type Row = EvaluateResult['results'][number];
type Found = Row & { finding: NonNullable<Row['finding']> };

/** The whole text, line ends included. */
export function evaluateTables(results: readonly Row[], style: Style): string {
  const found = results.filter((row): row is Found => row.finding !== null);
  if (found.length === 0) return 'no scores\n';
  const tasks = [...new Set(found.map(({ part }) => part))];
  return tasks
    .map((task) =>
      taskTable(
        found.filter(({ part }) => part === task),
        style,
      ),
    )
    .join('\n');
}

function taskTable(rows: readonly Found[], style: Style): string {
  const [{ finding }] = rows as [Found, ...Found[]];
  const n = Math.max(...rows.flatMap(({ finding: { values } }) => values.map((value) => value.n ?? 0)));
  const title = `${style.bold(printable(rows[0]!.part))}  ${String(finding.options['version'])}, ${n.toLocaleString('en-US')} questions`;
  const metrics = [...new Set(rows.flatMap((row) => row.finding.values.map(({ metric }) => metric)))];
  const columns: Column[] = [
    { head: 'revision', side: 'left', cells: rows.map(nameOf) },
    { head: 'tokens', side: 'right', cells: rows.map(({ tokens }) => (tokens === null ? absent : si(tokens))) },
    ...metrics.map((metric): Column => {
      const values = rows.map((row) => row.finding.values.find((value) => value.metric === metric));
      const decimals = decimalsOf(
        values.map((value) => value?.se),
        3,
      );
      const shown = (x: number): string => (Math.abs(x) < 1e6 ? x.toFixed(decimals) : x.toExponential(3));
      return {
        head: metric,
        side: 'right',
        cells: values.map((value) => {
          if (value?.value === null || value === undefined) return absent;
          return value.se === null ? shown(value.value) : `${shown(value.value)} ± ${shown(value.se)}`;
        }),
      };
    }),
  ];
  const line = (cell: (column: Column) => string): string =>
    columns
      .map((column) => pad(cell(column), widthOf(column), column.side))
      .join('  ')
      .trimEnd();
  const lines = [title, style.dim(line(({ head }) => head)), ...rows.map((_, i) => line(({ cells }) => cells[i]!))];
  const flags = new Map(rows.flatMap((row) => row.finding.flags.map(({ code, message }) => [message, code] as const)));
  for (const [message, code] of flags) if (code !== 'note') lines.push(style.dim(`  ${printable(message)}`));
  return `${lines.join('\n')}\n`;
}

function nameOf({ revision, control }: Row): string {
  return control === null ? printable(revision) : `${printable(revision)} (${control.kind})`;
}

/** Tasks by name with what they are. */
export function taskList(tasks: readonly TaskListing[], style: Style, limit: number): string {
  const width = Math.max(...tasks.map(({ name }) => name.length));
  const kind = Math.max(...tasks.map((task) => task.kind.length));
  const rows = tasks.map(({ name, kind: what, title }) => {
    const [first = '', ...rest] = wrap(title, Math.max(20, limit - width - kind - 4));
    const indent = ' '.repeat(width + kind + 4);
    return [`${style.bold(name.padEnd(width))}  ${what.padEnd(kind)}  ${first}`, ...rest.map((line) => indent + line)];
  });
  return `${rows.flat().join('\n')}\n`;
}
