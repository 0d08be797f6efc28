/**
 * What `directions` prints: of each checkpoint a paragraph a direction (share of variance, change since the checkpoint before,
 * the coordinates that carry it, and both ends: tokens, then passages), and for a series a table of the shares before it.
 */
import { pad, widthOf, type Column } from './columns.js';
import { absent, cut, lengthOf, si, wrap } from './format.js';
import type { Direction, DirectionChange, DirectionsDetail, DirectionsResult, Visited } from './library.js';
import { printable, type Style } from './style.js';

export interface Described {
  readonly row: Visited;
  readonly detail: DirectionsDetail;
  readonly change: DirectionChange | null;
}

/** The whole text, line ends included. */
export function directionsText(described: readonly Described[], style: Style, limit: number): string {
  if (described.length === 0) return 'nothing was found\n';
  const lines: string[] = described.length > 1 ? [...overview(described, style), ''] : [];
  for (const [at, each] of described.entries())
    lines.push(...(at === 0 ? [] : ['']), ...checkpoint(each, style, limit));
  return `${lines.join('\n')}\n`;
}

/** What a line says of one checkpoint's finding, while the others are under way. */
export function sharesLine({ finding }: DirectionsResult['results'][number]): string {
  const shares = (finding?.values ?? []).flatMap(({ metric, value }) => (metric === 'share' ? (value ?? []) : []));
  return `shares ${shares.slice(0, 5).map(percent).join(' ')}`;
}

function overview(described: readonly Described[], style: Style): string[] {
  const most = Math.min(5, Math.max(...described.map(({ detail }) => detail.directions.length)));
  const columns: Column[] = [
    { head: 'revision', side: 'left', cells: described.map(({ row }) => nameOf(row)) },
    {
      head: 'tokens',
      side: 'right',
      cells: described.map(({ row }) => (row.tokens === null ? absent : si(row.tokens))),
    },
    ...Array.from({ length: most }, (_, u): Column => ({
      head: `share ${u + 1}`,
      side: 'right',
      cells: described.map(({ detail }) => (detail.directions[u] ? percent(detail.directions[u].share) : absent)),
    })),
    {
      head: 'subspace overlap',
      side: 'right',
      cells: described.map(({ change }) => change?.subspace?.toFixed(3) ?? absent),
    },
  ];
  const line = (cell: (column: Column) => string): string =>
    columns
      .map((column) => pad(cell(column), widthOf(column), column.side))
      .join('  ')
      .trimEnd();
  return [style.dim(line(({ head }) => head)), ...described.map((_, i) => line(({ cells }) => cells[i]!))];
}

function checkpoint({ row, detail, change }: Described, style: Style, limit: number): string[] {
  const { n, d, position, directions, massive } = detail;
  const size = `${n.toLocaleString('en-US')} states (${position}) of ${d}`;
  const since =
    change?.subspace == null
      ? ''
      : `; subspace overlap with ${printable(change.since)} ${change.subspace.toFixed(3)} (unrelated: ${change.chance.toFixed(3)})`;
  const lines = [style.bold(nameOf(row)), ...wrap(`${size}${since}`, limit - 2).map((line) => `  ${style.dim(line)}`)];
  const large = massive.map(({ index, mean }) => `${index} (mean ${mean.toFixed(1)})`);
  const shown = large.slice(0, 6).join(', ') + (large.length > 6 ? ', …' : '');
  lines.push(`  ${style.dim(massive.length === 0 ? 'no massive coordinates' : `massive coordinates: ${shown}`)}`);
  for (const direction of directions) lines.push(...paragraph(direction, change, style, limit));
  for (const { code, message } of row.finding!.flags) {
    if (code !== 'note') lines.push(...wrap(printable(message), limit - 2).map((line) => `  ${style.warn(line)}`));
  }
  return lines;
}

function paragraph(direction: Direction, change: DirectionChange | null, style: Style, limit: number): string[] {
  const { rank, share, carried_by: carriedBy, close, coordinates } = direction;
  const before = change?.directions[rank - 1];
  const moved =
    before === undefined
      ? []
      : [
          `|cos| with ${rank} before ${before.overlap?.toFixed(3) ?? absent}` +
            (before.nearestRank === rank ? '' : ` (nearest: ${before.nearestRank}, ${before.nearest.toFixed(3)})`),
        ];
  const head = [`${percent(share)} of the variance`, ...moved, ...(close ? ['close to a neighbour: may turn'] : [])];
  const carrying = coordinates.map(
    ({ index, share: part, massive }) => `${index} ${percent(part)}${massive ? ' massive' : ''}`,
  );
  const lines = [
    '',
    ...hanging(`  ${String(rank).padStart(2)}  `, head.join(', '), limit),
    ...hanging('      ', `carried by ${carriedBy.toFixed(1)} coordinates: ${carrying.join(', ')}`, limit).map((line) =>
      style.dim(line),
    ),
  ];
  for (const [sign, end] of [
    ['+', direction.positive],
    ['−', direction.negative],
  ] as const) {
    if (end.tokens !== null && end.tokens.length > 0) {
      const words = end.tokens.map(({ text, id }) => (text === null ? String(id) : JSON.stringify(printable(text))));
      lines.push(...hanging(`   ${sign}  `, words.join(' '), limit));
    }
    for (const { score, text, ids } of end.passages) {
      const start = `      ${`${score < 0 ? '−' : '+'}${Math.abs(score).toFixed(1)}`.padStart(5)}  `;
      const said = printable(text ?? ids.join(' '))
        .replace(/\s+/g, ' ')
        .trim();
      // The state is of its last token: the end is what must be seen.
      const room = limit - lengthOf(start);
      const characters = Array.from(said);
      lines.push(start + (characters.length <= room ? said : `…${characters.slice(1 - room).join('')}`));
    }
  }
  return lines;
}

function hanging(start: string, text: string, limit: number): string[] {
  const lines = wrap(text, limit - lengthOf(start));
  return lines.map((line, i) => (i === 0 ? start : ' '.repeat(lengthOf(start))) + line);
}

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

function nameOf({ revision, stage, control }: Visited): string {
  const name = stage === 'pretrain' ? revision : `${stage}/${revision}`;
  return cut(printable(control ? `${name} (${control.kind})` : name), 40, 'middle');
}
