/**
 * Phases on a terminal: RankMe's and α's side by side where there is room, the turning points with their evidence, the
 * paper's boundaries where the series is one of its models, the rule, and what a reader must know.
 */
import { signed, withError } from '../story/format.js';
import { pad, widthOf, type Column } from './columns.js';
import { count, si, wrap } from './format.js';
import type { PhaseFinding } from './library.js';
import { printable, type Style } from './style.js';

type CurvePhases = PhaseFinding['phases']['rankme'];

const gap = '  ';
const figures = { rankme: 'RankMe', alpha: 'α' } as const;

/** The whole text of one finding, line ends included; `limit` is the width of the terminal. */
export function phasesText(finding: PhaseFinding, limit: number, style: Style): string {
  const { phases, checkpoints, paper } = finding;
  const curves = [phases.rankme, phases.alpha] as const;
  const parts = [heading(finding, limit, style)];
  if (curves.every((curve) => curve.phases.length === 0)) parts.push(['no phases: the notes say why']);
  else parts.push(sideBySide(curves, limit, style));
  const turns = curves.flatMap((curve) => curve.turningPoints.map((point) => ({ curve, point })));
  if (turns.length > 0) {
    const column = (head: string, side: 'left' | 'right', cell: (turn: (typeof turns)[number]) => string): Column => ({
      ...{ head, side, cells: turns.map(cell) },
    });
    parts.push(
      table(
        [
          column('turning point', 'left', ({ curve, point }) => `${figures[curve.curve]} ${point.kind}`),
          column('at', 'right', ({ point }) => si(point.at)),
          column('interval (95 %)', 'left', ({ point: { interval } }) => `${si(interval[0])} – ${si(interval[1])}`),
          column('nearest checkpoint', 'left', ({ point }) => printable(checkpoints[point.index]!.revision)),
          column('value', 'right', ({ curve, point }) => point.value.toFixed(curve.curve === 'rankme' ? 1 : 2)),
          column('prominence', 'left', ({ point }) => withError(point.prominence, point.prominenceSe)),
        ],
        style,
      ),
    );
  }
  if (paper !== null) parts.push(hanging(paperText(finding, paper), limit));
  for (const sentence of phases.disagreements) parts.push(hanging(sentence, limit).map((line) => style.warn(line)));
  parts.push(
    curves.flatMap((curve) =>
      hanging(`${figures[curve.curve]}: ${curve.rule.text}`, limit).map((line) => style.dim(line)),
    ),
  );
  const notes = curves.flatMap((curve) => curve.notes.map((note) => `${figures[curve.curve]}: ${printable(note)}`));
  if (notes.length > 0) parts.push(notes.flatMap((note) => hanging(note, limit)));
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function heading(finding: PhaseFinding, limit: number, style: Style): string[] {
  const { series, stage, layer, position, variant, checkpoints, phases } = finding;
  const facts = [
    ...[stage, `layer ${layer}`, ...(position === 'last' ? [] : [`position ${position}`])],
    ...(variant === null ? [] : [`variant ${variant}`]),
    ...[count(checkpoints.length, 'checkpoint'), `x is ln(${phases.rankme.axis})`],
  ];
  const [first, ...rest] = hanging(`${printable(series)}: ${printable(facts.join(', '))}`, limit);
  return [first!.replace(printable(series), (name) => style.bold(name)), ...rest];
}

function sideBySide(curves: readonly CurvePhases[], limit: number, style: Style): string[] {
  const rows = Math.max(...curves.map(({ phases }) => phases.length));
  const blocks = curves.map((curve) => blockOf(curve, rows));
  const both = blocks.map((columns) => columns.map(widthOf).reduce((sum, w) => sum + w + gap.length, -gap.length));
  const between = 4;
  if (both[0]! + between + both[1]! > limit) {
    return curves.flatMap((curve, i) => [...(i > 0 ? [''] : []), ...table(blockOf(curve, curve.phases.length), style)]);
  }
  const [left, right] = blocks.map((columns) => table(columns, style, false)) as [string[], string[]];
  return left.map((line, i) => (line + ' '.repeat(between) + right[i]!).trimEnd());
}

function blockOf(curve: CurvePhases, rows: number): Column[] {
  const cells = (cell: (phase: CurvePhases['phases'][number]) => string) =>
    Array.from({ length: rows }, (_, i) => (curve.phases[i] === undefined ? '' : cell(curve.phases[i])));
  const change = curve.curve === 'rankme' ? 'Δ ln RankMe' : 'Δ α';
  return [
    { head: figures[curve.curve], side: 'left', cells: cells(({ name }) => name) },
    { head: curve.axis, side: 'left', cells: cells(({ from, to }) => `${si(from)} – ${si(to)}`) },
    { head: change, side: 'left', cells: cells((phase) => signed(phase.change, phase.changeSe)) },
  ];
}

/** Lines of a table; the heads are bold. Untrimmed where something is to stand to the right of it. */
function table(columns: readonly Column[], style: Style, isTrimmed = true): string[] {
  const widths = columns.map(widthOf);
  const line = (cells: readonly string[]) => {
    const text = cells.map((cell, i) => pad(cell, widths[i]!, columns[i]!.side)).join(gap);
    return isTrimmed ? text.trimEnd() : text;
  };
  const rows = columns[0]!.cells.map((_, row) => line(columns.map(({ cells }) => cells[row]!)));
  return [style.bold(line(columns.map(({ head }) => head))), ...rows];
}

/** The paper's lines, and how far our turning points of the same order are from them. */
function paperText({ phases }: PhaseFinding, { model, boundaries }: NonNullable<PhaseFinding['paper']>): string {
  const factors = [phases.rankme, phases.alpha].flatMap((curve) => {
    if (curve.axis !== 'tokens' || curve.turningPoints.length === 0) return [];
    const ratios = boundaries.flatMap((boundary, i) => {
      const point = curve.turningPoints[i];
      return point === undefined ? [] : [(point.at / boundary).toPrecision(2)];
    });
    return [`${figures[curve.curve]}'s turning points lie at ${ratios.join(' and ')} times that`];
  });
  const drawn = `the paper draws ${model}'s boundaries at ${boundaries.map((tokens) => si(tokens)).join(' and ')} tokens`;
  return [drawn, ...factors].join('; ');
}

function hanging(text: string, limit: number): string[] {
  return wrap(text, limit - 2).map((line, i) => (i === 0 ? line : `  ${line}`));
}
