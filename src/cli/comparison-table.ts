/**
 * A comparison as text: who is compared and whether errors are paired, then a table a figure (a, b, b − a with error and
 * interval, p after Holm's correction), a row of sparklines, and how the curves go together. 100 columns at most.
 */
import { pad, widthOf, type Column } from './columns.js';
import { absent, count, cut, decimalsOf, lengthOf, plusMinus, si, wrap } from './format.js';
import type { Comparison, FigureComparison } from './library.js';
import { figureCells } from './results-table.js';
import { sparkline } from './sparkline.js';
import { printable, type Style } from './style.js';

const heads: Readonly<Record<string, string>> = { rankme: 'RankMe', alpha: 'α' };
/** Decimals at least, as the results' table has them. */
const least: Readonly<Record<string, number>> = { rankme: 1, alpha: 2 };

/** The whole text, line ends included. */
export function comparisonText(comparison: Comparison, style: Style, limit = 100): string {
  const parts = [
    headLines(comparison, style, limit),
    ...comparison.figures.map((figure) => [
      ...figureTable(comparison, figure, style, limit),
      ...wrapped(correlationText(figure), limit),
    ]),
  ];
  return `${parts.map((part) => part.join('\n')).join('\n\n')}\n`;
}

/** What the columns are called: the labels where they fit, else A and B. */
function namesOf({ a, b }: Comparison): readonly [string, string] {
  const labels = [printable(a.label), printable(b.label)] as const;
  return labels.every((label) => lengthOf(label) <= 16) ? labels : ['A', 'B'];
}

function headLines(comparison: Comparison, style: Style, limit: number): string[] {
  const { a, b, rows, differing, unmatched, figures, axis } = comparison;
  const names = namesOf(comparison);
  const place = `layer ${printable(b.layer)}, position ${printable(b.position)}`;
  const lines = [`${style.bold(`${names[1]} − ${names[0]}`)}   ${place}`];
  if (names[0] === 'A') {
    lines.push(...wrapped(`A  ${a.label}: ${count(a.checkpoints, 'checkpoint')}`, limit));
    lines.push(...wrapped(`B  ${b.label}: ${count(b.checkpoints, 'checkpoint')}`, limit));
  }
  lines.push(...wrapped(rows.why, limit));
  for (const { what, a: x, b: y, why, refused } of differing) {
    const text = `${refused ? 'measured differently: ' : 'note: '}${what} ${x} and ${y} (${why})`;
    lines.push(...wrapped(text, limit).map((line) => (refused ? style.warn(line) : line)));
  }
  const between = figures[0]?.differences.filter((d) => d.a.interpolated || d.b.interpolated).length ?? 0;
  if (between > 0) {
    lines.push(...wrapped(`${count(between, 'place')} between checkpoints, marked ~: linear in ln ${axis}`, limit));
  }
  const left = [unmatched.a, unmatched.b].flatMap((n, i) => (n > 0 ? [`${n} of ${names[i]!}`] : []));
  if (left.length > 0)
    lines.push(...wrapped(`checkpoints without a counterpart on ${axis}: ${left.join(', ')}`, limit));
  return lines;
}

function figureTable(comparison: Comparison, compared: FigureComparison, style: Style, limit: number): string[] {
  const { figure, differences, withoutErrors } = compared;
  const columns = columnsOf(comparison, compared);
  const total = (): number => columns.reduce((sum, column) => sum + widthOf(column) + 2, 0);
  // A narrow terminal does without the interval, which the error stands for. `below` stands at a row's end.
  const interval = columns.findIndex(({ head }) => head === intervalHead);
  if (interval >= 0 && total() + 'below'.length > limit) columns.splice(interval, 1);
  const widths = columns.map(widthOf);
  const several = new Set(differences.map((d) => d.stage)).size > 1;
  const lines = [
    style.bold(heads[figure] ?? figure),
    style.bold(columns.map((c, i) => pad(c.head, widths[i]!, c.side)).join('  ')),
  ];
  let stage: string | null = null;
  differences.forEach((difference, row) => {
    if (several && difference.stage !== stage) lines.push(style.dim(printable(difference.stage)));
    stage = difference.stage;
    const cells = columns.map((c, i) => pad(c.cells[row]!, widths[i]!, c.side)).join('  ');
    const { verdict } = difference;
    lines.push(verdict === 'not resolved' ? cells.trimEnd() : `${cells}  ${style.good(verdict)}`);
  });
  if (differences.length > 2) lines.push(style.dim(trend(differences, widths)));
  if (withoutErrors !== null) {
    if (withoutErrors !== comparison.rows.why)
      lines.push(...wrapped(`no errors of the differences: ${withoutErrors}`, limit));
    return lines;
  }
  const resolved = differences.filter(({ verdict }) => verdict !== 'not resolved').length;
  const tested = differences.filter(({ pHolm }) => pHolm !== null).length;
  const how = `Student's t, K−1 degrees of freedom, p by Holm over the ${tested}`;
  lines.push(...wrapped(`${resolved} of ${tested} differences are resolved at 5 % (${how})`, limit));
  return lines;
}

