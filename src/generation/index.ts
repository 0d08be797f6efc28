/** Text that checkpoints write: greedy and sampled completions, and how they repeat themselves. Re-exports only. */
export { generate, type GenerateResult } from './generate.js';
export { generateDefaults, type GenerateRequest } from './request.js';
export { complete, type CompleteOptions, type Completion, type Prompt } from './complete.js';
export type { GeneratedPrompt } from './job.js';
export { repetitionOf, type Repetition } from './repetition.js';
