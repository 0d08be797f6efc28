/**
 * Relations as text: for each series and stage a table a figure, a row a task: levels, increments with p, and what is left
 * given ln(tokens); then the paper's values where the series is one of its models, and children against their parents.
 */
import { pad, widthOf, type Column } from './columns.js';
import { absent, count, cut, lengthOf, plusMinus, wrap } from './format.js';
import type { ChildRelations, RelateResult, SeriesRelations } from './library.js';
import { printable, type Style } from './style.js';

type StageRelations = SeriesRelations['stages'][number];
type Relation = StageRelations['relations'][number];

const heads: Readonly<Record<string, string>> = { rankme: 'RankMe', alpha: 'α' };
const gap = '  ';

/** The whole text, line ends included. */
export function relationsText({ series }: RelateResult, style: Style, limit = 100): string {
  return `${series.map((one) => seriesParts(one, style, limit).join('\n\n')).join('\n\n')}\n`;
}

function seriesParts(relations: SeriesRelations, style: Style, limit: number): string[] {
  const { stages, children } = relations;
  const parts = stages.map((stage) => stageText(relations, stage, style, limit));
  const paper = paperText(relations, style, limit);
  if (paper !== '') parts.push(paper);
  parts.push(...children.map((one) => childrenText(one, relations, style, limit)));
  if (stages.length > 0) parts.push(footer(stages, style, limit));
  return parts;
}

function stageText(
  { series, layer, position, run }: SeriesRelations,
  stage: StageRelations,
  style: Style,
  limit: number,
): string {
  const facts = [
    ...[stage.stage, `layer ${layer}`, ...(position === 'last' ? [] : [`position ${position}`])],
    `${stage.matched} of ${count(stage.checkpoints, 'checkpoint')} with results`,
  ];
  const [first, ...rest] = hanging(`${series}: ${facts.join(', ')}`, limit);
  const head = [first!.replace(printable(series), (name) => style.bold(name)), ...rest];
  if (stage.matched === 0) return [...head, ...hanging(`${run} holds no result of this stage`, limit)].join('\n');
  const figures = [...new Set(stage.relations.map(({ figure }) => figure))];
  const tables = figures.flatMap((figure) => [
    '',
    ...relationTable(
      heads[figure] ?? figure,
      stage.relations.filter((relation) => relation.figure === figure),
      stage.given,
      style,
      limit,
    ),
  ]);
  return [...head, ...tables].join('\n');
}

/** A row a task; the groups of columns are named above. */
function relationTable(
  name: string,
  relations: readonly Relation[],
  given: 'tokens' | 'steps',
  style: Style,
  limit: number,
): string[] {
  const column = (head: string, cell: (relation: Relation) => string): Column => ({
    ...{ head, side: 'right', cells: relations.map(cell) },
  });
  const of = (part: 'levels' | 'increments' | 'partial'): [Column, Column] => [
    column('r', (relation) => figure(relation[part].pearson, relation[part].pearsonSe)),
    column('ρ', (relation) => figure(relation[part].spearman, null)),
  ];
  const groups: { title: string; columns: Column[] }[] = [
    { title: '', columns: [column('n', ({ levels }) => String(levels.n))] },
    { title: 'levels', columns: of('levels') },
    {
      title: 'increments',
      columns: [
        ...of('increments'),
        column('p', ({ increments: { p } }) => pText(p)),
        column('Holm', ({ pHolm }) => pText(pHolm)),
      ],
    },
    { title: `given ln(${given})`, columns: of('partial') },
  ];
  const widths = groups.map(({ columns }) => columns.map(widthOf));
  const wide = widths.map((own, i) =>
    Math.max(
      groups[i]!.title.length,
      own.reduce((sum, width) => sum + width + gap.length, -gap.length),
    ),
  );
  const room = limit - wide.reduce((sum, width) => sum + width + gap.length + 1, 0);
  const names = relations.map(({ task, metric }) => nameOf(task, metric, Math.max(16, room)));
  const first: Column = { head: name, side: 'left', cells: names };
  const nameWidth = widthOf(first);
  const row = (cells: readonly (readonly string[])[], lead: string): string =>
    [lead, ...cells.map((own, g) => pad(own.join(gap), wide[g]!, 'right'))].join(`${gap} `).trimEnd();
  const padded = (of: (column: Column) => string): string[][] =>
    groups.map(({ columns }, g) => columns.map((c, i) => pad(of(c), widths[g]![i]!, c.side)));
  const lines = [
    style.bold(
      row(
        groups.map(({ title }) => [title]),
        pad('', nameWidth, 'left'),
      ),
    ),
    style.bold(
      row(
        padded((c) => c.head),
        pad(name, nameWidth, 'left'),
      ),
    ),
  ];
  relations.forEach((relation, i) => {
    const text = row(
      padded((c) => c.cells[i]!),
      pad(names[i]!, nameWidth, 'left'),
    );
    const isMarked = relation.pHolm !== null && relation.pHolm < 0.05;
    lines.push(isMarked ? `${text} ${style.good('*')}` : text);
  });
  for (const [reason, about] of reasonsOf(relations)) {
    lines.push(
      ...hanging(`${absent} ${about.length > 4 ? `${about.length} tasks` : about.join(', ')}: ${reason}`, limit).map(
        (line) => style.dim(line),
      ),
    );
  }
  return lines;
}

