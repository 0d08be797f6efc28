export type * from './chart.js';
export { trajectory, type TrajectoryInput } from './trajectory.js';
export { declarations, literal, paintOf, tokens, type Paint, type Scheme, type Token } from './theme.js';
export { scree, screeDomain, type ScreeInput, type ScreeSpectrum } from './scree.js';
export { spectrumMap, type SpectrumMapInput } from './spectrum-map.js';
export { layerMap, type LayerMapInput } from './layer-map.js';
export { stack } from './stack.js';
