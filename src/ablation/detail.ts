/** What a finding of an ablation holds beside its values, as far as others read it; answers by question are left aside. */
import * as z from 'zod';
import { EigentraceError } from '../errors.js';
import type { Finding } from '../record/index.js';

const count = z.int().min(0);
const mode = z.enum(['keep', 'remove']);

const variantSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('original'), name: z.string() }),
  z.object({
    ...{ kind: z.literal('band'), name: z.string(), mode, size: count },
    variance: z.number().nullable().describe('share of the variance along the directions'),
  }),
  z.object({ kind: z.literal('random'), name: z.string(), mode, size: count, draw: count }),
]);

const detailSchema = z.object({
  questions: z.string().describe('heads the names of the values'),
  metrics: z.array(z.string()).describe('those that count right answers, the main one first'),
  chance: z.number().nullable().default(null).describe('share of right answers that guessing gives'),
  basis: z.object({
    corpus: z.string(),
    position: z.string(),
    ...{ n: count, d: count, rank: count },
    mean: z.boolean().describe('whether states are changed about their mean'),
  }),
  variants: z.array(variantSchema).describe('in the order of the values; each draw of a random one by itself'),
});

export type AblationDetail = z.infer<typeof detailSchema>;

/** The detail of a finding of this kind. */
export function ablationOf(finding: Pick<Finding, 'detail' | 'revision'>): AblationDetail {
  const parsed = detailSchema.safeParse(finding.detail);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const what = `${issue!.path.join('.') || 'the whole'}: ${issue!.message}`;
  throw new EigentraceError('integrity', `${finding.revision}: holds no ablation, ${what}`);
}
