export type { ByteSource } from './byte-source.js';
export { repeatedKey } from './json-keys.js';
export { MemorySource } from './memory.js';
export {
  FileSource,
  asInputError,
  brokenLink,
  brokenLinks,
  identify,
  isRegularFile,
  kindOf,
  list,
  readJson,
  readText,
  sha256File,
  streamFile,
  type FileIdentity,
} from './file.js';
export { makeFolder, remove, removeAtExit, sweepTemporary, writeAtomic } from './write.js';
export {
  bitsOfDtype,
  readSafetensors,
  readSafetensorsHeader,
  readSafetensorsTensor,
  type SafetensorsHeader,
  type SafetensorsRange,
  type SafetensorsTensor,
  type TensorData,
} from './safetensors.js';
export {
  encodeSafetensors,
  safetensorsHeader,
  type SafetensorsEntry,
  type SafetensorsLayout,
  type WritableDtype,
  type WritableTensor,
} from './safetensors-write.js';
export { toFloat32, widthOf, type FloatFormat, type FloatType } from './floats.js';
export { PageCache, PagedFile } from './paged-file.js';
export { stageFile, type StagedFile } from './staged-file.js';
export { StagedWriter } from './staged-writer.js';
export { withLock, type LockOptions } from './lock.js';
export { withFileLock, type FileLockOptions } from './file-lock.js';
export { PartialFile, sizeOf } from './partial-file.js';
export { linkFile } from './link.js';
export { agentOptions, proxiedFetch, proxyOf, type ProxySettings } from './proxy.js';
export { sampleFile } from './sample.js';
export { freeBytes } from './disk.js';
export { scratchPath, writeScratchFile } from './scratch-file.js';
export { Scratch, sweepScratch } from './scratch.js';
export { npyHeader } from './npy.js';
export { NpyArray, readNpyObject } from './npy-object.js';
export { PickleName, readPickle, type PickleRules } from './pickle.js';
export { PickleEnd } from './pickle-bytes.js';
export { looksLikeZip, openZip, type ZipArchive, type ZipEntry } from './zip.js';
// parquet.ts is imported by its own name, where a parquet file is read: it brings hyparquet with it.
