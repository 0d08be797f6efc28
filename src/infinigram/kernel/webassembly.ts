/** The few parts of the WebAssembly API that are used: it belongs to no ECMAScript library of TypeScript. */
export interface SharedMemory {
  readonly buffer: SharedArrayBuffer;
  /** Adds pages of 64 KiB. */
  grow(pages: number): number;
}

interface WebAssemblyApi {
  Module: new (bytes: Uint8Array) => object;
  Memory: new (options: { initial: number; maximum: number; shared: true }) => SharedMemory;
}

export const webAssembly = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;
