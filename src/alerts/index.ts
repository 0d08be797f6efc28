export { aggregates, parseCondition, type Columns, type Condition } from './expression.js';
export { holds, valuesOf, type Row } from './evaluate.js';
