export { memorize } from './memorize.js';
export { memorizeDefaults, type MemorizeRequest, type MemorizeResult } from './request.js';
export { summaries, type Summary, type SummaryPoint } from './summary.js';
