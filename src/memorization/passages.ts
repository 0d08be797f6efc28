/**
 * Agreement on running text, token by token: mean |ln p_LM − ln p∞| and Spearman's ρ over the tokens that the ∞-gram holds
 * possible (p∞ > 0), with their share, in all, by the length of the suffix that was found and by position. Errors: the
 * delete-a-group jackknife over passages.
 */
import { defaultGroups, groupOfRow } from '../spectrum/jackknife.js';
import { jackknife, RankCorrelations } from '../statistics/index.js';
import { lnInfgram, type Gram } from './likelihood.js';

/** A passage's tokens in order. */
export interface PassageScores {
  /** Position of the first token in the passage, from 0. */
  readonly start: number;
  /** The model's ln p. */
  readonly lm: Float64Array;
  readonly grams: readonly Gram[];
}

export interface PassageFigure {
  readonly value: number | null;
  readonly se: number | null;
  readonly replicates: readonly (number | null)[];
}

/** A bar of a breakdown. */
export interface PassageBar {
  readonly from: number;
  /** Null: and above. */
  readonly to: number | null;
  readonly tokens: number;
  /** Of them with p∞ > 0. */
  readonly share: number | null;
  /** Mean |ln p_LM − ln p∞| over those. */
  readonly gap: number | null;
}

export interface PassageAgreement {
  readonly passages: number;
  readonly tokens: number;
  /** Tokens with p∞ > 0. */
  readonly possible: number;
  readonly gap: PassageFigure;
  readonly share: PassageFigure;
  readonly rho: PassageFigure;
  readonly bySuffix: readonly PassageBar[];
  readonly byPosition: readonly PassageBar[];
}

interface Token {
  readonly passage: number;
  readonly position: number;
  readonly suffix: number;
  readonly lm: number;
  readonly infgram: number;
}

/** Suffix lengths one by one to 8, then by doubling. */
const suffixEdges = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 33];
/** Positions by doubling. */
const positionEdges = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096];

export function passageAgreement(passages: readonly PassageScores[], groups = defaultGroups): PassageAgreement {
  const tokens = passages.flatMap(({ start, lm, grams }, passage) =>
    grams.map((gram, i): Token => ({
      ...{ passage, position: start + i, suffix: gram[0] },
      ...{ lm: lm[i]!, infgram: lnInfgram(gram) },
    })),
  );
  const possible = tokens.filter(({ infgram }) => infgram > -Infinity);
  const ranks = new RankCorrelations([possible.map(({ infgram }) => infgram), possible.map(({ lm }) => lm)]);
  const groupOf = ({ passage }: Token): number => groupOfRow(passage, passages.length, groups);
  const figure = (of: (keep: (token: Token) => boolean) => number | null): PassageFigure => {
    const value = of(() => true);
    const replicates = Array.from({ length: groups }, (_, k) => of((token) => groupOf(token) !== k));
    const known = replicates.filter((each) => each !== null);
    return { value, se: value !== null && known.length === groups ? jackknife(known).se : null, replicates };
  };
  return {
    passages: passages.length,
    tokens: tokens.length,
    possible: possible.length,
    gap: figure((keep) => meanGap(possible.filter(keep))),
    share: figure((keep) => ratio(possible.filter(keep).length, tokens.filter(keep).length)),
    rho: figure((keep) => ranks.matrix(Uint8Array.from(possible, (token) => (keep(token) ? 1 : 0)))[0]![1]!),
    bySuffix: bars(tokens, suffixEdges, ({ suffix }) => suffix),
    byPosition: bars(tokens, positionEdges, ({ position }) => position),
  };
}

/** Share of windows that a model reproduces word for word, greedily (k-extractable), by the jackknife over windows. */
export function extractable(greedy: readonly boolean[], groups = defaultGroups): PassageFigure {
  const share = (keep: (i: number) => boolean): number | null => {
    const left = greedy.filter((_, i) => keep(i));
    return ratio(left.filter(Boolean).length, left.length);
  };
  const replicates = Array.from({ length: groups }, (_, k) => share((i) => groupOfRow(i, greedy.length, groups) !== k));
  const known = replicates.filter((each) => each !== null);
  // An empty group leaves nothing out: fewer windows than groups have no error.
  const se = greedy.length >= groups && known.length === groups ? jackknife(known).se : null;
  return { value: share(() => true), se, replicates };
}

function bars(tokens: readonly Token[], edges: readonly number[], of: (token: Token) => number): PassageBar[] {
  return edges.flatMap((from, e) => {
    const next = edges[e + 1] ?? Infinity;
    const inside = tokens.filter((token) => of(token) >= from && of(token) < next);
    if (inside.length === 0) return [];
    const possible = inside.filter(({ infgram }) => infgram > -Infinity);
    const to = next === Infinity ? null : next - 1;
    return [{ from, to, tokens: inside.length, share: possible.length / inside.length, gap: meanGap(possible) }];
  });
}

const ratio = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

function meanGap(tokens: readonly Token[]): number | null {
  return ratio(
    tokens.reduce((sum, { lm, infgram }) => sum + Math.abs(lm - infgram), 0),
    tokens.length,
  );
}
