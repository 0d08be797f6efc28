/** Downstream results: tasks scored here, and results made elsewhere. Re-exports only. */
export { evaluate, type EvaluateResult } from './evaluate.js';
export { evaluateDefaults, type EvaluateRequest } from './request.js';
export { askTask, type AskedTask, type Asking } from './data.js';
export { Encoder, type EncodedPair } from './encode.js';
export { questionReplicates } from './question-groups.js';
export { joined, ownerOf, ownSource, taskCurves, type TaskFinding } from './curves.js';
export { continueGreedily, type Continued, type GreedyOptions } from './greedy.js';
export { harnessResults } from './harness-file.js';
export { chosenBy, meanFigure, type ChoiceMetric, type Figure } from './metrics.js';
export { cutFlags, loglikelihoodOf, positionsOf, scoreQuestions, type QuestionScores } from './question-scores.js';
export type { ChoiceQuestion, Question } from './questions.js';
export { listTasks, openTask, openTasks, taskNames, type Task, type TaskListing } from './tasks.js';
export { readEvaluations, type Evaluations } from './read.js';
export { readTask } from './tasks.js';
