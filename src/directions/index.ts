/** What the top eigen-directions of a checkpoint are: re-exports only. */
export { changeOf, changesOf, type DirectionChange } from './change.js';
export { directionsOf, vectorsOf, type Direction, type DirectionEnd, type DirectionsDetail } from './detail.js';
export { directions, type DirectionsResult } from './directions.js';
export { directionsDefaults, type DirectionsRequest } from './request.js';
