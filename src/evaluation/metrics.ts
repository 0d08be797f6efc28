/**
 * Scores of questions become a task's figures. Accuracies are means with their standard error s/√n (n − 1 in s, as the
 * harness); perplexities carry the delta method's, where the harness bootstraps or gives none.
 */
import { characterCount, trim, withoutPunctuation, wordCount } from './python-text.js';
import type { ChoiceQuestion } from './questions.js';

/** One figure of a task. */
export interface Figure {
  readonly metric: string;
  readonly value: number | null;
  readonly se: number | null;
  readonly n: number;
  readonly higherIsBetter: boolean;
  readonly reason?: string;
}

export const choiceMetrics = ['acc', 'acc_norm', 'acc_bytes'] as const;
export type ChoiceMetric = (typeof choiceMetrics)[number];

/** Which choice each metric takes; of equal ones the first. Lengths are absent where the choices stand in the context. */
export function chosenBy(
  question: ChoiceQuestion,
  loglikelihoods: readonly number[],
): Partial<Record<ChoiceMetric, number>> {
  const { choices } = question;
  const acc = greatest(loglikelihoods);
  if (choices === null) return { acc };
  return {
    acc,
    acc_norm: greatest(loglikelihoods.map((value, c) => value / characterCount(choices[c]!))),
    acc_bytes: greatest(loglikelihoods.map((value, c) => value / Buffer.byteLength(choices[c]!))),
  };
}

function greatest(values: readonly number[]): number {
  return values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);
}

/** A mean with its standard error. */
export function meanFigure(metric: string, values: readonly number[], higherIsBetter = true): Figure {
  const n = values.length;
  if (n === 0) return { metric, value: null, se: null, n, higherIsBetter, reason: 'no questions' };
  const value = values.reduce((sum, each) => sum + each, 0) / n;
  return { metric, value, se: n > 1 ? deviation(values, value) / Math.sqrt(n) : null, n, higherIsBetter };
}

function deviation(values: readonly number[], mean: number): number {
  return Math.sqrt(values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (values.length - 1));
}

/** exp(−mean ln p) over questions. */
export function perplexityFigure(loglikelihoods: readonly number[]): Figure {
  const { value, se, n, ...rest } = meanFigure('perplexity', loglikelihoods, false);
  if (value === null) return { value, se, n, ...rest };
  const perplexity = Math.exp(-value);
  return { ...rest, n, value: perplexity, se: se === null ? null : perplexity * se };
}

/** One text of a corpus: Σ ln p of its tokens, and what is counted of it. */
export interface TextScore {
  readonly loglikelihood: number;
  readonly tokens: number;
  readonly words: number;
  readonly bytes: number;
}

export function countsOf(text: string): { words: number; bytes: number } {
  return { words: wordCount(text), bytes: Buffer.byteLength(text) };
}

/** Perplexity a word and a byte, bits a byte, and nats a token, of all texts together. */
export function corpusFigures(texts: readonly TextScore[]): Figure[] {
  const rate = (count: (text: TextScore) => number) => ratio(texts.map((t) => [-t.loglikelihood, count(t)]));
  const [words, bytes, tokens] = [rate((t) => t.words), rate((t) => t.bytes), rate((t) => t.tokens)];
  const n = texts.length;
  const figure = (metric: string, of: Ratio, value: (r: number) => number, slope: (r: number) => number): Figure =>
    of.value === null
      ? { metric, value: null, se: null, n, higherIsBetter: false, reason: 'no text' }
      : {
          ...{ metric, n, higherIsBetter: false, value: value(of.value) },
          se: of.se === null ? null : of.se * slope(of.value),
        };
  return [
    figure('word_perplexity', words, Math.exp, Math.exp),
    figure('byte_perplexity', bytes, Math.exp, Math.exp),
    figure(
      'bits_per_byte',
      bytes,
      (r) => r / Math.LN2,
      () => 1 / Math.LN2,
    ),
    figure(
      'nll',
      tokens,
      (r) => r,
      () => 1,
    ),
  ];
}

interface Ratio {
  readonly value: number | null;
  readonly se: number | null;
}

/** Σa/Σb and its standard error over items (linearised: the residuals a − r·b). */
function ratio(items: readonly (readonly [number, number])[]): Ratio {
  const n = items.length;
  const total = items.reduce((sum, [, b]) => sum + b, 0);
  if (total === 0) return { value: null, se: null };
  const value = items.reduce((sum, [a]) => sum + a, 0) / total;
  if (n < 2) return { value, se: null };
  const squares = items.reduce((sum, [a, b]) => sum + (a - value * b) ** 2, 0);
  return { value, se: Math.sqrt((squares * n) / (n - 1)) / total };
}

/** Whether an answer is one of those that count, white space around it left out. */
export function isExactMatch(
  text: string,
  answers: readonly string[],
  ignore: readonly ('case' | 'punctuation')[],
): boolean {
  const normal = (given: string): string => {
    const cased = ignore.includes('case') ? given.toLowerCase() : given;
    return ignore.includes('punctuation') ? withoutPunctuation(cased) : cased;
  };
  const said = normal(trim(text));
  return answers.some((answer) => normal(answer) === said);
}
