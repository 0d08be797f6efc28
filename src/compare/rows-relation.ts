/**
 * How the rows of two curves belong together (definitions §6): the same rows make paired errors, rows that share nothing
 * make independent ones, anything else makes none.
 */
import { controlPairing, type SequencesMeasured } from '../statistics/index.js';
import { shared, type Side } from './side.js';

export interface RowsRelation {
  readonly relation: 'same' | 'disjoint' | 'shared' | 'unknown';
  /** In words, as it is printed. */
  readonly why: string;
}

/** `told`: what the user knows and the runs don't say. */
export function rowsRelation(a: Side, b: Side, told: 'same' | 'disjoint' | null): RowsRelation {
  if (told !== null) return { relation: told, why: `the rows are ${told}, as told` };
  const control = [a, b].find((side) => side.control !== null);
  if (control) {
    const real = control === a ? b : a;
    const pairing = controlPairing(control.control!.kind, sequencesOf(real), sequencesOf(control));
    if (pairing === 'independent') return { relation: 'disjoint', why: 'rows of white noise are independent' };
    if (pairing === 'paired') {
      return { relation: 'same', why: 'the control was measured on the same sequences, so errors are paired' };
    }
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
  const equal = rowsA.length === rowsB.length && rowsA.every((row, i) => row === rowsB[i]);
  if (equal) return { relation: 'same', why: 'measured on the same texts (in other tokens), so errors are paired' };
  const why = `they share ${both} of ${rowsA.length} and ${rowsB.length} rows, so differences have no errors`;
  return { relation: 'shared', why };
}

/** Null where its points differ in it, or none is known. */
function sequencesOf(side: Side): SequencesMeasured | null {
  return shared(side, ({ measurement }) => {
    const { corpus } = measurement.provenance;
    if (corpus === null) return null;
    const { sha256, sequences, tokens, min_tokens: minTokens, max_tokens: maxTokens } = corpus;
    return { corpus: sha256, sequences, tokens, minTokens, maxTokens };
  });
}