/** Tasks differ at their ends; a metric is cut only where it takes half of the room. */
function nameOf(task: string, metric: string, room: number): string {
  const second = cut(printable(metric), Math.max(Math.floor(room / 2), room - lengthOf(task) - 1));
  return `${cut(printable(task), room - lengthOf(second) - 1, 'start')} ${second}`;
}

/** Why there is no correlation, with the tasks it holds for. */
function reasonsOf(relations: readonly Relation[]): [string, string[]][] {
  const found = new Map<string, string[]>();
  for (const { task, metric, levels, increments, partial } of relations) {
    const reason = levels.reason ?? increments.reason ?? partial.reason;
    if (reason !== null) found.set(reason, [...(found.get(reason) ?? []), `${task} ${metric}`]);
  }
  return [...found];
}

/** What the paper's Table 9 has for this model, beside SciQ's accuracy here. */
function paperText({ paper, stages }: SeriesRelations, style: Style, limit: number): string {
  if (paper === null) return '';
  const own = stages
    .find(({ stage }) => stage === 'pretrain')
    ?.relations.filter(({ task, metric }) => task.replace(/ \(.*\)$/, '') === 'sciq' && metric === 'acc');
  const line = (name: string, figureName: string, r: number, p: number): string => {
    const mine = own?.find((relation) => relation.figure === figureName)?.levels;
    const here =
      mine === undefined || mine.pearson === null
        ? 'not related here'
        : `here r ${figure(mine.pearson, mine.pearsonSe)}, n ${mine.n}`;
    return `  ${name}  r ${figure(r, null)}, p ${p.toExponential(1)}; ${here}`;
  };
  return [
    style.bold(`the paper's Table 9: ${paper.name}, SciQ, accuracy`),
    line('α     ', 'alpha', paper.alphaR, paper.alphaP),
    line('RankMe', 'rankme', paper.rankmeR, paper.rankmeP),
    ...hanging(
      'The paper states neither the kind of correlation nor its checkpoints; its p fit a t test of levels, which curves that drift pass too often.',
      limit,
    ).map((text) => style.dim(text)),
  ].join('\n');
}

