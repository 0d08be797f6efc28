/**
 * JSON as a record is written. Canonical JSON (RFC 8785): keys sorted by UTF-16 code units, no white space, numbers as JavaScript prints them
 * (the shortest decimal that reads back to the same float64), strings escaped as JSON.stringify does. Equal values
 * give equal text, so its sha256 names them; any language with an RFC 8785 library can recompute it. Readable JSON
 * is what lies in the files: indented, but a list of numbers on one line.
 */
import { createHash } from 'node:crypto';
import { EigentraceError } from '../errors.js';

/** Canonical JSON of a value. Keys whose value is undefined are left out; NaN and Infinity are refused. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return JSON.stringify(value);
    throw new EigentraceError('internal', `internal: a record can't hold the number ${value} (expected null)`);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object') {
    const entries = Object.entries(value).filter(([, v]) => v !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([key, v]) => `${JSON.stringify(key)}:${canonicalJson(v)}`).join(',')}}`;
  }
  throw new EigentraceError('internal', `internal: a record can't hold a ${typeof value} (expected JSON values)`);
}

/** sha256 of the canonical JSON, lower-case hex. */
export function canonicalSha256(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/** JSON for a file that people open: one space an indent, lists of plain values on one line, a newline at the end. */
export function readableJson(value: unknown): string {
  return `${readable(value, '\n')}\n`;
}

function readable(value: unknown, newline: string): string {
  if (typeof value !== 'object' || value === null) return canonicalJson(value);
  const isList = Array.isArray(value);
  const inner = `${newline} `;
  const items = isList
    ? value.map((item) => readable(item, inner))
    : Object.entries(value).flatMap(([key, v]) =>
        v === undefined ? [] : [`${JSON.stringify(key)}: ${readable(v, inner)}`],
      );
  const [open, close] = isList ? '[]' : '{}';
  if (items.length === 0) return `${open}${close}`;
  const isPlain = isList && value.every((item) => typeof item !== 'object' || item === null);
  return isPlain ? `[${items.join(', ')}]` : `${open}${inner}${items.join(`,${inner}`)}${newline}${close}`;
}
