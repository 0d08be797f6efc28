export { batchesOf, tokenBudget } from './batches.js';
export { checkDevice, devices, deviceTolerance, refuseUnknownDevice, type Device } from './device.js';
export { ModelProcess } from './process.js';
export type { ForwardReply, StatePick, ProbeReply } from './protocol.js';
export { layerName, represent, type Represented, type RepresentOptions, type StateSink } from './represent.js';
export { memoryBound, RowStore, type StoredRows } from './row-store.js';
export { measureSpeed, type Speed } from './speed.js';
