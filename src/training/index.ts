/** Logs of trainings: re-exports only. */
export { parseLogName, readTrainingLog } from './read.js';
