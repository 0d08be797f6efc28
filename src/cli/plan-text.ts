/** What `--dry-run` prints: what would be measured, read and computed, and what stands in the way. */
import { pad } from './columns.js';
import { absent, bytes, count, cut, duration, flop, si, lengthOf } from './format.js';
import type { TracePlan } from './library.js';
import { skippedLines } from './skipped-text.js';
import { printable, type Style } from './style.js';

/** The plan in one line, for the start of a run. */
export function planLine(plan: TracePlan): string {
  const { measure, reused, problems } = tally(plan);
  const controls = plan.checkpoints.filter((c) => c.control).length;
  const parts = [
    `${count(measure, controls > 0 ? 'measurement' : 'checkpoint')} to ${controls > 0 ? 'make' : 'measure'}`,
  ];
  if (reused > 0) parts.push(`${reused} reused`);
  if (problems > 0) parts.push(`${problems} with problems`);
  const { corpus, rows } = plan;
  if (corpus) parts.push(`${count(corpus.found, 'sequence')}, ${si(corpus.tokens)} tokens`);
  else parts.push(`${rows.n.toLocaleString('en-US')} rows of ${rows.d.toLocaleString('en-US')}, made elsewhere`);
  if (plan.seconds !== null) parts.push(`about ${duration(Math.max(1, plan.seconds))}`);
  return parts.join(', ');
}

export function planText(plan: TracePlan, out: string, style: Style): string {
  const { measure, reused, problems } = tally(plan);
  const { corpus } = plan;
  const total = plan.flops.forward + plan.flops.spectrum;
  const controls = plan.checkpoints.filter((c) => c.control);
  // White noise goes through no model.
  const noise = controls.filter((c) => !c.reused && c.control!.kind === 'gaussian').length;
  const inAll = total * measure - plan.flops.forward * noise;
  const facts: [string, string][] = [
    ['series', printable(plan.series)],
    ['run', printable(out)],
    [
      'checkpoints',
      `${controls.length > 0 ? `${plan.checkpoints.length - controls.length} and ${count(controls.length, 'control')}` : plan.checkpoints.length}: ` +
        `${measure} to measure, ${reused} reused, ${problems} with problems`,
    ],
    [
      corpus ? 'corpus' : 'rows',
      !corpus
        ? `${plan.rows.n.toLocaleString('en-US')} of ${plan.rows.d.toLocaleString('en-US')} columns, made elsewhere`
        : `${corpus.found.toLocaleString('en-US')} sequences` +
          (corpus.asked === null ? '' : ` of ${corpus.asked.toLocaleString('en-US')} asked`) +
          `, ${si(corpus.tokens)} tokens, from ${printable(corpus.name)}`,
    ],
    [
      'operations',
      `${flop(total)} a checkpoint: forward ${flop(plan.flops.forward)}, spectrum ${flop(plan.flops.spectrum)}`,
    ],
    ['', `${flop(inAll)} in all`],
    ['to read', `${bytes(plan.bytesToRead)} of ${corpus ? 'weights' : 'representations'}`],
    ...(plan.fetch
      ? [['to fetch', `${bytes(plan.fetch.bytes)}, ${bytes(plan.fetch.cached)} cached`] as [string, string]]
      : []),
    ['peak memory', `${bytes(plan.peakMemory)}${(plan.stages ?? 0) > 1 ? `, the model in ${plan.stages} stages` : ''}`],
    ['time', plan.seconds === null ? 'nothing left to do' : `about ${duration(Math.max(1, plan.seconds))}`],
    ...timeFacts(plan.time),
  ];
  const blocks = [
    facts.map(([name, value]) => `${style.bold(name.padEnd(13))}${value}`),
    checkpointLines(plan, style),
    titled('Not reusable, because these differ from what is there', plan.differences, style),
    titled('Left out by --skip-flagged', skippedLines(plan.skipped ?? []), style),
    titled('Notes', plan.notes, style),
    ['Nothing was computed or written: this is the plan of --dry-run.'],
  ];
  return `${blocks
    .filter((block) => block.length > 0)
    .map((block) => block.join('\n'))
    .join('\n\n')}\n`;
}

/** What the time is spent on, where that is a tenth of it or more. */
function timeFacts(time: TracePlan['time']): [string, string][] {
  if (!time) return [];
  const names = {
    forward: 'forward',
    spectrum: 'spectrum',
    load: 'loading',
    hash: 'hashing',
    start: 'start',
    store: 'writing',
  };
  const all = Object.values(time).reduce((sum, seconds) => sum + seconds, 0);
  const parts = (Object.keys(names) as (keyof typeof names)[])
    .filter((key) => time[key] >= all / 10)
    .map((key) => `${names[key]} ${Math.round((100 * time[key]) / all)}%`);
  return [['', parts.join(', ')]];
}

function tally(plan: TracePlan): { measure: number; reused: number; problems: number } {
  const problems = plan.checkpoints.filter((c) => c.problem !== null).length;
  const reused = plan.checkpoints.filter((c) => c.problem === null && c.reused).length;
  return { measure: plan.checkpoints.length - reused - problems, reused, problems };
}

function checkpointLines(plan: TracePlan, style: Style): string[] {
  const several = new Set(plan.checkpoints.map((c) => c.stage)).size > 1;
  const names = plan.checkpoints.map(
    (c) => (several ? '  ' : '') + cut(printable(c.revision), 40, 'middle') + (c.control ? ` ${c.control.kind}` : ''),
  );
  const width = Math.max('revision'.length, ...names.map(lengthOf));
  const lines = [style.bold(`${'revision'.padEnd(width)}  tokens      ${plan.corpus ? 'weights' : '  files'}`)];
  let stage: string | null = null;
  plan.checkpoints.forEach((c, i) => {
    if (several && c.stage !== stage) lines.push(style.dim(printable(c.stage)));
    stage = c.stage;
    const end = c.problem !== null ? style.bad(printable(c.problem)) : c.reused ? style.dim('reused') : '';
    const tokens = c.tokens === null ? absent : si(c.tokens);
    lines.push(
      [pad(names[i]!, width, 'left'), pad(tokens, 6, 'right'), pad(bytes(c.bytes), 11, 'right'), end]
        .join('  ')
        .trimEnd(),
    );
  });
  return lines;
}

function titled(title: string, lines: readonly string[], style: Style): string[] {
  return lines.length === 0 ? [] : [style.bold(title), ...lines.map((line) => `  ${printable(line)}`)];
}
