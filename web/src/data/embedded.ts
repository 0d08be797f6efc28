/** The data of a report: JSON in two script elements of the page itself. */
import { unpackSpectra } from '../../../src/story/index.js';
import type { PackedSpectra, Story } from '../../../src/story/index.js';
import { story, trouble } from '../state/store.js';
import type { Source } from './source.js';

/** The report's data; null where the page holds none, so that it is the live one. */
export function embeddedSource(): Source | null {
  const text = textOf('story');
  if (text === null) return null;
  const packed = new Map<string, PackedSpectra>();
  return {
    kind: 'report',
    start: () => {
      try {
        for (const spectra of JSON.parse(textOf('spectra') ?? '[]') as PackedSpectra[]) {
          packed.set(`${spectra.series}\n${spectra.layer}`, spectra);
        }
        story.value = JSON.parse(text) as Story;
      } catch (error) {
        // Written whole by the report: only a cut-off copy of the file ends up here.
        trouble.value = `this file: its data can't be read (${String(error)}); make the report again`;
      }
    },
    spectra: (series, layer) => {
      const found = packed.get(`${series}\n${layer}`);
      return Promise.resolve(found ? unpackSpectra(found) : null);
    },
    address: () => null,
  };
}

function textOf(id: string): string | null {
  return document.getElementById(id)?.textContent ?? null;
}
