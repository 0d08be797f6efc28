/** Whether two curves mean the same thing: what they were measured with, part by part, and which differences forbid a comparison. */
import type { CurvePoint } from '../record/index.js';
import { shared, type Side } from './side.js';

export interface Differing {
  /** `definitions`, `position`, `alphaRange`, `corpus`, `rows`, `maxTokens`, `N`, `d`, `precision`, … */
  readonly what: string;
  readonly a: string;
  readonly b: string;
  /** Compared only when told (`anyway`). */
  readonly refused: boolean;
  /** Why it matters, or what to do. */
  readonly why: string;
}

/** A part of what a figure was measured with; null: not known. */
type Part = string | number | boolean | null;

/** Figures whose sampling bias does not depend on N, or only a little. */
const unbiased = [
  ...['participation_ratio_unbiased', 'rankme_extrapolated', 'alpha_extrapolated'],
  ...['mean_norm', 'mean_row_norm', 'mean_cosine', 'nll'],
];
/** Figures of the α fit, which its range is part of. */
const fitted = ['alpha', 'r2', 'r2_100', 'alpha_extrapolated'];

/** What differs between two sides for these figures, refused differences first. */
export function differingParts(a: Side, b: Side, figures: readonly string[]): Differing[] {
  const found: Differing[] = [];
  const part = (
    what: string,
    value: (point: CurvePoint) => Part,
    refused: boolean,
    why: string,
    side = (s: Side): string => wordsOf(s, value),
  ): void => {
    const [x, y] = [side(a), side(b)];
    if (x !== y) found.push({ what, a: x, b: y, refused, why });
  };
  const control = a.control !== null || b.control !== null;
  part('definitions', (p) => p.measurement.definitions.version, true, 'their figures may mean different things');
  part('position', (p) => p.measurement.position, true, 'other tokens are represented');
  if (figures.some((name) => fitted.includes(name))) {
    const why = 'α depends on the ranks of its fit; --figure rankme compares RankMe alone';
    part('alphaRange', (p) => p.measurement.definitions.ids.find((id) => id.startsWith('alpha')) ?? null, true, why);
  }
  for (const id of figures.filter((name) => name.startsWith('rankme['))) {
    part(id, (p) => p.measurement.definitions.ids.includes(id), true, 'one side does not have it');
  }
  if (!control) {
    part('corpus', (p) => p.measurement.provenance.corpus?.sha256 ?? null, true, 'another text gives other figures');
    part('maxTokens', (p) => p.measurement.provenance.corpus?.max_tokens ?? null, true, 'texts are cut elsewhere');
    const tokenizer = (p: CurvePoint): Part => p.measurement.provenance.tokenizer_sha256?.slice(0, 12) ?? null;
    const rows = (s: Side): string => (s.rows.rows === null ? 'not known' : `${s.rows.rows.length} rows`);
    if (wordsOf(a, tokenizer) !== wordsOf(b, tokenizer)) {
      const same = JSON.stringify(a.rows.rows) === JSON.stringify(b.rows.rows);
      const why = same
        ? 'the same texts, in other tokens'
        : 'lengths are counted by the tokenizer, so other texts passed the filter; trace both with one --rows FILE';
      found.push({
        what: same ? 'tokenizer' : 'rows',
        a: same ? wordsOf(a, tokenizer) : rows(a),
        b: same ? wordsOf(b, tokenizer) : rows(b),
        ...{ refused: !same, why },
      });
    }
  }
  const biased = figures.filter((name) => !unbiased.includes(name));
  const why = `the bias of ${biased.join(', ')} depends on N; participation_ratio_unbiased and rankme_extrapolated do so less`;
  part('N', (p) => p.figures['n'] ?? null, biased.length > 0, biased.length > 0 ? why : 'of different precision');
  part('d', (p) => p.figures['d'] ?? null, false, 'effective ranks are at most d');
  if (b.control?.kind !== 'gaussian') {
    const precision = (p: CurvePoint): Part => p.measurement.provenance.precision;
    const reduced = [...a.points, ...b.points].some((p) => precision(p) === 'int8');
    const why = 'rounding differs';
    const far = 'int8 moves states by some percent: precision_check in the provenance says how far RankMe and α moved';
    part('precision', precision, false, reduced ? far : why);
  }
  part('groups', (p) => p.replicates?.rankme.length ?? 'none', false, 'errors are not paired');
  return found.sort((x, y) => Number(y.refused) - Number(x.refused));
}

function wordsOf(side: Side, value: (point: CurvePoint) => Part): string {
  if (side.points.length === 0) return 'nothing';
  const found = shared(side, (point) => ({ value: value(point) }));
  if (found === null) return 'different at different checkpoints';
  const text = found.value === null ? 'not known' : String(found.value);
  return /^[0-9a-f]{64}$/.test(text) ? `${text.slice(0, 12)}…` : text;
}
