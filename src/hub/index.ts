export { fetchDatasetSplit, type DatasetSplit, type FetchedSplit } from './dataset.js';
export { HubFetcher, type HubFetcherOptions, type Keep } from './fetcher.js';
export type { FetchHooks, FetchProgress, HubSeriesOptions, HubSize } from './hooks.js';
export { oidOf, type HubFile } from './repository.js';
export { openHubSeries } from './series.js';
