export { compareSides, type Comparison, type Correlation, type Difference, type FigureComparison } from './compare.js';
export { compareRuns, type CompareOptions, type CompareResult } from './compare-runs.js';
export type { Differing } from './differing.js';
export type { RowsRelation } from './rows-relation.js';
export type { Axis as CompareAxis, Side } from './side.js';
