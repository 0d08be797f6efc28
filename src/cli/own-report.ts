/** The report in a run's own folder, at the end of what measured it. */
import type { Context } from './context.js';
import type { Library } from './library.js';
import { printable } from './style.js';
import { messageOf } from '../errors.js';

/** Writes RUN/report.html where it is missing or no longer true, and says where it is. What was measured stays either way. */
export async function ownReport(library: Library, run: string, quiet: boolean, context: Context): Promise<void> {
  try {
    const { path } = await library.refreshReport(run);
    if (!quiet) context.stderr.write(`report: ${printable(path)} (opens in a browser, offline)\n`);
  } catch (error) {
    context.stderr.write(`the report could not be written: ${printable(messageOf(error))}\n`);
  }
}
