export type * from './phases.js';
export { defaultThresholds, phasesOf } from './phases-of.js';
export { positionText } from './position-text.js';
