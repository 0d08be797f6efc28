/**
 * Where an answer's tokens lie. Prompt and answer are tokenised together, as a model reads them, and the prompt alone; what
 * both begin with is the context, the rest is the answer (a tokenizer that merges across the border gives the answer the
 * merged token). A model sees its own special tokens before; an index holds none.
 */
import { specialTokensOf, type SpecialTokens, type Tokenizer } from '../corpus/index.js';
import { EigentraceError } from '../errors.js';
import type { Question } from './questions.js';

export interface AnswerTokens {
  readonly ids: Int32Array;
  /** Where the answer begins; at least 1 token stands before, at least 1 follows. */
  readonly start: number;
}

/** Ids of a text without the special tokens that the tokenizer puts around it. */
export type Encode = (text: string) => Int32Array | Promise<Int32Array>;

/** By a tokenizer, for a model: its leading special tokens stay. */
export function modelTokens(tokenizer: Tokenizer, questions: readonly Question[]): AnswerTokens[] {
  const special = specialTokensOf(tokenizer);
  const leading = Int32Array.from(special.leading);
  return questions.map((question) => {
    const [head, whole] = textsOf(question).map((text) => plain(tokenizer.encode(text), special));
    return place(question, join(leading, head!), join(leading, whole!), tokenizer.name);
  });
}

/** For an index. */
export async function indexTokens(
  encode: Encode,
  name: string,
  questions: readonly Question[],
): Promise<AnswerTokens[]> {
  const found: AnswerTokens[] = [];
  for (const question of questions) {
    const [head, whole] = textsOf(question);
    found.push(place(question, await encode(head!), await encode(whole!), name));
  }
  return found;
}

/** Without special tokens. */
export function plainEncode(tokenizer: Tokenizer): (text: string) => Int32Array {
  const special = specialTokensOf(tokenizer);
  return (text) => plain(tokenizer.encode(text), special);
}

const textsOf = ({ prompt, answer }: Question): string[] => [prompt, `${prompt} ${answer}`];

function plain(ids: Int32Array, { leading, trailing }: SpecialTokens): Int32Array {
  return ids.subarray(leading.length, ids.length - trailing.length);
}

function place(question: Question, head: Int32Array, whole: Int32Array, name: string): AnswerTokens {
  let start = 0;
  while (start < head.length && start < whole.length && head[start] === whole[start]) start++;
  if (start === whole.length) {
    const message = `${question.place}: the answer ${JSON.stringify(question.answer)} has no tokens in ${name} (expected at least one; leave it out)`;
    throw new EigentraceError('input', message);
  }
  if (start === 0) {
    const message = `${question.place}: no token stands before the answer in ${name}, got the prompt ${JSON.stringify(question.prompt.slice(0, 40))} (expected a longer one)`;
    throw new EigentraceError('input', message);
  }
  return { ids: whole, start };
}

function join(a: Int32Array, b: Int32Array): Int32Array {
  if (a.length === 0) return b;
  const both = new Int32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
