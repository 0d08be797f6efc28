/** What a page shows: re-exports only. Pure: no Node module. */
export type * from './story.js';
export { packSpectra, unpackSpectra, type PackedSpectra } from './pack.js';
