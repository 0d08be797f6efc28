// The models that benches share: made once under bench/.cache (git-ignored) by make-model.mjs.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export function benchModel(shape, dtype, family = 'gpt_neox') {
  const name = family === 'gpt_neox' ? `${shape}-${dtype}` : `${family}-${shape}-${dtype}`;
  const folder = fileURLToPath(new URL(`.cache/${name}`, import.meta.url));
  if (!existsSync(`${folder}/config.json`)) {
    const script = fileURLToPath(new URL('make-model.mjs', import.meta.url));
    const { status } = spawnSync(
      process.execPath,
      [script, folder, '--family', family, '--shape', shape, '--dtype', dtype],
      {
        stdio: 'inherit',
      },
    );
    if (status !== 0) process.exit(1);
  }
  return folder;
}
