export type { FetchHooks, FetchProgress, HubSeriesOptions, HubSize } from './hooks.js';
