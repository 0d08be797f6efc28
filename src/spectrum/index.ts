/** The spectrum of representations: re-exports only. Pure: no Node module, no other room. */
export { eigenvalues } from './eigen.js';
export type { Kernel, KernelThread, StartThread, ThreadEvents, Workspace } from './kernel/kernel.js';
export { openKernel, type KernelOptions } from './kernel/open.js';
