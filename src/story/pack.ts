/**
 * Spectra as they travel: the eigenvalues of a checkpoint as shares of their sum, base64 of float32, little-endian
 * (5.3 bytes each, 7 digits). Shares, because no scale of the representations can leave float32's range then.
 */
import type { LayerSpectra } from './story.js';

export interface PackedSpectra {
  readonly series: string;
  readonly layer: string;
  readonly ranks: readonly number[];
  /** One a checkpoint: base64 of λ_i / Σλ in float32; null where there are none. */
  readonly shares: readonly (string | null)[];
  readonly totals: readonly (number | null)[];
}

export function packSpectra({ series, layer, ranks, eigenvalues, totals }: LayerSpectra): PackedSpectra {
  const shares = eigenvalues.map((values, i) => {
    const total = totals[i] ?? 1;
    return values === null ? null : encode(values.map((value) => value / total));
  });
  return { series, layer, ranks, shares, totals };
}

export function unpackSpectra({ series, layer, ranks, shares, totals }: PackedSpectra): LayerSpectra {
  const eigenvalues = shares.map((text, i) => {
    const total = totals[i] ?? 1;
    return text === null ? null : decode(text).map((share) => share * total);
  });
  return { series, layer, ranks, eigenvalues, totals };
}

function encode(values: readonly number[]): string {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setFloat32(4 * i, value, true);
  });
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function decode(text: string): number[] {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length >> 2 }, (_, i) => view.getFloat32(4 * i, true));
}
