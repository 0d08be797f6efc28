/**
 * A run as a table for other programs: json (an array), jsonl, csv (RFC 4180, null as an empty field), parquet
 * (nullable columns: string, int64, double), and npy in the published code's layout. Numbers keep full float64
 * precision in all of them. Scalars for experiment trackers are rows of their own (scalars.ts).
 */
import { parquetWriteBuffer } from 'hyparquet-writer';
import { EigentraceError, nearest } from '../errors.js';
import { curvesOf } from './curves.js';
import { findingKinds, type FindingKind } from './finding.js';
import { findingFiles, readFindings } from './finding-listing.js';
import { findingRows } from './finding-table.js';
import { listMeasurements, type Listing } from './listing.js';
import { longColumns, phaseRows, phasesOfCurves } from './phases.js';
import { encodePublished } from './published.js';
import type { Run } from './run.js';
import { encodeScalars, scalarFormats } from './scalars.js';
import { exportTables, geometryTable, phasesTable } from './table-names.js';
import { tableColumns, tableRows, type TableOptions } from './table.js';

export const tableFormats = ['json', 'jsonl', 'csv', 'parquet'] as const;
export type TableFormat = (typeof tableFormats)[number];
export const exportFormats = [...tableFormats, 'npy', ...scalarFormats] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportOptions extends TableOptions {
  /** `json`, `jsonl`, `csv`, `parquet`, `npy`, `wandb` or `trackio`. */
  format: string;
  /** Which table. Default `geometry`, the tidy table; `phases` and those of findings (`tasks`, `ablation`, …) are long. */
  table?: string;
}

/** Columns by name with what they hold, in order. */
type Columns = Readonly<Record<string, 'string' | 'integer' | 'number'>>;
type Row = Readonly<Record<string, string | number | null>>;

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
  if (table === phasesTable) return exportPhases(listing, format, selection);
  if (isOneOf(findingKinds, table)) return exportFindings(run, table, format, selection);
  if (format === 'npy') return encodePublished(run, listing, selection);
  if (isOneOf(scalarFormats, format)) return encodeScalars(listing, format, selection);
  const { rows, notes } = tableRows(listing, selection);
  return { content: encodeTable(rows, format), notes };
}

/** The long table of what a neighbour found. */
async function exportFindings(
  run: Run,
  kind: FindingKind,
  format: ExportFormat,
  options: TableOptions,
): Promise<{ content: Uint8Array; notes: string[] }> {
  refuseGeometryFormat(kind, format);
  const listing = await readFindings(run, kind);
  if (listing.findings.length === 0 && listing.problems.length === 0) {
    const held: string[] = [];
    for (const other of findingKinds) if ((await findingFiles(run, other)).length > 0) held.push(other);
    const known = [geometryTable, phasesTable, ...held].join(', ');
    throw new EigentraceError('usage', `--table: the run holds no such results, got '${kind}' (expected ${known})`);
  }
  const { rows, notes } = findingRows(listing, kind, options);
  return { content: encodeTable(rows, format, longColumns), notes };
}

/** The long table of phases, found in the run as it is. */
function exportPhases(
  listing: Listing,
  format: ExportFormat,
  options: TableOptions,
): { content: Uint8Array; notes: string[] } {
  refuseGeometryFormat(phasesTable, format);
  const { stage, ...selection } = options;
  const { curves, notes } = curvesOf(listing, selection);
  const found = phasesOfCurves(curves, stage === undefined ? {} : { stage });
  const content = encodeTable(phaseRows(found.findings), format, longColumns);
  return { content, notes: [...notes, ...found.notes] };
}

function refuseGeometryFormat(table: string, format: ExportFormat): asserts format is TableFormat {
  if (isOneOf(tableFormats, format)) return;
  const message = `--format: ${format} holds the geometry alone, got --table ${table} (expected ${tableFormats.join(', ')})`;
  throw new EigentraceError('usage', message);
}

/** Rows of a table in one of the formats, by default of the tidy table. */
export function encodeTable<R extends { [K in keyof R]: string | number | null }>(
  table: readonly R[],
  format: TableFormat,
  columns: Columns = tableColumns,
): Uint8Array {
  const rows = table as readonly Row[];
  if (format === 'parquet') return encodeParquet(rows, columns);
  const objects = () => rows.map((row) => JSON.stringify(row));
  if (format === 'csv') return Buffer.from(encodeCsv(rows, columns));
  if (format === 'jsonl')
    return Buffer.from(
      objects()
        .map((line) => `${line}\n`)
        .join(''),
    );
  return Buffer.from(rows.length === 0 ? '[]\n' : `[\n${objects().join(',\n')}\n]\n`);
}

function refuseTable(table: string): void {
  const known = Object.keys(exportTables);
  if (known.includes(table)) return;
  const message = `--table: no such table, got '${table}' (expected ${nearest(table, known, known.length).join(', ')})`;
  throw new EigentraceError('usage', message);
}

function isOneOf<T extends string>(known: readonly T[], value: string): value is T {
  return (known as readonly string[]).includes(value);
}

/** RFC 4180: CRLF, a field is quoted where it holds a quote, comma or line break. */
function encodeCsv(rows: readonly Row[], columns: Columns): string {
  const field = (value: string | number | null) => {
    if (value === null) return '';
    const text = String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const names = Object.keys(columns);
  const lines = [names, ...rows.map((row) => names.map((name) => field(row[name] ?? null)))];
  return lines.map((line) => `${line.join(',')}\r\n`).join('');
}

function encodeParquet(rows: readonly Row[], columns: Columns): Uint8Array {
  const columnData = Object.entries(columns).map(([name, kind]) => ({
    name,
    type: parquetTypes[kind],
    nullable: true,
    data: rows.map(({ [name]: value = null }) => (kind === 'integer' && value !== null ? BigInt(value) : value)),
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData, createdBy: 'eigentrace' }));
}