const intervalHead = '95 % interval';

function columnsOf(comparison: Comparison, { figure, differences, withoutErrors }: FigureComparison): Column[] {
  const { axis } = comparison;
  const names = namesOf(comparison);
  const places = differences.map((d) => (axis === 'steps' ? d.step : axis === 'tokens' ? d.tokens : d.at));
  const errors = [...differences.map((d) => d.a.se), ...differences.map((d) => d.b.se)];
  const decimals = decimalsOf(errors, least[figure] ?? 3);
  const errorsOfDifferences = differences.map((d) => d.se);
  const finer = decimalsOf(errorsOfDifferences, decimals);
  const signed = (value: number): string => (value < 0 ? '−' : '+') + Math.abs(value).toFixed(finer);
  const side = (which: 'a' | 'b'): Column => {
    const cells = figureCells(
      differences.map((d) => d[which].value),
      differences.map((d) => d[which].se),
      decimals,
    );
    const marked = cells.map((cell, i) => (differences[i]![which].interpolated ? `~${cell}` : cell));
    return { head: names[which === 'a' ? 0 : 1], side: 'right', cells: marked };
  };
  const tails = errorsOfDifferences.map((se) => plusMinus(se, finer));
  const tail = Math.max(0, ...tails.map(lengthOf));
  const columns: Column[] = [
    { head: 'revision', side: 'left', cells: differences.map((d) => cut(printable(nameOf(d)), 22, 'middle')) },
    { head: axis, side: 'right', cells: places.map((place) => (place === null ? absent : si(place))) },
    side('a'),
    side('b'),
    {
      head: names[0] === 'A' ? 'B − A' : 'difference',
      side: 'right',
      cells: differences.map(({ difference }, i) => {
        const text = difference === null ? absent : signed(difference);
        return tail > 0 ? `${text} ${tails[i]!.padStart(tail)}` : text;
      }),
    },
  ];
  if (withoutErrors !== null) return columns;
  const intervals = differences.map(({ interval: of }) => (of ? `${signed(of[0])} .. ${signed(of[1])}` : ''));
  columns.push({ head: intervalHead, side: 'right', cells: intervals });
  columns.push({ head: 'p', side: 'right', cells: differences.map(({ pHolm }) => pText(pHolm)) });
  return columns;
}

/** Sparklines below the two sides and their difference. */
function trend(differences: FigureComparison['differences'], widths: readonly number[]): string {
  const curves = [
    differences.map((d) => d.a.value),
    differences.map((d) => d.b.value),
    differences.map((d) => d.difference),
  ];
  const sparks = curves.map((values, i) => {
    const width = widths[i + 2]!;
    return pad(values.some((value) => value !== null) ? sparkline(values, width) : '', width, 'right');
  });
  return [pad('trend', widths[0]!, 'left'), ' '.repeat(widths[1]!), ...sparks].join('  ').trimEnd();
}

function nameOf({ a, b }: FigureComparison['differences'][number]): string {
  if (a.revision !== null && b.revision !== null && a.revision !== b.revision) return b.revision;
  return b.revision ?? a.revision ?? absent;
}

function correlationText({ correlation }: FigureComparison): string {
  if (!correlation || correlation.levels.pearson === null) return '';
  const { n, levels, increments } = correlation;
  const figure = (value: number | null, se: number | null): string =>
    value === null
      ? absent
      : `${value.toFixed(2)}${se === null ? '' : ` ${plusMinus(se, 2).replace('<', '±<')}`}`.replace('-', '−');
  const level = `levels correlate by r ${figure(levels.pearson, levels.pearsonSe)}, ρ ${figure(levels.spearman, levels.spearmanSe)} (n = ${n}; descriptive: curves that drift look correlated)`;
  const { pearson, p } = increments;
  const step =
    pearson === null
      ? 'too few steps between neighbours for their correlation'
      : `steps between neighbours by r ${figure(pearson, null)} (n = ${increments.n}${p === null ? '' : `, p ${pText(p).replace(/^([.\d])/, '= $1')}`})`;
  return `${level}; ${step}`;
}

/** `.034`, `<.001`; nothing where there is none. */
function pText(p: number | null): string {
  if (p === null) return '';
  if (p < 0.001) return '<.001';
  const text = p.toFixed(3);
  return text.startsWith('0') ? text.slice(1) : text;
}

function wrapped(text: string, limit: number): string[] {
  return text === '' ? [] : wrap(printable(text), limit - 2).map((line, i) => (i === 0 ? line : `  ${line}`));
}
