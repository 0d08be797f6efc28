// Writes the JSON Schemas that the package publishes, from the code just built.
import { mkdirSync, writeFileSync } from 'node:fs';
import { jsonSchemas } from '../dist/record/index.js';

const folder = new URL('../schemas/', import.meta.url);
mkdirSync(folder, { recursive: true });
for (const [name, schema] of Object.entries(jsonSchemas())) {
  writeFileSync(new URL(name, folder), `${JSON.stringify(schema, null, 2)}\n`);
}
