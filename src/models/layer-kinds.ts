/** Which layers see everything before them, and which only a window: `layer_types`, or a rule of the family. */
import type { Config } from './config.js';

export const layerKinds = ['full_attention', 'sliding_attention'] as const;
export type LayerKind = (typeof layerKinds)[number];

/** The kind of every layer; `rule` where the config has no `layer_types`. */
export function readLayerKinds(config: Config, layers: number, rule: (layer: number) => LayerKind): LayerKind[] {
  const told = config.names('layer_types');
  if (!told) return Array.from({ length: layers }, (_, layer) => rule(layer));
  if (told.length !== layers) throw config.fault('layer_types', told, `${layers} kinds, one a layer`);
  const unknown = told.find((kind) => !layerKinds.includes(kind as LayerKind));
  if (unknown !== undefined) {
    throw config.fault('layer_types', unknown, `${layerKinds.join(', ')}; others are not implemented`);
  }
  return told as LayerKind[];
}

/** Every `pattern`-th layer is full. */
export function everyNth(pattern: number): (layer: number) => LayerKind {
  return (layer) => ((layer + 1) % pattern === 0 ? 'full_attention' : 'sliding_attention');
}

/** Window of each layer in tokens, the token itself among them; null: no window. */
export function windowsOf(config: Config, kinds: readonly LayerKind[], window: number | null): (number | null)[] {
  if (window !== null && (!Number.isInteger(window) || window > 2 ** 31 - 1)) {
    throw config.fault('sliding_window', window, 'a whole number');
  }
  return kinds.map((kind) => {
    if (kind === 'full_attention') return null;
    if (window === null) throw config.fault('sliding_window', window, 'a number: layer_types has sliding layers');
    return window;
  });
}
