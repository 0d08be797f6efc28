/** What geometry has to do with tasks. Re-exports only. */
export { relateRuns, type RelateOptions, type RelateResult, type SeriesRelations } from './relate.js';
export type { ChildPair, ChildRelations } from './children.js';
export { exportRelations, relationRows } from './rows.js';
export { tableFigures } from './geometry.js';
