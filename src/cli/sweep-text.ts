/** What `sweep` prints: a table for each option varied, a checkpoint's points below its name; and the plan of --dry-run. */
import { pad } from './columns.js';
import { absent, bytes, count, cut, duration, flop, lengthOf } from './format.js';
import type { SweepPlan, SweepResult } from './library.js';
import { resultsTable } from './results-table.js';
import { printable, type Style } from './style.js';

type Row = SweepResult['results'][number];
type Over = Row['sweep']['over'];

const names: Record<Over, string> = {
  n: 'N, the number of sequences',
  length: 'length, the most tokens of a sequence',
  corpus: 'the corpus',
  layer: 'the layer (a number: before the final norm; 0 = embeddings)',
  position: 'the position',
};

/** The whole text, line ends included. */
export function sweepTables(results: readonly Row[], style: Style, limit: number): string {
  if (results.length === 0) return 'no points\n';
  const overs = [...new Set(results.map(({ sweep }) => sweep.over))];
  return overs
    .map((over) => {
      // A checkpoint stands where a trace's table has a stage, a value where that has a revision.
      const rows = results
        .filter(({ sweep }) => sweep.over === over)
        .map((row) => ({ ...row, stage: row.revision, revision: String(row.sweep.value), ...alone(row, over) }));
      const [first] = rows;
      const where = new Set(rows.map(({ stage }) => stage)).size === 1 ? `, ${printable(first!.stage)}` : '';
      const table = resultsTable(rows, style, limit, [], { head: over === 'n' ? 'sequences' : over, tokens: false });
      return `${style.bold(`over ${names[over]}${where}`)}\n${table}`;
    })
    .join('\n');
}

/** A layer's point holds that layer only: it stands in the main column, whatever its name. */
function alone({ layers, reasons }: Row, over: Over): Partial<Pick<Row, 'layers' | 'reasons'>> {
  const [name, ...others] = Object.keys(layers);
  if (over !== 'layer' || name === undefined || others.length > 0) return {};
  return { layers: { final: layers[name]! }, reasons: { final: reasons[name] ?? {} } };
}

export function sweepPlanText(plan: SweepPlan, out: string, style: Style): string {
  const problems = plan.points.filter(({ problem }) => problem !== null).length;
  const reused = plan.points.filter((point) => point.reused).length;
  const measure = plan.points.length - reused - problems;
  const total = plan.flops.forward + plan.flops.spectrum;
  const facts: [string, string][] = [
    ['series', printable(plan.series)],
    ['run', printable(out)],
    ['points', `${plan.points.length}: ${measure} to measure, ${reused} reused, ${problems} with problems`],
    ['passes', count(plan.forwardPasses, 'forward pass').replace(/passs$/, 'passes')],
    ['operations', `${flop(total)}: forward ${flop(plan.flops.forward)}, spectrum ${flop(plan.flops.spectrum)}`],
    ['peak memory', bytes(plan.peakMemory)],
    ['time', plan.seconds === null ? 'nothing left to do' : `about ${duration(Math.max(1, plan.seconds))}`],
  ];
  const label = (p: SweepPlan['points'][number]): string =>
    `${cut(printable(p.revision), 30, 'middle')}  ${p.sweep.over} ${cut(printable(String(p.sweep.value)), 40, 'middle')}`;
  const width = Math.max(...plan.points.map((point) => lengthOf(label(point))));
  const lines = plan.points.map((point) => {
    const size = point.n === null ? absent : `${point.n.toLocaleString('en-US')} × ${point.d}`;
    const end = point.problem !== null ? style.bad(printable(point.problem)) : point.reused ? style.dim('reused') : '';
    return `${pad(label(point), width, 'left')}  ${pad(size, 14, 'right')}  ${end}`.trimEnd();
  });
  const blocks = [
    facts.map(([name, value]) => `${style.bold(name.padEnd(13))}${value}`),
    lines,
    plan.notes.map((note) => `note: ${printable(note)}`),
    ['Nothing was computed or written: this is the plan of --dry-run.'],
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}
