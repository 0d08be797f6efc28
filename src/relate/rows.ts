/** Relations as a long table: a row a number, in the columns that the other long tables have. */
import { writeAtomic } from '../bytes/index.js';
import { encodeTable, longColumns, type LongRow, type TableFormat } from '../record/index.js';
import type { Correlations } from '../statistics/index.js';
import type { Relation, StageRelations } from '../story/index.js';
import type { RelateResult } from './relate.js';

export function relationRows({ series: all }: RelateResult): LongRow[] {
  return all.flatMap(({ series, layer, position, stages, children }) => [
    ...stages.flatMap((stage) => stageRows(stage, series, stage.stage, `layer ${layer}; position ${position}`)),
    ...children.flatMap(({ stage, parentStage, relations }) =>
      stageRows(
        relations,
        series,
        stage,
        `layer ${layer}; position ${position}; figures of the parent (${parentStage})`,
      ),
    ),
  ]);
}

/** The table as bytes, or in the file `out`, written whole or not at all. */
export async function exportRelations(
  result: RelateResult,
  { format, out }: { readonly format: TableFormat; readonly out: string | null },
): Promise<{ path: string | null; content: Uint8Array | null }> {
  const content = encodeTable(relationRows(result), format, longColumns);
  if (out === null) return { path: null, content };
  await writeAtomic(out, content);
  return { path: out, content: null };
}

function stageRows({ relations, given }: StageRelations, series: string, stage: string, place: string): LongRow[] {
  const nowhere = { series, stage, revision: null, step: null, tokens: null };
  return relations.flatMap((relation) => {
    const name = `${relation.figure} × ${relation.task} ${relation.metric}`;
    const row = (
      metric: string,
      value: number | null,
      se: number | null,
      { n, reason }: Pick<Correlations, 'n' | 'reason'>,
      why: string | null = reason,
    ): LongRow => ({
      ...{ ...nowhere, name, metric, value, se, n, definition: `${place}; ${meaningOf(metric, given)}` },
      flags: value === null ? (why ?? 'not defined') : '',
    });
    const both = (part: 'levels' | 'increments' | 'partial'): LongRow[] => {
      const found = relation[part];
      return [
        row(`${part}.pearson`, found.pearson, found.pearsonSe, found),
        row(`${part}.spearman`, found.spearman, found.spearmanSe, found),
      ];
    };
    return [...both('levels'), ...both('increments'), ...pRows(relation, row), ...both('partial')];
  });
}

function pRows(
  { increments, pHolm }: Relation,
  row: (metric: string, value: number | null, se: null, of: Correlations, why?: string | null) => LongRow,
): LongRow[] {
  const why = increments.reason ?? `${increments.n} steps between neighbours (expected at least 4)`;
  return [
    row('increments.p', increments.p, null, increments, why),
    row('increments.p_holm', pHolm, null, increments, why),
  ];
}

function meaningOf(metric: string, given: 'tokens' | 'steps'): string {
  if (metric.startsWith('levels')) return 'levels, descriptive';
  if (metric.startsWith('partial')) return `levels given ln(${given}), descriptive`;
  if (metric === 'increments.p_holm') return 'p of increments, by Holm over the matrix';
  return metric === 'increments.p' ? "two-sided p of Pearson's r of increments" : 'increments between neighbours';
}
