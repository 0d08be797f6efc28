export type * from './chart.js';
