/** Documents of a `.jsonl` file: one JSON object a line, its text in one field. Blank lines are no rows. */
import type { ByteSource } from '../bytes/index.js';
import { EigentraceError, messageOf, nearest } from '../errors.js';
import { lines, type LineOptions } from './lines.js';
import type { Place } from './place.js';

export async function* jsonlDocuments(
  source: ByteSource,
  field: string,
  options: LineOptions & { place?: Place | undefined } = {},
): AsyncGenerator<string> {
  const { place } = options;
  for await (const { number, text } of lines(source, options)) {
    if (text.trim() === '') continue;
    const row = parseLine(text, `${source.name}:${number}`);
    const value = fieldOf(row, field, `${source.name}:${number}`);
    if (place) {
      const { [field]: _, ...rest } = row as Record<string, unknown>;
      [place.line, place.rest] = [number - 1, rest];
    }
    yield value;
  }
}

/** JSON of one line; `place` is FILE:LINE. */
export function parseLine(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new EigentraceError('input', `${place}: is not JSON (${messageOf(error)})`, { cause: error });
  }
}

function fieldOf(row: unknown, field: string, place: string): string {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw new EigentraceError(
      'input',
      `${place}: is not a JSON object, got ${kindOfJson(row)} (expected {"${field}": "…"})`,
    );
  }
  if (!Object.hasOwn(row, field)) throw missingField(place, field, Object.keys(row));
  const value = (row as Record<string, unknown>)[field];
  if (typeof value === 'string') return value;
  throw new EigentraceError(
    'input',
    `${place}: field "${field}" is no text, got ${kindOfJson(value)} (expected a string)`,
  );
}

/** The error for a field that is not there: up to three of those that are, nearest first. */
export function missingField(place: string, field: string, fields: string[]): EigentraceError {
  const close = nearest(field, fields).map((name) => `"${name}"`);
  const rest = fields.length > close.length ? ` and ${fields.length - close.length} more` : '';
  const got = fields.length === 0 ? 'no fields at all' : `${close.join(', ')}${rest}`;
  return new EigentraceError(
    'input',
    `${place}: no field "${field}", got ${got} (expected the field of the text: --field NAME)`,
  );
}

function kindOfJson(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value)
    ? 'an array'
    : typeof value === 'object'
      ? 'an object'
      : `the ${typeof value} ${JSON.stringify(value)}`;
}
