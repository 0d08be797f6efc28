/** What a page shows: re-exports only. Pure: no Node module. */
export type * from './story.js';
export { checkpointOf, type PlacedCheckpoint } from './matching.js';
export { geometryOfStory, relatedStage, relationsOf } from './relations.js';
export type { Geometry, Relation, RelationsAsked, StageRelations } from './relations.js';
export type { AblationFigure, AblationPoint, AblationStory, AblationVariant } from './ablation.js';
export type { MemorizationBars, MemorizationStory } from './memorization.js';
export { controlNames } from './control-words.js';
export type { DirectionEndStory, DirectionsPoint, DirectionsStory, DirectionStory } from './directions.js';
export type { SampledPromptStory, SampledText, SamplesPoint, SamplesStory } from './samples.js';
export { stretchesOf, type Stretch } from './repeats.js';
export { packSpectra, unpackSpectra, type PackedSpectra } from './pack.js';
export { difference, figureCurve, isPretraining, stageWords, type Difference, type FigureCurve } from './curve.js';
export { ablationVerdict } from './ablation-words.js';
export { factsOf } from './facts.js';
export { findings, findingsOf, type SeriesFindings } from './findings.js';
export { fullestPoint, sweepsOf, sweptFigure, type SweepKind, type SweepStory } from './sweeps.js';
export { count, duration, percent, plusMinus, si, signed, withError } from './format.js';
export type { Warning } from './warnings.js';
