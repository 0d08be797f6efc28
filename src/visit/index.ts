export { BasisText, refuseBeyondWidth, type BasisTextRequest } from './basis-text.js';
export { withFinalStates, type RowPlace } from './final-states.js';
export { refuseUnfit, scoringStages } from './memory.js';
export { visit } from './visit.js';
export { visitDefaults } from './request.js';
export type {
  VisitBody,
  Visited,
  VisitEvent,
  VisitHooks,
  VisitJob,
  VisitPart,
  VisitPhase,
  VisitRequest,
  VisitResult,
  VisitSubject,
  VisitTools,
} from './request.js';
