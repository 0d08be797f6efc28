/** Downstream results: tasks scored here, and results made elsewhere. Re-exports only. */
export { evaluate, type EvaluateResult } from './evaluate.js';
export { evaluateDefaults, type EvaluateRequest } from './request.js';
export { listTasks, openTask, openTasks, taskNames, type Task, type TaskListing } from './tasks.js';
export { readEvaluations, type Evaluations } from './read.js';
