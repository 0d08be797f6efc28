export {
  describeFeatures,
  endingOf,
  featureEndings,
  openFeatures,
  type FeatureChoice,
  type FeatureHeader,
  type FeatureRows,
} from './file.js';
export type { FloatType } from '../bytes/floats.js';
