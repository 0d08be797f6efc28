export type * from './phases.js';
