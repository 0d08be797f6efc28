/**
 * JSON Schemas (draft 2020-12) of `run.json` and of a measurement, generated from the schemas that the code checks
 * with; the build writes them to `schemas/`, which is published with the package.
 */
import { z } from 'zod';
import { measurementSchema } from './measurement.js';
import { runSchema } from './run.js';

/** By file name in `schemas/`. */
export function jsonSchemas(): Record<string, Record<string, unknown>> {
  return {
    'run.schema.json': { title: 'An eigentrace run (run.json)', ...z.toJSONSchema(runSchema) },
    'measurement.schema.json': { title: 'An eigentrace measurement', ...z.toJSONSchema(measurementSchema) },
  };
}
