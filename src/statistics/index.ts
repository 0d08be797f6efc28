export { bootstrap, type BootstrapInterval } from './bootstrap.js';
export { controlPairing, type SequencesMeasured } from './control-pairing.js';
export { correlationPValue, errorOfPair, pearson, ranks, spearman, type Pairing } from './correlation.js';
export { holm } from './holm.js';
export { jackknife, type JackknifeError } from './jackknife.js';
export { partialOf, RankCorrelations } from './rank-correlations.js';
export { errorOfCurves, errorOfDifference, replicateCurves, type ReplicateCurves } from './replicate-curves.js';
export { judge, type Judged } from './verdicts.js';
export { incompleteBeta, lnGamma, studentCdf, studentQuantile } from './student-t.js';
