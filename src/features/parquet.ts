/**
 * Representations in a parquet file: a list column of d floats a row, or d columns of one float each. hyparquet decodes
 * the pages, one at a time; as they can't be read at random, the rows go to a scratch file of N·d float32 (twice that
 * for separate columns, which are turned into rows there). Sizes are checked before anything is allocated.
 */
import type { ColumnMetaData, FileMetaData } from 'hyparquet';
import { Scratch, type ByteSource } from '../bytes/index.js';
import { brokenParquet, parquetChunk, readParquetFile } from '../bytes/parquet.js';
import { EigentraceError } from '../errors.js';
import { namesOf, choose } from './choice.js';
import type { FloatType } from '../bytes/floats.js';
import { checkShape } from './matrix.js';
import { floatColumns, pages, type FloatColumn } from './parquet-pages.js';

export interface ParquetMatrix {
  readonly n: number;
  readonly d: number;
  /** As stored; `open` gives float32. */
  readonly type: FloatType;
  /** Name of the list column, or `columns A … Z`. */
  readonly array: string;
  /** What was not taken for numbers. */
  readonly notes: readonly string[];
  /** The rows as float32, little-endian, row after row, until `close`. */
  readonly open: (scratch: string, signal?: AbortSignal) => Promise<Scratch>;
}

/** Transposed rows that are held at once, in bytes. */
const blockBytes = 8 << 20;

/** Finds the column of a layer from the footer alone; `only`: `features`, the only list column, or all float columns. */
export async function readParquet(source: ByteSource, layer: string, only: boolean): Promise<ParquetMatrix> {
  const { metadata, schema } = await readParquetFile(source);
  const columns = floatColumns(schema);
  const lists = columns.usable.filter(({ isList }) => isList);
  const scalars = columns.usable.filter(({ isList }) => !isList);
  const rows = metadata.row_groups.map(({ num_rows: count }) => Number(count));
  const n = rows.reduce((sum, count) => sum + count, 0);
  const isSound = rows.every((count) => Number.isSafeInteger(count) && count >= 0) && n === Number(metadata.num_rows);
  if (!isSound)
    throw brokenParquet(source, `it claims ${metadata.num_rows} rows in groups of ${rows.slice(0, 5).join(', ')}`);

  if (only && lists.length === 0 && scalars.length > 0) {
    const { d } = checkShape(source.name, [n, scalars.length]);
    const types = new Set(scalars.map(({ type }) => type));
    const type = (['float64', 'float32', 'float16'] as const).find((wide) => types.has(wide))!;
    const notes = columns.others.length > 0 ? [`columns left out, no floats: ${columns.others.join(', ')}`] : [];
    const array = `columns ${scalars[0]!.name} … ${scalars.at(-1)!.name}`;
    return {
      n,
      d,
      type,
      array,
      notes,
      open: (scratch, signal) => openColumns(source, metadata, scalars, n, scratch, signal),
    };
  }
  const names = lists.map(({ name }) => name);
  const usual = only && names.includes('features') && !namesOf(layer).some((name) => names.includes(name));
  const all = [
    ...columns.usable.map(({ name, isList, type }) => `${name} ${isList ? 'list of ' : ''}${type}`),
    ...columns.others,
  ];
  const array = usual ? 'features' : choose(source.name, layer, { usable: names, all }, only);
  const column = lists.find(({ name }) => name === array)!;
  const { d } = checkShape(`${source.name}: column ${array}`, [n, widthOf(source, metadata, column, n)]);
  return {
    n,
    d,
    type: column.type,
    array,
    notes: [],
    open: (scratch, signal) => openList(source, metadata, column, { n, d }, scratch, signal),
  };
}

/** Numbers a row: the values of the whole column over its rows. */
function widthOf(source: ByteSource, metadata: FileMetaData, column: FloatColumn, n: number): number {
  const values = metadata.row_groups.reduce((sum, group) => sum + Number(chunkOf(source, group, column).num_values), 0);
  if (n > 0 && Number.isSafeInteger(values) && values > 0 && values % n === 0) return values / n;
  const got = `got ${values} values in ${n} rows`;
  throw new EigentraceError(
    'input',
    `${source.name}: column ${column.name}: rows of different lengths, ${got} (expected d in each)`,
  );
}

async function openList(
  source: ByteSource,
  metadata: FileMetaData,
  column: FloatColumn,
  { n, d }: { n: number; d: number },
  scratch: string,
  signal: AbortSignal | undefined,
): Promise<Scratch> {
  const file = await Scratch.create(scratch, n * d * 4);
  return filling(file, async () => {
    let at = 0;
    for (const group of metadata.row_groups) {
      const end = at + Number(group.num_rows) * d;
      for await (const page of pages(source, column, chunkOf(source, group, column), signal)) {
        // A list begins where the repetition level is 0: there must be one every d values, and nowhere else.
        const wrong = page.repetition?.findIndex((level, i) => (level === 0) !== ((at + i) % d === 0)) ?? -1;
        if (wrong >= 0) {
          const row = Math.floor((at + wrong) / d);
          throw new EigentraceError(
            'input',
            `${source.name}: column ${column.name}: row ${row} is not of ${d} numbers, as the others are`,
          );
        }
        if (at + page.values.length > end)
          throw brokenParquet(source, `column ${column.name} has more values than its rows`);
        await file.write(at * 4, bytesOf(page.values));
        at += page.values.length;
      }
      if (at !== end) throw brokenParquet(source, `column ${column.name} ends before its rows do`);
    }
  });
}

/** Columns one after another into a scratch file, then block by block into rows. */
async function openColumns(
  source: ByteSource,
  metadata: FileMetaData,
  columns: readonly FloatColumn[],
  n: number,
  scratch: string,
  signal: AbortSignal | undefined,
): Promise<Scratch> {
  const d = columns.length;
  const byColumn = await Scratch.create(scratch, n * d * 4);
  try {
    for (const [j, column] of columns.entries()) {
      let at = 0;
      for (const group of metadata.row_groups) {
        const end = at + Number(group.num_rows);
        for await (const { values } of pages(source, column, chunkOf(source, group, column), signal)) {
          if (at + values.length > end)
            throw brokenParquet(source, `column ${column.name} has more values than its rows`);
          await byColumn.write((j * n + at) * 4, bytesOf(values));
          at += values.length;
        }
        if (at !== end) throw brokenParquet(source, `column ${column.name} ends before its rows do`);
      }
    }
    const file = await Scratch.create(scratch, n * d * 4);
    return await filling(file, async () => {
      const step = Math.max(1, Math.floor(blockBytes / (4 * d)));
      for (let start = 0; start < n; start += step) {
        if (signal?.aborted) throw new EigentraceError('interrupted', 'interrupted');
        const end = Math.min(n, start + step);
        const block = new Float32Array((end - start) * d);
        for (let j = 0; j < d; j++) {
          const bytes = await byColumn.read((j * n + start) * 4, (j * n + end) * 4);
          new Float32Array(bytes.buffer).forEach((value, i) => (block[i * d + j] = value));
        }
        await file.write(start * d * 4, bytesOf(block));
      }
    });
  } finally {
    await byColumn.close();
  }
}

async function filling(file: Scratch, fill: () => Promise<void>): Promise<Scratch> {
  try {
    await fill();
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

function chunkOf(source: ByteSource, group: FileMetaData['row_groups'][number], column: FloatColumn): ColumnMetaData {
  const chunk = parquetChunk(group, column.path);
  if (!chunk) throw brokenParquet(source, `no data for column ${column.name}`);
  return chunk;
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
