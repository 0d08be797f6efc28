/**
 * Names of series, stages and revisions as names of files: `RUN/geometry/<series>/<stage>/<revision>[.<variant>].json`.
 * Any string has one name, two strings never have the same one, not even where a file system folds case or composes
 * accents, and no name is one that Windows reserves. What a plain name is made of stays as it is (`step1000`):
 *
 *   a-z 0-9 - _ = , @ and inner dots   themselves (in a revision a dot is `%2e`: there it sets off the variant)
 *   A-Z                                `+A`: `stage1-step1000-tokens5B` is `stage1-step1000-tokens5+B`
 *   other ASCII, first and last dots   `%2f`
 *   anything else                      `%u00e9`, one a UTF-16 code unit
 *   the empty string                   `%`
 *   longer than 150 characters         the first 100, `%~` and 32 digits of the sha256 of the string: unique, but not
 *                                      reversible; the record inside the file holds the name
 */
import { createHash } from 'node:crypto';
import { EigentraceError } from '../errors.js';

/** Which measurement: the variant is null for the run's main request, else a short hash of what was asked instead. */
export interface MeasurementRef {
  readonly series: string;
  readonly stage: string;
  readonly revision: string;
  readonly variant: string | null;
}

/** Longest encoded name; with a variant, `.safetensors` and a temporary's prefix it stays below 255 bytes. */
const longest = 150;
/** Names of devices on Windows, with or without an extension. */
const reserved = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/;
const variantForm = /^[a-z0-9][a-z0-9-]{0,40}$/;

/** A series or stage as a folder's name. */
export function encodeName(name: string): string {
  if (name === '') return '%';
  let encoded = name.replace(/[^a-z0-9\-_=,@.]/g, escape);
  encoded = encoded.replace(/^\.|\.$/g, escape);
  if (reserved.test(encoded)) encoded = hex(encoded.charCodeAt(0)) + encoded.slice(1);
  return fit(name, encoded);
}

/** A revision as a file's name without its ending. */
export function encodeRevision(revision: string): string {
  return fit(revision, encodeName(revision).replaceAll('.', '%2e'));
}

/** The string that a name stands for; null when it isn't one of ours, or was too long to be kept in a name. */
export function decodeName(encoded: string): string | null {
  if (encoded === '%') return '';
  const decoded = encoded.replace(/\+([A-Za-z])|%u([0-9a-f]{4})|%([0-9a-f]{2})/g, (_, upper, unit, byte) =>
    upper ? String(upper).toUpperCase() : String.fromCharCode(parseInt(String(unit ?? byte), 16)),
  );
  return encodeName(decoded) === encoded || encodeRevision(decoded) === encoded ? decoded : null;
}

/** Path below RUN of a measurement without its ending, `/` between folders. */
export function measurementStem(ref: MeasurementRef): string {
  if (ref.variant !== null && !variantForm.test(ref.variant)) {
    const message = `variant: not a short name, got ${JSON.stringify(ref.variant)} (expected small letters, digits, -)`;
    throw new EigentraceError('usage', message);
  }
  const variant = ref.variant === null ? '' : `.${ref.variant}`;
  return `geometry/${encodeName(ref.series)}/${encodeName(ref.stage)}/${encodeRevision(ref.revision)}${variant}`;
}

function escape(unit: string): string {
  if (unit >= 'A' && unit <= 'Z') return `+${unit}`;
  return hex(unit.charCodeAt(0));
}

function hex(code: number): string {
  return code < 0x80 ? `%${code.toString(16).padStart(2, '0')}` : `%u${code.toString(16).padStart(4, '0')}`;
}

function fit(name: string, encoded: string): string {
  if (encoded.length <= longest) return encoded;
  // Hashed by code unit: UTF-8 would make all lone surrogates one.
  const digest = createHash('sha256').update(Buffer.from(name, 'utf16le')).digest('hex');
  return `${encoded.slice(0, 100)}%~${digest.slice(0, 32)}`;
}
