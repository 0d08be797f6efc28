/** The fields of a hosted index's answers, checked: another's server is asked, and its counts go into records. */
import * as z from 'zod';
import type { CountAnswer, InfgramNtdAnswer, InfgramProbAnswer, NtdAnswer, ProbAnswer } from './infinigram.js';

const cnt = z.int().min(0);

const count = z.object({ count: cnt, approx: z.boolean().default(false) });
const prob = z.object({ prompt_cnt: cnt, cont_cnt: cnt });
const infgramProb = prob.extend({ suffix_len: cnt });
const ntd = z.object({
  prompt_cnt: cnt,
  result_by_token_id: z.record(z.string().regex(/^\d{1,10}$/), z.object({ cont_cnt: cnt, prob: z.number() })),
  approx: z.boolean().default(false),
});
const infgramNtd = ntd.extend({ suffix_len: cnt });
const tokens = z.object({ token_ids: z.array(z.int().min(0)) });

export const readCount = (json: object): CountAnswer | null => count.safeParse(json).data ?? null;

export function readProb(json: object): ProbAnswer | null {
  const { data } = prob.safeParse(json);
  return data && data.cont_cnt <= data.prompt_cnt ? withProb(data) : null;
}

/** `prompt`: how many tokens stand before the last. */
export function readInfgramProb(json: object, prompt: number): InfgramProbAnswer | null {
  const { data } = infgramProb.safeParse(json);
  const isSound = data && data.cont_cnt <= data.prompt_cnt && data.prompt_cnt > 0 && data.suffix_len <= prompt;
  return isSound ? { ...withProb(data), suffix_len: data.suffix_len } : null;
}

export const readNtd = (json: object): NtdAnswer | null => ntd.safeParse(json).data ?? null;
export const readInfgramNtd = (json: object): InfgramNtdAnswer | null => infgramNtd.safeParse(json).data ?? null;

/** Token ids of a text, which every answer repeats. */
export const readTokens = (json: object): { token_ids: number[] } | null => tokens.safeParse(json).data ?? null;

/** The quotient at full precision; −1 where there is none, as the engine has it. */
function withProb({ prompt_cnt, cont_cnt }: { prompt_cnt: number; cont_cnt: number }): ProbAnswer {
  return { prompt_cnt, cont_cnt, prob: prompt_cnt > 0 ? cont_cnt / prompt_cnt : -1 };
}
