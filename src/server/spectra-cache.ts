/** Packed spectra as JSON, made once for each state of a series: the last few layers that were looked at. */
import { createHash } from 'node:crypto';
import type { StoredMeasurement } from '../record/index.js';
import { readSpectra } from '../report/index.js';
import { packSpectra } from '../story/index.js';

export interface SentSpectra {
  readonly etag: string;
  readonly json: Buffer;
}

/** Layers kept; 154 checkpoints of one are some 170 kB. */
const kept = 48;

export class SpectraCache {
  /** In order of use, oldest first. */
  readonly #entries = new Map<string, Promise<SentSpectra>>();

  /** The spectra of a series' layer. Requests at once share one reading. */
  get(id: string, measurements: readonly StoredMeasurement[], layer: string): Promise<SentSpectra> {
    const hash = createHash('sha256').update(JSON.stringify([id, layer]));
    for (const { measurement } of measurements) hash.update(measurement.arrays.sha256);
    const key = hash.digest('hex').slice(0, 20);
    const found = this.#entries.get(key) ?? make(id, measurements, layer, `"${key}"`);
    this.#entries.delete(key);
    this.#entries.set(key, found);
    // What failed is tried again.
    found.catch(() => this.#entries.delete(key));
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= kept) break;
      this.#entries.delete(oldest);
    }
    return found;
  }
}

async function make(
  id: string,
  measurements: readonly StoredMeasurement[],
  layer: string,
  etag: string,
): Promise<SentSpectra> {
  const { spectra } = await readSpectra(id, measurements, layer);
  return { etag, json: Buffer.from(JSON.stringify(packSpectra(spectra))) };
}
