/** The spectra at hand, by series and layer: loaded when first looked at, and again when the series has grown. */
import { computed, effect, signal } from '@preact/signals';
import type { LayerSpectra, SeriesStory } from '../../../src/story/index.js';
import { focus, layer } from '../state/store.js';
import type { Source } from './source.js';

interface Loaded {
  /** What the series was when this was loaded. */
  readonly of: string;
  /** Null: not to be had. */
  readonly spectra: LayerSpectra | null;
}

const loaded = signal<ReadonlyMap<string, Loaded>>(new Map());
const underWay = new Map<string, string>();

const nameOf = (series: SeriesStory, layerName: string) => `${series.id}\n${layerName}`;
/** Changes when a checkpoint is added or measured anew. */
const stateOf = ({ checkpoints, created }: SeriesStory) => `${checkpoints.length} ${created[1]}`;

/** Keeps the spectra of the series in focus at hand. */
export function keepSpectra(source: Source): void {
  effect(() => {
    // Findings without geometry have no spectra to ask for.
    if (!focus.value || focus.value.layers.length === 0) return;
    const [series, layerName] = [focus.value, layer.value];
    const [name, of] = [nameOf(series, layerName), stateOf(series)];
    if (loaded.value.get(name)?.of === of || underWay.get(name) === of) return;
    underWay.set(name, of);
    const keep = (spectra: LayerSpectra | null) => {
      underWay.delete(name);
      loaded.value = new Map(loaded.peek()).set(name, { of, spectra });
    };
    source.spectra(series.id, layerName).then(keep, () => {
      // Shown as missing until the series changes or is looked at anew; older spectra stay.
      keep(loaded.peek().get(name)?.spectra ?? null);
    });
  });
}

/** Spectra of the series and layer in focus; undefined while they load, null where there are none. */
export const spectra = computed<LayerSpectra | null | undefined>(() =>
  focus.value ? loaded.value.get(nameOf(focus.value, layer.value))?.spectra : null,
);
