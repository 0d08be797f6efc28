export type * from './chart.js';
export { trajectory, type TrajectoryInput } from './trajectory.js';
export { declarations, literal, paintOf, tokens, type Paint, type Scheme, type Token } from './theme.js';
export { scree, screeDomain, type ScreeInput, type ScreeSpectrum } from './scree.js';
export { spectrumMap, type SpectrumMapInput } from './spectrum-map.js';
export { layerMap, type LayerMapInput } from './layer-map.js';
export { stack } from './stack.js';
export { alphaBands, type AlphaBandsInput } from './alpha-bands.js';
export { alsoOf, chooseDownstream, downstream, metricName, tasksOf, type DownstreamInput } from './downstream.js';
export {
  correlationMatrix,
  matrixFigures,
  type CorrelationMatrixInput,
  type RelationPart,
} from './correlation-matrix.js';
export { taskMap, type TaskMapInput } from './task-map.js';
export { lossColumns, training, type TrainingInput } from './training.js';
export { differences, type DifferencePoint, type DifferencesInput } from './differences.js';
export { sweep, type SweepInput } from './sweep.js';
export { memorizationChart, passageChart, type MemorizationInput } from './memorization.js';
export { suffixLengths, type SuffixLengthsInput } from './suffix-lengths.js';
export { likelihoods, type LikelihoodsInput } from './likelihoods.js';
export { directionOverlaps, directionShares, type DirectionsInput } from './directions.js';
export { samplesChart, type SamplesInput } from './samples.js';
export { ablationChart, metricNames, type AblationInput } from './ablation.js';
export { agreementBars, type AgreementBarsInput } from './agreement-bars.js';
