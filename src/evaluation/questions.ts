/**
 * Rows become questions: the texts that are scored, and what is right. Bad rows are errors that name their line: a missing
 * field, a choice without text, a label that is none of the choices.
 */
import { EigentraceError } from '../errors.js';
import { fieldAt, pathOf, Template, valueAt, type Row } from './template.js';
import type { TargetSpec, TaskFile, TaskOf, TextSpec } from './task-file.js';

/** One of several texts is right: each is `continuations[c]` after `contexts[c]`. */
export interface ChoiceQuestion {
  readonly kind: 'choice';
  readonly contexts: readonly string[];
  readonly continuations: readonly string[];
  /** The choices as lengths are taken of them; null where they stand in the context. */
  readonly choices: readonly string[] | null;
  readonly target: number;
}

export interface LastWordQuestion {
  readonly kind: 'last-word';
  readonly context: string;
  readonly continuation: string;
}

export interface GenerationQuestion {
  readonly kind: 'generation';
  readonly context: string;
  readonly answers: readonly string[];
}

export interface PerplexityQuestion {
  readonly kind: 'perplexity';
  readonly text: string;
  readonly counted: string;
}

export type Question = ChoiceQuestion | LastWordQuestion | GenerationQuestion | PerplexityQuestion;

/** How a task's rows are read. */
export interface Questions {
  /** The question of a row, after `before` (few-shot examples). `place` is FILE:LINE. */
  question(row: Row, place: string, before: string): Question;
  /** The row with its answer, as an example stands before others' questions. */
  example(row: Row, place: string): string;
}

export function readQuestions(file: TaskFile, path: string): Questions {
  const template = (spec: TextSpec, name: string): Template =>
    typeof spec === 'string'
      ? Template.read(spec, `${path}: ${name}`)
      : Template.read(spec.text, `${path}: ${name}`, spec.then);
  switch (file.kind) {
    case 'choice':
      return choiceQuestions(file, path, template);
    case 'choice-in-context':
      return inContextQuestions(file, path, template);
    case 'last-word':
      return lastWordQuestions(file, template);
    case 'generation':
      return generationQuestions(file, path, template);
    case 'perplexity':
      return perplexityQuestions(file, template);
  }
}

type Read = (spec: TextSpec, name: string) => Template;

/** Between a question and its answer in an example, whatever the task scores after its questions. */
const answerDelimiter = ' ';

function choiceQuestions(file: TaskOf<'choice'>, path: string, read: Read): Questions {
  const context = read(file.context, 'context');
  const delimiter = file.delimiter ?? answerDelimiter;
  const choicesOf = choiceReader(file.choices, path, read);
  const targetOf = targetReader(file.target, path);
  const parts = (row: Row, place: string) => {
    const choices = choicesOf(row, place);
    return { text: context.fill(row, place), choices, target: targetOf(row, place, choices.length) };
  };
  return {
    question(row, place, before) {
      const { text, choices, target } = parts(row, place);
      return {
        kind: 'choice',
        contexts: choices.map(() => before + text),
        continuations: choices.map((choice) => delimiter + choice),
        choices,
        target,
      };
    },
    example(row, place) {
      const { text, choices, target } = parts(row, place);
      return text + delimiter + choices[target]!;
    },
  };
}

function inContextQuestions(file: TaskOf<'choice-in-context'>, path: string, read: Read): Questions {
  const contexts = file.contexts.map((spec, i) => read(spec, `contexts.${i}`));
  const continuation = read(file.continuation, 'continuation');
  const delimiter = file.delimiter ?? answerDelimiter;
  const targetOf = targetReader(file.target, path);
  return {
    question(row, place, before) {
      const text = continuation.fill(row, place);
      return {
        kind: 'choice',
        contexts: contexts.map((context) => before + context.fill(row, place)),
        continuations: contexts.map(() => delimiter + text),
        choices: null,
        target: targetOf(row, place, contexts.length),
      };
    },
    example: (row, place) =>
      contexts[targetOf(row, place, contexts.length)]!.fill(row, place) + delimiter + continuation.fill(row, place),
  };
}

function lastWordQuestions(file: TaskOf<'last-word'>, read: Read): Questions {
  const context = read(file.context, 'context');
  const continuation = read(file.continuation, 'continuation');
  return {
    question: (row, place, before) => ({
      kind: 'last-word',
      context: before + context.fill(row, place),
      continuation: notEmpty(continuation.fill(row, place), place, 'the continuation'),
    }),
    example: (row, place) => context.fill(row, place) + answerDelimiter + continuation.fill(row, place),
  };
}

function generationQuestions(file: TaskOf<'generation'>, path: string, read: Read): Questions {
  const context = read(file.context, 'context');
  const { answers } = file;
  const listed =
    typeof answers === 'object' && 'each' in answers ? pathsOf(answers.each, `${path}: answers.each`) : null;
  const single = listed ? null : read(answers as TextSpec, 'answers');
  const answersOf = (row: Row, place: string): string[] => {
    if (single) return [single.fill(row, place)];
    return listOf(row, listed!, place).map((answer) => textOf(answer, place, 'an answer'));
  };
  return {
    question: (row, place, before) => ({
      kind: 'generation',
      context: before + context.fill(row, place),
      answers: answersOf(row, place),
    }),
    example: (row, place) => context.fill(row, place) + answerDelimiter + answersOf(row, place)[0]!,
  };
}

