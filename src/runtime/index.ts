export { batchesOf, tokenBudget } from './batches.js';
export { ModelProcess } from './process.js';
export type { ForwardReply, ProbeReply } from './protocol.js';
export { layerName, represent, type RepresentOptions, type StateSink } from './represent.js';
export { memoryBound, RowStore, type StoredRows } from './row-store.js';
export { measureSpeed, type Speed } from './speed.js';
