export {
  fetchDatasetSplit,
  listDatasetSplit,
  type DatasetSplit,
  type FetchedSplit,
  type SplitFile,
} from './dataset.js';
export { HubFetcher, type HubFetcherOptions, type Keep } from './fetcher.js';
export type { FetchHooks, FetchProgress, HubSeriesOptions, HubSize } from './hooks.js';
export { oidOf, type HubFile } from './repository.js';
export { openHubSeries } from './series.js';
