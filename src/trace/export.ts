/** `eigentrace export`: a run's table as a file or as bytes. */
import { writeAtomic } from '../bytes/index.js';
import { exportRun as encodeRun, openRun, type ExportFormat, type TableOptions } from '../record/index.js';

export interface ExportResult {
  /** The file written; null when none was asked for. */
  path: string | null;
  /** The bytes, when no file was asked for; else null. */
  content: Uint8Array | null;
  /** What was left out, in words. */
  notes: readonly string[];
}

/** The table of the run in folder `path`, to the file `out` (written whole or not at all) or, where null, as bytes. */
export async function exportRun(
  path: string,
  options: { format: ExportFormat; table: string; out: string | null } & TableOptions,
): Promise<ExportResult> {
  const { out, ...selection } = options;
  const { content, notes } = await encodeRun(await openRun(path), selection);
  if (out === null) return { path: null, content, notes };
  await writeAtomic(out, content);
  return { path: out, content: null, notes };
}
