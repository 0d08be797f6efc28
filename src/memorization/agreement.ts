/**
 * How far a model's likelihoods of answers rank as those of the n-grams of its training data do (definitions §8):
 * Spearman's ρ between ln ∏ P∞ and ln ∏ P_LM over the questions. Both are products over the answer's tokens, so ρ alone may
 * be the answers' length; beside it stand the partial ρ given the numbers of tokens (the model's and the index's, where they
 * differ) and the ρ of means a token.
 *
 * Errors: the delete-a-group jackknife over questions (paired across checkpoints: the groups are the same questions), the
 * percentile bootstrap, and as the paper has it SD/√S over S disjoint subsets (question n is in subset n mod S).
 */
import { defaultGroups, groupOfRow } from '../spectrum/jackknife.js';
import { bootstrap, jackknife, partialOf, RankCorrelations } from '../statistics/index.js';
import { Random } from '../statistics/random.js';
import type { InfgramLikelihood, ZeroHandling } from './likelihood.js';

/** One question, both likelihoods of its answer. */
export interface Scored {
  readonly infgram: InfgramLikelihood;
  /** Sum of the model's ln p over the answer's tokens, and their number in the model's tokenizer. */
  readonly lm: number;
  readonly lmTokens: number;
}

export const agreementMetrics = ['rho', 'rho_partial', 'rho_per_token'] as const;
export type AgreementMetric = (typeof agreementMetrics)[number];

export interface AgreementFigure {
  readonly value: number | null;
  /** Jackknife standard error; null where a replicate has no value. */
  readonly se: number | null;
  /** Without each of the groups of questions. */
  readonly replicates: readonly (number | null)[];
  /** 95 %, by the bootstrap. */
  readonly interval: readonly [number, number] | null;
  /** Of each disjoint subset, and SD/√S of them. */
  readonly subsets: { readonly values: readonly (number | null)[]; readonly se: number | null };
  /** Why the value is null. */
  readonly reason: string | null;
}

export interface Agreement {
  /** Questions that count. */
  readonly n: number;
  /** Questions dropped because all their tokens are 0. */
  readonly dropped: number;
  readonly figures: Readonly<Record<AgreementMetric, AgreementFigure>>;
}

export interface AgreementOptions {
  /** S. */
  readonly subsets: number;
  /** Draws of the bootstrap; 0: no intervals. */
  readonly draws: number;
  readonly seed: number;
  readonly groups?: number;
}

/** The agreement of the questions' likelihoods under one handling of zeros. */
export function agreement(items: readonly Scored[], zeros: ZeroHandling, options: AgreementOptions): Agreement {
  const { groups = defaultGroups } = options;
  const kept = items.flatMap(({ infgram }, n) => (infgram[zeros] === null ? [] : [n]));
  const figures = figuresOf(
    kept.map((n) => items[n]!),
    zeros,
  );
  const without = (omitted: (n: number) => boolean) => figures(kept.map((n) => (omitted(n) ? 0 : 1)));
  const whole = figures();
  const replicates = Array.from({ length: groups }, (_, k) =>
    without((n) => groupOfRow(n, items.length, groups) === k),
  );
  const parts = Array.from({ length: options.subsets }, (_, s) => without((n) => n % options.subsets !== s));
  const random = new Random('memorization', 'bootstrap', options.seed);
  const intervals = kept.length < 3 ? [] : bootstrap(kept.length, options.draws, random, figures);
  const figure = (f: number): AgreementFigure => {
    const value = whole[f] ?? null;
    const left = replicates.map((each) => each[f] ?? null);
    const values = parts.map((each) => each[f] ?? null);
    const interval = intervals[f];
    return {
      value,
      se: value === null ? null : ofKnown(left, (known) => jackknife(known).se),
      replicates: left,
      interval: interval && value !== null ? [interval.low, interval.high] : null,
      subsets: { values, se: ofKnown(values, (known) => spread(known) / Math.sqrt(known.length)) },
      reason: value === null ? reasonOf(kept.length, f) : null,
    };
  };
  return {
    n: kept.length,
    dropped: items.length - kept.length,
    figures: { rho: figure(0), rho_partial: figure(1), rho_per_token: figure(2) },
  };
}

/** ρ, partial ρ and per-token ρ of a multiset of the questions kept. */
function figuresOf(items: readonly Scored[], zeros: ZeroHandling) {
  const infgram = items.map(({ infgram: each }) => each[zeros]!);
  // Published means are over the tokens that count.
  const counted = items.map(({ infgram: each }) => (zeros === 'strict' ? each.tokens : each.tokens - each.zeros));
  const lm = items.map((item) => item.lm);
  const lengths = [items.map((item) => item.lmTokens), items.map((item) => item.infgram.tokens)];
  const sums = new RankCorrelations([infgram, lm, ...lengths]);
  const means = new RankCorrelations([
    infgram.map((value, i) => value / counted[i]!),
    items.map((item) => item.lm / item.lmTokens),
  ]);
  return (counts?: ArrayLike<number>): [number | null, number | null, number | null] => {
    const matrix = sums.matrix(counts);
    return [matrix[0]![1]!, partialOf(matrix), means.matrix(counts)[0]![1]!];
  };
}

/** Sample standard deviation. */
function spread(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

/** Of two values or more, all there; else null. */
function ofKnown(values: readonly (number | null)[], of: (known: number[]) => number): number | null {
  const known = values.filter((value) => value !== null);
  return known.length < 2 || known.length < values.length ? null : of(known);
}

function reasonOf(n: number, figure: number): string {
  if (n < 3) return `${n} questions count (expected at least 3)`;
  return figure === 1
    ? 'the likelihoods do not vary, or the lengths of the answers determine them'
    : 'the likelihoods of one side do not vary';
}
