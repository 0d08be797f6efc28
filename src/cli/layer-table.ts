/** RankMe of every layer measured, revisions down and layers across; too many layers are thinned evenly. */
import { pad } from './columns.js';
import { absent, cut, lengthOf } from './format.js';
import type { CheckpointResult } from './library.js';
import { printable, type Style } from './style.js';

/** Layers in order: blocks by number, `final` last. */
function layersOf(results: readonly CheckpointResult[]): string[] {
  const names = new Set(results.flatMap((r) => Object.keys(r.layers)));
  const rank = (name: string) => (name === 'final' ? Infinity : Number(name));
  return [...names].sort((a, b) => rank(a) - rank(b));
}

/** The layer of the main table: `final` where it was measured, else the last block. */
export function mainLayer(results: readonly CheckpointResult[]): string {
  return layersOf(results).at(-1) ?? 'final';
}

/** Lines of the table; none when a single layer was measured. */
export function layerTable(results: readonly CheckpointResult[], limit: number, style: Style): string[] {
  const layers = layersOf(results);
  if (layers.length < 2) return [];
  const done = results.filter((r) => r.state !== 'failed');
  const value = (result: CheckpointResult, layer: string) => {
    const rankme = result.layers[layer]?.rankme ?? null;
    return rankme === null ? absent : rankme.toFixed(1);
  };
  const names = done.map((r) => cut(printable(r.revision), 24, 'middle'));
  const first = Math.max('revision'.length, ...names.map(lengthOf));
  const width = Math.max(5, ...done.flatMap((r) => layers.map((layer) => value(r, layer).length)));
  const shown = thinned(layers, Math.max(2, Math.floor((limit - first) / (width + 2))));
  const head = [pad('revision', first, 'left'), ...shown.map((layer) => pad(layer, width, 'right'))].join('  ');
  const left = layers.length - shown.length;
  return [
    `RankMe by layer${left > 0 ? ` (${shown.length} of ${layers.length} layers; the rest: eigentrace export)` : ''}`,
    style.bold(head),
    ...done.map((r, i) =>
      [pad(names[i]!, first, 'left'), ...shown.map((layer) => pad(value(r, layer), width, 'right'))].join('  '),
    ),
  ];
}

/** At most `most` of the layers, evenly spaced, first and last among them. */
function thinned(layers: readonly string[], most: number): string[] {
  if (layers.length <= most) return [...layers];
  return Array.from({ length: most }, (_, i) => layers[Math.round((i * (layers.length - 1)) / (most - 1))]!);
}
