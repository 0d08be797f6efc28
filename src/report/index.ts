/** Reading runs for people: re-exports only. */
export { readStory, StoryReader, type ReadStory, type StoryOptions } from './read-story.js';
export { drawnRanks, readSpectra, spectrumOf, type ReadSpectra } from './spectra.js';
export { makeReport, writeReport, type ReportOptions, type ReportResult } from './write-report.js';
export { ownVersion, readBundle, readPage, type Bundle } from './bundle.js';
export { staticPage } from './static-page.js';
