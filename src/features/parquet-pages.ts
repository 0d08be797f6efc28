/**
 * Floating-point columns of a parquet file, page by page: which columns hold floats, and the values of a column chunk as
 * float32. Only whole numbers-in-every-place columns are read: a null is an error that names the column.
 */
import type { ColumnMetaData, SchemaTree } from 'hyparquet';
import type { ByteSource } from '../bytes/index.js';
import { brokenParquet, parquetPages, type ParquetPage } from '../bytes/parquet.js';
import { EigentraceError, messageOf } from '../errors.js';
import type { FloatType } from '../bytes/floats.js';
import { readValues } from './parquet-values.js';

export interface FloatColumn {
  /** Of the column as a user sees it; the path leads on to the list's element. */
  readonly name: string;
  readonly path: readonly string[];
  readonly type: FloatType;
  readonly isList: boolean;
  readonly schemaPath: readonly SchemaTree[];
}

export interface Page {
  readonly values: Float32Array;
  /** Of a list: 0 where a row begins. */
  readonly repetition: Uint32Array | null;
}

const pageLimit = 256 * 1024 * 1024;
const valueLimit = 1 << 26;

/** Columns of floats and lists of floats, in order, and the others in words. */
export function floatColumns(schema: SchemaTree): { usable: FloatColumn[]; others: string[] } {
  const usable: FloatColumn[] = [];
  const others: string[] = [];
  for (const child of schema.children) {
    const schemaPath = [schema, child];
    for (let at = child; at.children.length === 1; at = at.children[0]!) schemaPath.push(at.children[0]!);
    const leaf = schemaPath.at(-1)!;
    const type = leaf.children.length === 0 ? typeOf(leaf) : null;
    const repeated = schemaPath.filter(({ element }) => element.repetition_type === 'REPEATED').length;
    const { name } = child.element;
    // A struct with one float is no list, and a list of lists no row.
    if (type === null || repeated > 1 || (repeated === 0 && schemaPath.length > 2)) {
      others.push(`${name} ${leaf.element.type ?? 'nested'}`);
      continue;
    }
    const path = schemaPath.slice(1).map(({ element }) => element.name);
    usable.push({ name, path, type, isList: repeated === 1, schemaPath });
  }
  return { usable, others };
}

function typeOf({ element }: SchemaTree): FloatType | null {
  if (element.type === 'FLOAT') return 'float32';
  if (element.type === 'DOUBLE') return 'float64';
  return element.logical_type?.type === 'FLOAT16' && element.type_length === 2 ? 'float16' : null;
}

/** The values of one column chunk, in order. */
export async function* pages(
  source: ByteSource,
  column: FloatColumn,
  meta: ColumnMetaData,
  signal?: AbortSignal,
): AsyncGenerator<Page> {
  let dictionary: Float32Array | null = null;
  const options = { label: column.name, schemaPath: column.schemaPath, pageLimit, valueLimit, signal };
  for await (const page of parquetPages(source, meta, options)) {
    const values = valuesOf(source, column, page, dictionary);
    if (page.kind === 'dictionary') dictionary = values;
    else yield { values, repetition: column.isList ? page.repetition : null };
  }
}

/** Levels must say that nothing is null; then the numbers. */
function valuesOf(
  source: ByteSource,
  { name, type }: FloatColumn,
  { count, encoding, definition, maxDefinition, body }: ParquetPage,
  dictionary: Float32Array | null,
): Float32Array {
  if (definition.some((level) => level !== maxDefinition)) {
    const message = `${source.name}: column ${name}: holds nulls or empty lists (expected a number in every place)`;
    throw new EigentraceError('input', message);
  }
  try {
    return readValues(body, { type, encoding, count }, dictionary);
  } catch (error) {
    throw brokenParquet(source, messageOf(error), error);
  }
}
