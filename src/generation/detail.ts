/** What a finding of generated texts holds, as far as others read it: `detail.prompts`, token ids counted only. */
import * as z from 'zod';
import { EigentraceError } from '../errors.js';
import type { Finding } from '../record/index.js';

const count = z.int().min(0);
const share = z.number().nullable();

const completionSchema = z.object({
  text: z.string(),
  finish: z.enum(['end', 'stop', 'length']),
  ids: z.array(count).transform((ids) => ids.length),
  distinct: z.tuple([share, share, share]).describe('different n-grams over all, n = 1, 2, 3'),
  longestRepeat: z.object({ length: count }).nullable(),
  loop: z.object({ period: count, from: count, rounds: z.number() }).nullable(),
});
const detailSchema = z.object({
  prompts: z.array(z.object({ prompt: z.string(), cut: count, completions: z.array(completionSchema) })),
});

export type SampledPrompt = z.infer<typeof detailSchema>['prompts'][number];

/** The prompts of a finding of this kind, and what was written after them. */
export function samplesOf(finding: Pick<Finding, 'detail' | 'revision'>): SampledPrompt[] {
  const parsed = detailSchema.safeParse(finding.detail);
  if (parsed.success) return parsed.data.prompts;
  const [issue] = parsed.error.issues;
  const what = `${issue!.path.join('.') || 'the whole'}: ${issue!.message}`;
  throw new EigentraceError('integrity', `${finding.revision}: holds no generated texts, ${what}`);
}
