/**
 * What a finding of memorization holds beside its values: the left-out values and intervals of its figures, the suffix
 * lengths, and both likelihoods of the first questions (for the scatter). Written by the jobs, read by summary and story.
 */
import * as z from 'zod';
import type { Finding } from '../record/index.js';
import { agreementMetrics } from './agreement.js';
import { zeroHandlings } from './likelihood.js';

/** Version of what the numbers mean: part of the keys. */
export const memorizationVersion = 1;
export const definitionId = (zeros: string): string => `memorization[${zeros}]@${memorizationVersion}`;

/** Questions whose likelihoods are kept one by one. */
export const itemLimit = 5000;

const nullable = z.number().nullable();
const replicates = z.array(nullable);
const figure = z.object({
  replicates,
  interval: z.tuple([z.number(), z.number()]).nullable(),
  subsets: z.object({ values: replicates, se: nullable }),
});
const count = z.int().min(0);
const bar = z.object({ from: count, to: count.nullable(), tokens: count, share: nullable, gap: nullable });

export const questionDetail = z.object({
  what: z.literal('questions'),
  figures: z.record(z.enum(zeroHandlings), z.record(z.enum(agreementMetrics), figure)),
  /** Tokens by length of the suffix found, from 0. */
  suffix_lengths: z.array(count),
  /** A question each: the model's ln p, ln p∞ (null: a zero, or dropped), tokens in the model and in the index, zeros. */
  items: z.array(z.tuple([z.number(), nullable, nullable, count, count, count])),
});
export type QuestionDetail = z.infer<typeof questionDetail>;

export const passageDetail = z.object({
  what: z.literal('passages'),
  figures: z.record(z.string(), z.object({ replicates })),
  suffix_lengths: z.array(count),
  by_suffix: z.array(bar),
  by_position: z.array(bar),
});
export type PassageDetail = z.infer<typeof passageDetail>;

const detail = z.discriminatedUnion('what', [questionDetail, passageDetail]);

/** The detail of a finding of memorization; null where it has another form (another version's). */
export function detailOf({ detail: stored }: Pick<Finding, 'detail'>): QuestionDetail | PassageDetail | null {
  return detail.safeParse(stored).data ?? null;
}
