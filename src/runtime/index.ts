export { batchesOf, tokenBudget } from './batches.js';
export { candidates, drawToken, likeliest, type Candidates, type Choice, type Draw } from './choice.js';
export { continueAll, type ContinueOptions, type Written, type WrittenRow } from './continue.js';
export { Decoder, type DecoderOptions, type Kept } from './decode.js';
export { checkDevice, devices, deviceTolerance, refuseUnknownDevice, type Device } from './device.js';
export { ModelProcess } from './process.js';
export type { ForwardReply, StatePick, ProbeReply } from './protocol.js';
export { headScores, loadScoreHead, type HeadScores, type ScoreHead, type TokenPairs } from './head-scores.js';
export { interruptible } from './interruptible.js';
export { layerName, represent, type Represented, type RepresentOptions, type StateSink } from './represent.js';
export { memoryBound, RowStore, type StoredRows } from './row-store.js';
export { score, scoreChanged, type ContinuationScore, type ScoreOptions, type StateChange } from './score.js';
export type { ScoreItem } from './score-plan.js';
export { eachScoredStates, scoredStates, type ScoringOptions, type StatesSink } from './scored-states.js';
export type { Stages } from './stages.js';
export {
  headMemory,
  leastMemory,
  memoryPlan,
  processesMemory,
  type MemoryPlan,
  type MemoryRequest,
} from './memory-plan.js';
export { roundWeights, type RoundedModel } from './round-weights.js';
export { measureSpeed, type Speed } from './speed.js';