function perplexityQuestions(file: TaskOf<'perplexity'>, read: Read): Questions {
  const text = read(file.text, 'text');
  const counted = file.counted === undefined ? text : read(file.counted, 'counted');
  return {
    question: (row, place) => ({ kind: 'perplexity', text: text.fill(row, place), counted: counted.fill(row, place) }),
    example: (_, place) => {
      throw new EigentraceError('usage', `${place}: --fewshot: a perplexity has no examples (expected 0)`);
    },
  };
}

function choiceReader(
  choices: TaskOf<'choice'>['choices'],
  path: string,
  read: Read,
): (row: Row, place: string) => string[] {
  const checked = (texts: string[], place: string): string[] => {
    texts.forEach((text, c) => notEmpty(text, place, `choice ${c}`));
    return texts;
  };
  if (Array.isArray(choices)) {
    const templates = choices.map((spec, i) => read(spec, `choices.${i}`));
    return (row, place) =>
      checked(
        templates.map((template) => template.fill(row, place)),
        place,
      );
  }
  const listed = pathsOf(choices.each, `${path}: choices.each`);
  const template = read(choices.text ?? '{.}', 'choices.text');
  return (row, place) => {
    const things = listOf(row, listed, place);
    if (things.length < 2) {
      throw new EigentraceError('input', `${place}: too few choices, got ${things.length} (expected at least 2)`);
    }
    return checked(
      things.map((thing) => template.fill(thing, place)),
      place,
    );
  };
}

function targetReader(
  spec: TargetSpec | readonly TargetSpec[],
  path: string,
): (row: Row, place: string, count: number) => number {
  const readers = (Array.isArray(spec) ? (spec as readonly TargetSpec[]) : [spec as TargetSpec]).map((each) =>
    'index' in each ? indexReader(each.index, path) : labelReader(each, path),
  );
  return (row, place, count) => (readers.find((reader) => reader.fits(row)) ?? readers[0]!).read(row, place, count);
}

interface TargetReader {
  fits(row: Row): boolean;
  read(row: Row, place: string, count: number): number;
}

function indexReader(index: number | string, path: string): TargetReader {
  const template = Template.read(String(index), `${path}: target.index`);
  return {
    fits: (row) => template.fits(row),
    read(row, place, count) {
      const text = template.fill(row, place);
      if (/^\d+$/.test(text) && Number(text) < count) return Number(text);
      // As a label that is true or false counts for 1 and 0.
      const truth = ['false', 'true'].indexOf(text);
      if (truth >= 0 && truth < count) return truth;
      throw new EigentraceError(
        'input',
        `${place}: the label is none of the choices, got ${JSON.stringify(text)} (expected 0 to ${count - 1})`,
      );
    },
  };
}

function labelReader({ label, among }: Extract<TargetSpec, { label: string }>, path: string): TargetReader {
  const template = Template.read(label, `${path}: target.label`);
  const place = `${path}: target.among`;
  const listed = typeof among === 'string' ? pathOf(among, place) : null;
  return {
    fits: (row) => template.fits(row) && (listed === null || valueAt(row, listed) !== undefined),
    read(row, place, count) {
      const text = template.fill(row, place);
      const labels = listed === null ? (among as string[]) : listOf(row, [listed], place).map(String);
      const at = labels.indexOf(text);
      if (at >= 0 && at < count) return at;
      throw new EigentraceError(
        'input',
        `${place}: the label is none of the choices, got ${JSON.stringify(text)} (expected one of ${labels.join(', ')})`,
      );
    },
  };
}

function pathsOf(paths: string | readonly string[], place: string): string[][] {
  return (typeof paths === 'string' ? [paths] : paths).map((path) => pathOf(path, place));
}

/** The list at the first path that is there and holds one. */
function listOf(row: Row, paths: readonly (readonly string[])[], place: string): unknown[] {
  for (const path of paths) {
    const value = valueAt(row, path);
    if (Array.isArray(value)) return value;
  }
  const [path = []] = paths;
  const value = fieldAt(row, path, place);
  throw new EigentraceError(
    'input',
    `${place}: field "${path.join('.')}" is no list, got a ${typeof value} (expected a list)`,
  );
}

function textOf(value: unknown, place: string, what: string): string {
  if (typeof value === 'string') return value;
  throw new EigentraceError('input', `${place}: ${what} is no text, got ${JSON.stringify(value)} (expected a text)`);
}

function notEmpty(text: string, place: string, what: string): string {
  if (text !== '') return text;
  throw new EigentraceError('input', `${place}: ${what} is empty, got no text (expected at least one character)`);
}
