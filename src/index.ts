/** The public API: re-exports only. */
export { EigentraceError, messageOf, nearest, type ErrorCode } from './errors.js';
export * from './trace/index.js';
