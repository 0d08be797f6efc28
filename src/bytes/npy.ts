/** The header of NumPy's `.npy` format, version 1.0: magic, version, a Python dict, padded to a multiple of 64 bytes. */

/** `descr` is NumPy's type (`<f4`, `<f8`, `|O`); data follow in C order. */
export function npyHeader(descr: string, shape: readonly number[]): Uint8Array {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims}), }`;
  // Magic (6), version (2), length (2), then the dict and a line feed, so that the data start at a multiple of 64.
  const length = Math.ceil((10 + dict.length + 1) / 64) * 64 - 10;
  const text = `\x93NUMPY\x01\x00${String.fromCharCode(length & 255, length >> 8)}${dict.padEnd(length - 1)}\n`;
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
