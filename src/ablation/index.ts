/** Keeping and removing eigen-directions: re-exports only. */
export { ablate, type AblateResult } from './ablate.js';
export { ablateDefaults, type AblateRequest } from './request.js';
export { parseBand } from './band.js';
