// Builds web/ into dist/web: report.js (one classic script, which the report embeds and the server sends), style.css and
// the server's index.html. Nothing in them points outside.
import { copyFileSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { declarations } from '../dist/charts/theme.js';

const folder = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const { version } = JSON.parse(readFileSync(folder('package.json'), 'utf8'));

/** The charts' colours as CSS: light, dark, and light on paper whatever is chosen. */
const tokens = {
  name: 'tokens',
  resolveId: (id) => (id === 'virtual:tokens.css' ? '\0virtual:tokens.css' : null),
  load: (id) =>
    id === '\0virtual:tokens.css'
      ? `:root { ${declarations('light')} }
         @media screen { :root[data-scheme='dark'] { ${declarations('dark')} } }`
      : null,
};

await build({
  configFile: false,
  root: folder('web'),
  logLevel: 'warn',
  publicDir: false,
  plugins: [tokens],
  define: { __EIGENTRACE_VERSION__: JSON.stringify(version) },
  // The classic JSX transform would need an import in each file.
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: folder('dist/web'),
    emptyOutDir: true,
    target: 'es2022',
    cssCodeSplit: false,
    modulePreload: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: folder('web/src/main.tsx'),
      output: {
        format: 'iife',
        entryFileNames: 'report.js',
        assetFileNames: (asset) =>
          asset.names.some((name) => name.endsWith('.css')) ? 'style.css' : '[name][extname]',
      },
    },
  },
});
rmSync(folder('dist/web/.vite'), { recursive: true, force: true });
copyFileSync(folder('web/index.html'), folder('dist/web/index.html'));
