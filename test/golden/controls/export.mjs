// What make_controls.py measures: the permuted ids of the sample's passages, and the weights that random-init draws.
//   node export.mjs DIR          (after npm run build; writes ids.jsonl and model/)
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openCheckpoint } from '../../../dist/checkpoints/index.js';
import { openTokenizer, permuteTokens, selectSequences, specialTokensOf } from '../../../dist/corpus/index.js';
import { encodeSafetensors } from '../../../dist/bytes/index.js';
import { Model } from '../../../dist/models/index.js';
import { drawTensor } from '../../../dist/trace/random-init.js';

const out = process.argv[2];
const series = fileURLToPath(new URL('../../../sample/series', import.meta.url));
mkdirSync(`${out}/model`, { recursive: true });
const tokenizer = await openTokenizer(`${series}/tokenizer.json`, `${series}/tokenizer_config.json`);
const filter = { corpus: 'sample:', field: 'text', sequences: 1500, minTokens: 0, maxTokens: 128, seed: null, rows: null };
const sequences = await selectSequences({ ...filter, tokenizer, cacheFolder: null });
const permuted = permuteTokens(sequences, 0, specialTokensOf(tokenizer));
const lines = (ids) => ids.map((each) => `${JSON.stringify([...each])}\n`).join('');
writeFileSync(`${out}/ids.jsonl`, lines(sequences.ids));
writeFileSync(`${out}/permuted.jsonl`, lines(permuted.ids));
writeFileSync(`${out}/permuted.sha256`, permuted.sha256);

const checkpoint = await openCheckpoint(`${series}/step0`);
const model = Model.read(checkpoint);
const tensors = model.tensors.map(({ name, shape }) => {
  const data = Float32Array.from([...drawTensor(model.initialisation(), 0, name, shape)].flatMap((chunk) => [...chunk]));
  return { name, dtype: 'F32', shape, data };
});
writeFileSync(`${out}/model/model.safetensors`, Buffer.concat(encodeSafetensors(tensors, { format: 'pt' })));
copyFileSync(`${series}/step0/config.json`, `${out}/model/config.json`);
