/** What is stored of a checkpoint's directions: the detail of a finding, and how it is read back. */
import { z } from 'zod';
import { EigentraceError } from '../errors.js';
import type { Finding } from '../record/index.js';

/** Version of what the figures mean. */
export const directionsVersion = 'directions-1';

const index = z.int().min(0);
const passageSchema = z.object({
  row: index.describe('row of the corpus'),
  token: index.describe("the token whose state it is, in the sequence's ids; the last one for a mean"),
  score: z.number().describe('(f − μ)·u over √λ: standard deviations from the mean along the direction'),
  text: z.string().nullable().describe('the last tokens up to it; null where ids were given without a tokenizer'),
  ids: z.array(index).describe('the same as ids'),
});
const tokenSchema = z.object({
  id: index,
  text: z.string().nullable(),
  logit: z.number().describe('change of its logit by one standard deviation along the direction'),
});
const endSchema = z.object({
  passages: z.array(passageSchema).describe('furthest first'),
  tokens: z.array(tokenSchema).nullable().describe('whose logits rise most towards this end; null: no unembedding'),
});
const coordinateSchema = z.object({
  index: index.describe('coordinate of the state, from 0'),
  weight: z.number().describe('the entry of u'),
  share: z.number().describe('its square: all of a direction add up to 1'),
  rms: z.number().describe('root mean square of the coordinate over the states'),
  massive: z.boolean().describe('whether its rms is 10 times the median coordinate’s or more'),
});
export const directionSchema = z.object({
  rank: z.int().min(1),
  eigenvalue: z.number(),
  share: z.number().describe('of the variance'),
  carried_by: z.number().describe('1/Σu⁴: how many coordinates carry it, 1 to d'),
  close: z
    .boolean()
    .describe('its eigenvalue differs from a neighbour’s by less than its sampling error λ√(2/N): it may turn'),
  coordinates: z.array(coordinateSchema).describe('those that carry it, the largest share first'),
  positive: endSchema,
  negative: endSchema,
});
const detailSchema = z.looseObject({
  n: index,
  d: z.int().min(1),
  position: z.string(),
  total: z.number().describe('Σ of all eigenvalues'),
  rank: index.describe('directions along which the states vary'),
  massive: z.array(z.object({ index, rms: z.number(), mean: z.number() })).describe('all massive coordinates'),
  directions: z.array(directionSchema),
  vectors: z.string().describe('the directions (k, d) by rows: float32, little-endian, base64'),
});

export type Direction = z.infer<typeof directionSchema>;
export type DirectionEnd = Direction['positive'];
export type DirectionsDetail = z.infer<typeof detailSchema>;

/** The detail of a finding of this kind. */
export function directionsOf(finding: Pick<Finding, 'detail' | 'revision'>): DirectionsDetail {
  const parsed = detailSchema.safeParse(finding.detail);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const what = `${issue!.path.join('.') || 'the whole'}: ${issue!.message}`;
  throw new EigentraceError('integrity', `${finding.revision}: holds no directions, ${what}`);
}

export function encodeVectors(vectors: Float64Array): string {
  const bytes = Buffer.alloc(4 * vectors.length);
  vectors.forEach((x, i) => bytes.writeFloatLE(x, 4 * i));
  return bytes.toString('base64');
}

/** The directions by rows; throws where they are not as many as the detail says. */
export function vectorsOf({ vectors, directions, d }: DirectionsDetail): Float64Array {
  const bytes = Buffer.from(vectors, 'base64');
  const count = directions.length * d;
  if (bytes.length !== 4 * count) {
    throw new EigentraceError('integrity', `vectors: got ${bytes.length} bytes (expected ${4 * count})`);
  }
  return Float64Array.from({ length: count }, (_, i) => bytes.readFloatLE(4 * i));
}
