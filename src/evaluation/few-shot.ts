/**
 * Examples before a question, as the lm-evaluation-harness draws them: `random` goes through the questions in order with one
 * Python generator, seeded once a task, and draws anew for each; `first` takes the first rows. A question
 * is never its own example, but where the harness lets it be (`spare` in task-file.ts).
 */
import { EigentraceError } from '../errors.js';
import { canonicalJson } from '../record/index.js';
import { PythonRandom } from '../statistics/index.js';
import type { DataRecord } from '../corpus/index.js';
import type { Task } from './tasks.js';

export interface Examples {
  readonly count: number;
  readonly seed: number;
  /** Where they come from. */
  readonly pool: readonly DataRecord[];
  /** Whether the pool holds the questions too. */
  readonly own: boolean;
}

/** What stands before each question, in order. */
export function beforeQuestions(task: Task, questions: readonly DataRecord[], examples: Examples): string[] {
  const description = task.file.description ?? '';
  const { count, seed, pool, own } = examples;
  if (count === 0) return questions.map(() => description);
  // The pool is another than the task's: whatever it says, questions must not answer themselves.
  const strange = own && task.file.data.examples !== undefined;
  const spare = strange || (task.file.fewshot?.spare ?? true);
  const needed = spare ? count + 1 : count;
  if (pool.length < needed) {
    throw new EigentraceError(
      'usage',
      `--fewshot: task ${task.name} has too few rows for examples, got ${pool.length} (expected at least ${needed})`,
    );
  }
  const { delimiter = '\n\n', sampler = 'random' } = task.file.fewshot ?? {};
  const random = new PythonRandom(seed);
  const texts = new Map<number, string>();
  const example = (at: number): string => {
    let text = texts.get(at);
    if (text === undefined) texts.set(at, (text = task.questions.example(pool[at]!.row, pool[at]!.place) + delimiter));
    return text;
  };
  const names = spare ? pool.map(({ row }) => canonicalJson(row)) : null;
  return questions.map(({ row }) => {
    const itself = names === null ? null : canonicalJson(row);
    const others = (at: number): boolean => names === null || names[at] !== itself;
    let drawn: number[];
    if (sampler === 'first') {
      drawn = [];
      for (let at = 0; at < pool.length && drawn.length < count; at++) if (others(at)) drawn.push(at);
    } else {
      drawn = random.sample(pool.length, needed).filter(others).slice(0, count);
      if (drawn.length < count) {
        // The question stands there more than once: drawn again among the others.
        const rest = pool.flatMap((_, at) => (others(at) ? [at] : []));
        if (rest.length >= count) drawn = random.sample(rest.length, count).map((at) => rest[at]!);
      }
    }
    if (drawn.length < count) {
      throw new EigentraceError('usage', `--fewshot: task ${task.name} has too few other rows (expected ${count})`);
    }
    return description + drawn.map(example).join('');
  });
}
