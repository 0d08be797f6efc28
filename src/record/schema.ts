/**
 * JSON Schemas (draft 2020-12) of `run.json`, of a measurement and of a finding, generated from the schemas that the code checks
 * with; the build writes them to `schemas/`, which is published with the package.
 */
import { z } from 'zod';
import { findingSchema } from './finding.js';
import { measurementSchema } from './measurement.js';
import { runSchema } from './run.js';

/** By file name in `schemas/`. */
export function jsonSchemas(): Record<string, Record<string, unknown>> {
  return {
    'run.schema.json': { title: 'An eigentrace run (run.json)', ...z.toJSONSchema(runSchema) },
    'measurement.schema.json': { title: 'An eigentrace measurement', ...z.toJSONSchema(measurementSchema) },
    'finding.schema.json': { title: 'An eigentrace finding', ...z.toJSONSchema(findingSchema) },
  };
}
