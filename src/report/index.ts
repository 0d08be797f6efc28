/** Reading runs for people: re-exports only. */
export { readStory, StoryReader, type ReadStory, type StoryOptions } from './read-story.js';
export { drawnRanks, readSpectra, spectrumOf, type ReadSpectra } from './spectra.js';
export { makeReport, refreshReport, writeReport, type ReportOptions, type ReportResult } from './write-report.js';
export { exportFigure, type FigureOptions, type FigureResult } from './figure.js';
export { figureCharts, type FigureChart } from './figure-names.js';
export { ownVersion, readBundle, readPage, type Bundle } from './bundle.js';
