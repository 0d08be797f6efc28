export type { Architecture, Decoder } from './architecture.js';
export { architectureOf, architectures } from './architectures.js';
export type { Cost } from './graph.js';
export { Model, type Layer, type ModelGraph, type ModelSource, type Position, type StateRequest } from './model.js';
export { float64ProductGraph, productGraph } from './product.js';
export type { Draw, FamilyInitialisation, Initialisation } from './initialisation.js';
export type { TensorRange } from './weights.js';
