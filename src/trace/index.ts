export { cacheFolder } from './cache.js';
export { demoRequest } from './demo.js';
export { diagnose, type Diagnosis, type DiagnosisFact } from './doctor.js';
export { exportRun, type ExportResult } from './export.js';
export { startThread } from './kernel-threads.js';
export { planTrace } from './plan.js';
export { represent, type RepresentRequest, type RepresentResult } from './represent-file.js';
export * from './request.js';
export { trace } from './trace.js';
