/** Where the page has its data from: embedded in the report, or fetched from a server that watches the runs. */
import type { LayerSpectra } from '../../../src/story/index.js';

export interface Source {
  readonly kind: 'report' | 'live';
  /** Puts the story into the store, and keeps it up to date where it changes. */
  start(): void;
  /** Spectra of a layer; null where they are not to be had (a report embeds only some layers). */
  spectra(series: string, layer: string): Promise<LayerSpectra | null>;
  /** Address of a file the server makes; null in a report. */
  address(path: string, parameters: Readonly<Record<string, string>>): string | null;
}
