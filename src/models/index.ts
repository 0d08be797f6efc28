export type { Architecture, Decoder } from './architecture.js';
export { architectureOf, architectures } from './architectures.js';
export type { Cost } from './graph.js';
export { Model, type ModelGraph, type ModelSource } from './model.js';
export { deepestState, wholeModel, type Layer, type Part, type Position, type StateRequest } from './state-graph.js';
export type { ModelSizes, UnitSize } from './unit-sizes.js';
export { float64ProductGraph, productGraph } from './product.js';
export type { Draw, FamilyInitialisation, Initialisation } from './initialisation.js';
export type { RowRange, TensorRange } from './weights.js';
