/**
 * A run as a table for other programs: json (an array), jsonl, csv (RFC 4180, null as an empty field), parquet
 * (nullable columns: string, int64, double), and npy in the published code's layout. Numbers keep full float64
 * precision in all of them. Scalars for experiment trackers are rows of their own (scalars.ts).
 */
import { parquetWriteBuffer } from 'hyparquet-writer';
import { EigentraceError, nearest } from '../errors.js';
import { listMeasurements } from './listing.js';
import { encodePublished } from './published.js';
import type { Run } from './run.js';
import { encodeScalars, scalarFormats } from './scalars.js';
import { tableColumns, tableRows, type TableColumn, type TableOptions, type TableRow } from './table.js';

export const tableFormats = ['json', 'jsonl', 'csv', 'parquet'] as const;
export type TableFormat = (typeof tableFormats)[number];
export const exportFormats = [...tableFormats, 'npy', ...scalarFormats] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** Tables of runs to come: none is written yet. */
const otherTables = ['tasks', 'memorization', 'ablation', 'posttraining', 'phases'];
const geometryTable = 'geometry';

export interface ExportOptions extends TableOptions {
  /** `json`, `jsonl`, `csv`, `parquet`, `npy`, `wandb` or `trackio`. */
  format: string;
  /** Which table. Default `geometry`, the tidy table; the long tables are not there yet. */
  table?: string;
}

const columns = Object.entries(tableColumns) as [TableColumn, 'string' | 'integer' | 'number'][];
const parquetTypes = { string: 'STRING', integer: 'INT64', number: 'DOUBLE' } as const;

/** The bytes of an export, and in words what was left out. Unknown formats and tables are `usage` errors. */
export async function exportRun(run: Run, options: ExportOptions): Promise<{ content: Uint8Array; notes: string[] }> {
  const { format, table = geometryTable, ...selection } = options;
  refuseTable(table);
  if (!isOneOf(exportFormats, format)) {
    const message = `--format: no such format, got '${format}' (expected ${nearest(format, exportFormats, 5).join(', ')})`;
    throw new EigentraceError('usage', message);
  }
  const listing = await listMeasurements(run);
  if (format === 'npy') return encodePublished(run, listing, selection);
  if (isOneOf(scalarFormats, format)) return encodeScalars(listing, format, selection);
  const { rows, notes } = tableRows(listing, selection);
  return { content: encodeTable(rows, format), notes };
}

/** Rows of the tidy table in one of the formats. */
export function encodeTable(rows: readonly TableRow[], format: TableFormat): Uint8Array {
  if (format === 'parquet') return encodeParquet(rows);
  const objects = () => rows.map((row) => JSON.stringify(row));
  if (format === 'csv') return Buffer.from(encodeCsv(rows));
  if (format === 'jsonl')
    return Buffer.from(
      objects()
        .map((line) => `${line}\n`)
        .join(''),
    );
  return Buffer.from(rows.length === 0 ? '[]\n' : `[\n${objects().join(',\n')}\n]\n`);
}

function refuseTable(table: string): void {
  if (table === geometryTable) return;
  const message = otherTables.includes(table)
    ? `--table: the run holds no such results yet, got '${table}' (expected ${geometryTable})`
    : `--table: no such table, got '${table}' (expected ${nearest(table, [geometryTable, ...otherTables]).join(', ')})`;
  throw new EigentraceError('usage', message);
}

function isOneOf<T extends string>(known: readonly T[], value: string): value is T {
  return (known as readonly string[]).includes(value);
}

/** RFC 4180: CRLF, a field is quoted where it holds a quote, comma or line break. */
function encodeCsv(rows: readonly TableRow[]): string {
  const field = (value: string | number | null) => {
    if (value === null) return '';
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [columns.map(([name]) => name), ...rows.map((row) => columns.map(([name]) => field(row[name])))];
  return lines.map((line) => `${line.join(',')}\r\n`).join('');
}

function encodeParquet(rows: readonly TableRow[]): Uint8Array {
  const columnData = columns.map(([name, kind]) => ({
    name,
    type: parquetTypes[kind],
    nullable: true,
    data: rows.map((row) => (kind === 'integer' && row[name] !== null ? BigInt(row[name]) : row[name])),
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData, createdBy: 'eigentrace' }));
}
