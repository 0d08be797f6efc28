export { findTokenizer, openCheckpoint, type Checkpoint, type CheckpointOptions } from './checkpoint.js';
export {
  hashFiles,
  rememberedHashes,
  rememberHash,
  unchanged,
  whatChanged,
  type FileHashes,
  type HashOptions,
} from './identity.js';
export { GrowingSeries, type GrowingOptions, type Unfinished } from './growing.js';
export { parseHubId } from './hub-id.js';
export { compareNames, compareStages, parseCheckpointName, stageOfName, type CheckpointName } from './naming.js';
export { selectRevisions } from './revisions.js';
export {
  openEntry,
  openSeries,
  type HubPlace,
  type Series,
  type SeriesEntry,
  type SeriesOptions,
  type Stage,
} from './series.js';
export { readSeriesFile, seriesFrom } from './series-file.js';
export {
  composeSeries,
  seriesText,
  type OpenHub,
  type SeriesPart,
  type SeriesRecipe,
  type WrittenSeries,
} from './series-write.js';
export { countsPretraining, stagesOf } from './stages.js';
export type { RemoteWeights, TensorRange, WeightFile } from './weights.js';
