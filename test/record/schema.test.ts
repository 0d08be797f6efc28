import { describe, expect, it } from 'vitest';
import { jsonSchemas } from '../../src/record/index.js';

interface JsonSchema {
  type?: string;
  required?: string[];
  properties?: Record<string, JsonSchema>;
  additionalProperties?: unknown;
  const?: unknown;
}

describe('jsonSchemas', () => {
  const { 'run.schema.json': run, 'measurement.schema.json': measurement } = jsonSchemas() as Record<
    string,
    JsonSchema
  >;

  it('describe a finding', () => {
    const finding = jsonSchemas()['finding.schema.json'] as JsonSchema;
    expect(finding.properties!['format']!.const).toBe('eigentrace.finding');
    expect(finding.required).toEqual(expect.arrayContaining(['kind', 'values', 'key', 'provenance', 'values_sha256']));
  });

  it('describe both files, open to keys of later versions', () => {
    expect(run!.properties!['format']!.const).toBe('eigentrace.run');
    expect(run!.required).toEqual(['format', 'version', 'requests', 'failures']);
    expect(measurement!.properties!['version']!.const).toBe(1);
    expect(measurement!.required).toEqual(expect.arrayContaining(['layers', 'key', 'provenance', 'figures_sha256']));
    for (const schema of [run!, measurement!]) expect(schema.additionalProperties).toEqual({});
    expect(measurement!.properties!['layers']).toMatchObject({
      additionalProperties: { additionalProperties: { type: ['number', 'null'] } },
    });
  });
});
