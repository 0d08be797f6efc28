/** The spectrum of representations: re-exports only. Pure: no Node module, no other room. */
export { GramAccumulator, type AccumulatorOptions } from './accumulate.js';
export { definitionIds, definitions, definitionsVersion, type Definition } from './definitions.js';
export { decompositions, spectrumFlops, spectrumMemory, type EstimateOptions } from './estimate.js';
export { eigenvalues } from './eigen.js';
export { eigenvectors, type Eigenvectors } from './eigenvectors.js';
export { rowCovariance, type RowCovariance } from './row-covariance.js';
export { measureRows, type LayerMeasurement, type MeasureOptions } from './measure.js';
export { figuresFrom, type FigureOptions, type Figures, type FigureSet } from './figures.js';
export type { Rows } from './rows.js';
export { groupOfRow, jackknife } from './jackknife.js';
export { alphaDefinition, defaultAlphaRange, fitAlpha, rSquared, type Ranks } from './alpha.js';
export { rankme, rankmePublished, rankmeSingular, spectralEntropy } from './rankme.js';
export { participationRatio, participationRatioUnbiased } from './participation.js';
export { positive } from './positive.js';
export type { Flag } from './flags.js';
export { packSums, readSums, type Sums } from './sums.js';
export {
  lentOrder,
  type Kernel,
  type KernelThread,
  type StartThread,
  type ThreadEvents,
  type Workspace,
} from './kernel/kernel.js';
export { openKernel, type KernelOptions } from './kernel/open.js';
