/** How a trace ends: the table on stdout, where everything is on stderr, and the exit status. */
import { controlTables } from './control-tables.js';
import { exitStatus, widthOf, type Context } from './context.js';
import { count, duration } from './format.js';
import { skippedText } from './skipped-text.js';
import type { CheckpointResult, TraceResult } from './library.js';
import { resultsTable } from './results-table.js';
import { rowPhases } from './row-phases.js';
import { printable, styleOf } from './style.js';
import { json } from './watch.js';

export async function conclude(
  result: TraceResult,
  seconds: number,
  options: { json: boolean; quiet: boolean },
  context: Context,
): Promise<number> {
  const { results } = result;
  const isNull = ({ control }: CheckpointResult) => (control ?? null) !== null;
  const real = results.filter((r) => !isNull(r));
  const nulls = results.filter(isNull);
  if (options.json) context.stdout.write(json(result));
  else {
    const limit = Math.max(60, widthOf(context.stdout));
    const style = styleOf(context.stdout, context.env);
    const phases = await rowPhases(result.run, real, await context.library());
    const table = resultsTable(real, style, limit, phases) + controlTables(nulls, style, limit);
    context.stdout.write(table + skippedText(result.skipped ?? [], limit));
  }
  const number = (state: string) => results.filter((r) => r.state === state).length;
  const failed = number('failed');
  const skipped = result.skipped?.length ?? 0;
  if (!options.quiet) {
    context.stderr.write(
      `${count(real.length, 'checkpoint')}${nulls.length > 0 ? ` and ${count(nulls.length, 'control')}` : ''}: ${number('measured')} measured, ${number('reused')} reused, ` +
        `${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}; ${duration(seconds)}; in ${printable(result.run)}\n`,
    );
    const alerts = result.alerts?.length ?? 0;
    if (alerts > 0)
      context.stderr.write(`${count(alerts, 'alert')}, kept in ${printable(`${result.run}/alerts.json`)}\n`);
    const missed = result.missed?.length ?? 0;
    if (missed > 0) context.stderr.write(`${count(missed, 'checkpoint')} deleted before it was measured\n`);
    if (result.interrupted) context.stderr.write('interrupted: the same command goes on from here\n');
    else if (failed > 0) context.stderr.write('the same command tries the failed ones again\n');
  }
  if (result.interrupted) return exitStatus.interrupted;
  if (failed === 0) return (result.alerts?.length ?? 0) > 0 ? exitStatus.partly : exitStatus.done;
  return failed === results.length ? exitStatus.failed : exitStatus.partly;
}
