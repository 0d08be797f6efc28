export {
  paperAblationFor,
  paperCorrelationFor,
  paperCurvesFor,
  paperMemorizationFor,
  type PaperAblation,
  type PaperCorrelation,
  type PaperCurves,
  type PaperPoint,
} from './curves.js';
export { paperValues } from './paper-values.js';
