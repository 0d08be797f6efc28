/** Downstream results made elsewhere: re-exports only. */
export { readEvaluations, type Evaluations } from './read.js';
