export { jackknife, type JackknifeError } from './jackknife.js';
export { errorOfCurves, errorOfDifference, replicateCurves, type ReplicateCurves } from './replicate-curves.js';
export { incompleteBeta, lnGamma, studentCdf, studentQuantile } from './student-t.js';
