/**
 * How the rows of two curves belong together (definitions §6): the same rows make paired errors, rows that share nothing
 * make independent ones, anything else makes none.
 */
import { shared, type Side } from './side.js';

export interface RowsRelation {
  readonly relation: 'same' | 'disjoint' | 'shared' | 'unknown';
  /** In words, as it is printed. */
  readonly why: string;
}

/** `told`: what the user knows and the runs don't say. */
export function rowsRelation(a: Side, b: Side, told: 'same' | 'disjoint' | null): RowsRelation {
  if (told !== null) return { relation: told, why: `the rows are ${told}, as told` };
  for (const { control } of [a, b]) {
    if (control?.kind === 'gaussian') return { relation: 'disjoint', why: 'rows of white noise are independent' };
  }
  const isControl = a.control !== null || b.control !== null;
  if (isControl && a.run === b.run && a.series === b.series && !haveOtherRows(a, b)) {
    return { relation: 'same', why: 'the control was measured on the same sequences, so errors are paired' };
  }
  const [x, y] = [a, b].map((side) => shared(side, (p) => p.measurement.provenance.corpus?.rows_sha256 ?? null));
  if (x && x === y) return { relation: 'same', why: 'measured on the same rows, so errors are paired' };
  const { rows: rowsA, corpus: corpusA } = a.rows;
  const { rows: rowsB, corpus: corpusB } = b.rows;
  if (!rowsA || !rowsB || !corpusA || !corpusB) {
    const which = rowsA && corpusA ? b.label : a.label;
    const why = `which rows ${which} was measured on is not known, so differences have no errors; --rows same or disjoint says it`;
    return { relation: 'unknown', why };
  }
  if (corpusA !== corpusB) {
    const why =
      'measured on different corpora; whether they share texts is not known, so differences have no errors; ' +
      '--rows disjoint says that they share none';
    return { relation: 'unknown', why };
  }
  const inB = new Set(rowsB);
  const both = rowsA.filter((row) => inB.has(row)).length;
  if (both === 0) return { relation: 'disjoint', why: 'measured on rows that share nothing, so variances add' };
  if (!haveOtherRows(a, b))
    return { relation: 'same', why: 'measured on the same texts (in other tokens), so errors are paired' };
  const why = `they share ${both} of ${rowsA.length} and ${rowsB.length} rows, so differences have no errors`;
  return { relation: 'shared', why };
}

/** Whether the requests say that the rows differ: a null may have been traced later, with another number of sequences. */
function haveOtherRows({ rows: a }: Side, { rows: b }: Side): boolean {
  if (a.corpus === null || b.corpus === null || a.rows === null || b.rows === null) return false;
  return a.corpus !== b.corpus || a.rows.length !== b.rows.length || a.rows.some((row, i) => row !== b.rows![i]);
}