/** Children in a table, and how their scores follow their parents' figures where there are enough of them. */
function childrenText(children: ChildRelations, relations: SeriesRelations, style: Style, limit: number): string {
  const { stage, parentStage, parents, pairs, relations: found } = children;
  const head = `${relations.series}: ${count(pairs.length, 'checkpoint')} of ${stage} against ${count(parents, 'parent')} in ${parentStage}`;
  const scores = [...new Set(pairs.flatMap((pair) => Object.keys(pair.scores)))].slice(0, 4);
  const column = (name: string, side: Column['side'], cell: (pair: (typeof pairs)[number]) => string): Column => ({
    ...{ head: name, side, cells: pairs.map(cell) },
  });
  const columns = [
    column('child', 'left', ({ revision }) => cut(printable(revision), 22, 'middle')),
    column(
      'parent',
      'left',
      ({ parent, isNamed }) => cut(printable(parent), 22, 'middle') + (isNamed ? '' : ' (the last)'),
    ),
    ...[...relations.figures]
      .sort((a, b) => Number(b in heads) - Number(a in heads))
      .slice(0, 2)
      .map((name) => column(heads[name] ?? name, 'right', ({ figures }) => plain(figures[name] ?? null))),
    ...scores.map((name) => column(cut(printable(name), 16), 'right', (pair) => plain(pair.scores[name] ?? null))),
  ];
  const widths = columns.map(widthOf);
  while (columns.length > 3 && widths.reduce((sum, width) => sum + width + 2, 0) > limit) {
    columns.pop();
    widths.pop();
  }
  const line = (of: (column: Column) => string): string =>
    columns
      .map((c, i) => pad(of(c), widths[i]!, c.side))
      .join(gap)
      .trimEnd();
  const shown = found.relations.filter(({ levels }) => levels.reason === null);
  const why = found.relations[0]?.levels.reason ?? 'there is no result';
  const tables =
    shown.length === 0
      ? hanging(`no correlation of children with parents: ${why}`, limit)
      : [...new Set(shown.map(({ figure: name }) => name))].flatMap((name) => [
          '',
          ...relationTable(
            `parent's ${heads[name] ?? name}`,
            shown.filter((relation) => relation.figure === name),
            found.given,
            style,
            limit,
          ),
        ]);
  return [
    style.bold(head),
    style.bold(line((c) => c.head)),
    ...pairs.map((_, i) => line((c) => c.cells[i]!)),
    ...tables,
  ].join('\n');
}

function footer(stages: readonly StageRelations[], style: Style, limit: number): string {
  const [first] = stages;
  const zero = [...new Set(stages.flatMap(({ withoutGiven }) => withoutGiven))];
  const tests = stages.map(({ tests }) => tests).join(' and ');
  const sentences = [
    'Levels are descriptive: curves that drift look correlated. p is of r of the increments between neighbours.',
    `Holm: over the ${tests} tests of ${stages.length > 1 ? 'each stage' : 'this stage'}; * where below .05.`,
    ...errorSentences(stages.flatMap(({ relations }) => relations)),
    ...(zero.length === 0 ? [] : [`${zero.join(', ')} has no ln(${first!.given}) and is not in what is given it.`]),
  ];
  return hanging(sentences.join(' '), limit)
    .map((line) => style.dim(line))
    .join('\n');
}

/** What ± is over, and where it lacks a part. */
function errorSentences(relations: readonly Relation[]): string[] {
  const has = (what: Relation['errorsOver'][number]) => relations.filter(({ errorsOver }) => errorsOver.includes(what));
  const [sequences, questions] = [has('sequences'), has('questions')];
  if (sequences.length + questions.length === 0) {
    return [`No errors: ${[...new Set(relations.flatMap(({ withoutErrors }) => withoutErrors ?? []))].join('; ')}.`];
  }
  const over = [
    ...(sequences.length > 0 ? ['the sequences that the geometry was measured on'] : []),
    ...(questions.length > 0 ? ['the questions of the task'] : []),
  ];
  const lacking = [
    ...(sequences.length > 0 && sequences.length < relations.length
      ? ['figures other than RankMe and α have no part over sequences']
      : []),
    ...(questions.length < relations.length
      ? [
          questions.length === 0
            ? 'a task’s own error is not in it'
            : `${[...new Set(relations.filter((r) => !questions.includes(r)).map(({ task }) => task))].slice(0, 3).join(', ')} have no part over questions`,
        ]
      : []),
  ];
  return [`± is over ${over.join(' and ')}${lacking.length === 0 ? '' : `; ${lacking.join('; ')}`}.`];
}

/** `+.88`, `+.88±.01`, `−1.00`. */
function figure(value: number | null, se: number | null): string {
  if (value === null) return absent;
  const text = Math.abs(value).toFixed(2);
  const sign = value < 0 ? '−' : '+';
  return `${sign}${text.startsWith('0') ? text.slice(1) : text}${se === null ? '' : plusMinus(se, 2).replace('<', '±<')}`;
}

/** `.034`, `<.001`, `–`. */
function pText(p: number | null): string {
  if (p === null) return absent;
  if (p < 0.001) return '<.001';
  const text = p.toFixed(3);
  return text.startsWith('0') ? text.slice(1) : text;
}

function plain(value: number | null): string {
  return value === null ? absent : String(Number(value.toPrecision(4))).replace('-', '−');
}

function hanging(text: string, limit: number): string[] {
  return wrap(printable(text), limit - 2).map((line, i) => (i === 0 ? line : `  ${line}`));
}
