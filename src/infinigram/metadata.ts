/** A document's row of metadata, byte for byte as Python's `json.dumps` writes it: ASCII, a space after `,` and `:`. */

export interface MetadataRow {
  /** Of the file, below the corpus's folder. */
  readonly path: string;
  /** Line or row of the file, from 0. */
  readonly linenum: number;
  /** The other fields of a jsonl row. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

export function metadataLine({ path, linenum, metadata }: MetadataRow): string {
  return `${pythonJson({ path, linenum, metadata })}\n`;
}

/** Numbers are JavaScript's: 1.0 is written 1. */
export function pythonJson(value: unknown): string {
  if (typeof value === 'string') return ascii(JSON.stringify(value));
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, of]) => `${ascii(JSON.stringify(key))}: ${pythonJson(of)}`)
    .join(', ')}}`;
}

function ascii(text: string): string {
  return text.replace(/[\u007f-\uffff]/g, (unit) =>
    // Python leaves the delete character as it is.
    unit === '\u007f' ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
