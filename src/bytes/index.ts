export type { ByteSource } from './byte-source.js';
export { MemorySource } from './memory.js';
export {
  FileSource,
  asInputError,
  identify,
  kindOf,
  list,
  readJson,
  readText,
  sha256File,
  streamFile,
  type FileIdentity,
} from './file.js';
export { makeFolder, remove, sweepTemporary, writeAtomic } from './write.js';
