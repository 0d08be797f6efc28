/**
 * A task is a JSON file: where its questions lie, how a row becomes a prompt, what is scored. The package's own lie in
 * `tasks/`, a user's own is a file of the same kind. What a file says is all that determines its prompts, so its
 * hash stands in the record.
 */
import { z } from 'zod';

/** A template (template.ts), and what is done to the whole text, each `[name, …arguments]`. */
const text = z.union([z.string(), z.strictObject({ text: z.string(), then: z.array(z.array(z.string()).min(1)) })]);
/** Paths of which the first that is there is taken: data sets come in several shapes. */
const paths = z.union([z.string(), z.array(z.string()).min(1)]);

const data = z.strictObject({
  hub: z.string().optional().describe('a data set on the Hub, `org/name`'),
  config: z.string().optional().describe('its configuration'),
  split: z.string().optional().describe('the split whose rows are asked'),
  examples: z.string().optional().describe('the split that few-shot examples are drawn from; default the same'),
  file: z.string().optional().describe('a file in place of a data set: beside the task file, or `sample:…`'),
});

const target = z.union([
  z.strictObject({ index: z.union([z.int().min(0), z.string()]).describe('the place of the right choice, from 0') }),
  z.strictObject({
    label: z.string().describe('a template'),
    among: z.union([z.string(), z.array(z.string())]).describe('the labels of the choices: a path, or a list'),
  }),
]);

const shared = {
  task: z.string().regex(/^[\w.-]+$/),
  version: z.string(),
  title: z.string().optional(),
  about: z.string().optional(),
  same: z.string().optional().describe('whose prompts these are: a task of lm-evaluation-harness'),
  data,
  description: z.string().optional().describe('stands before everything'),
  fewshot: z
    .strictObject({
      delimiter: z.string().optional(),
      sampler: z.enum(['random', 'first']).optional(),
      spare: z
        .boolean()
        .optional()
        .describe(
          'draw one more than is needed and drop the question itself; default true. The harness does so only where ' +
            'a data set has no test split',
        ),
    })
    .optional(),
};

const choice = z.strictObject({
  ...shared,
  kind: z.literal('choice'),
  context: text,
  choices: z.union([
    z.array(text).min(2),
    z.strictObject({
      each: paths.describe('a list in the row'),
      text: text.optional().describe('of its things, `{.}`'),
    }),
  ]),
  target: z.union([target, z.array(target).min(1)]),
  delimiter: z.string().optional().describe('between context and choice; default a space'),
  metrics: z
    .array(z.enum(['acc', 'acc_norm', 'acc_bytes']))
    .min(1)
    .optional(),
});

/** The choices stand in the context, and one continuation is scored after each (Winogrande). */
const cloze = z.strictObject({
  ...shared,
  kind: z.literal('choice-in-context'),
  contexts: z.array(text).min(2),
  continuation: text,
  target: z.union([target, z.array(target).min(1)]),
  delimiter: z.string().optional(),
});

const lastWord = z.strictObject({
  ...shared,
  kind: z.literal('last-word'),
  context: text,
  continuation: text.describe('scored as it stands, its leading space too'),
});

const generation = z.strictObject({
  ...shared,
  kind: z.literal('generation'),
  context: text,
  answers: z.union([z.strictObject({ each: paths }), text]),
  until: z.array(z.string().min(1)).min(1),
  maxTokens: z.int().min(1).optional().describe('default 256'),
  ignore: z
    .array(z.enum(['case', 'punctuation']))
    .optional()
    .describe('what exact match does not look at'),
});

const perplexity = z.strictObject({
  ...shared,
  kind: z.literal('perplexity'),
  text,
  counted: text.optional().describe('the text whose words and bytes are counted; default the text itself'),
});

export const taskSchema = z.discriminatedUnion('kind', [choice, cloze, lastWord, generation, perplexity]);

/** As it stands in the file. */
export type TaskFile = z.infer<typeof taskSchema>;
export type TaskOf<K extends TaskFile['kind']> = Extract<TaskFile, { kind: K }>;
export type TextSpec = z.infer<typeof text>;
export type TargetSpec = z.infer<typeof target>;
