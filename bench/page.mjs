/* global document, requestAnimationFrame, setTimeout, MutationObserver, Event -- some of it runs in the page */
// Claim: 154 checkpoints × 33 layers: the page's first chart is there in less than 1 s, and its slider moves at 30 frames a second.
// In a real Chromium; of a run of formulas (test/web/story-fixture.ts), as a report's file and from a server.
// usage: npm run build && node bench/page.mjs [checkpoints] [layers] [times]
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';

const [checkpoints = 154, layers = 33, times = 7] = process.argv.slice(2).map(Number);
const root = fileURLToPath(new URL('..', import.meta.url));
const vite = await createServer({
  ...{ root, configFile: false, logLevel: 'error', appType: 'custom' },
  server: { middlewareMode: true, watch: null, ws: false },
  optimizeDeps: { noDiscovery: true },
});
const load = (path) => vite.ssrLoadModule(`/test/web/${path}`);
const { launch, reportFile } = await load('browser.ts');
const { LiveServer } = await load('live-server.ts');
const { fixtureSeries, fixtureSpectra, fixtureStory } = await load('story-fixture.ts');

const series = fixtureSeries({ checkpoints, layers });
const story = fixtureStory([series]);
const file = await reportFile(story, [fixtureSpectra(series, 'final')]);
const server = new LiveServer(story);
const address = await server.start();
const browser = await launch();

const sorted = (values) => [...values].sort((a, b) => a - b);
const at = (values, share) => sorted(values)[Math.round(share * (values.length - 1))];
const ms = (value) => `${value.toFixed(0)} ms`;

/** Notes when the first chart, and when every chart, has been painted: in a frame after it stands in the page. */
function watch() {
  const times = (globalThis.chartTimes = { first: null, all: null });
  const look = () => {
    const charts = [...document.querySelectorAll('[data-chart]')];
    const drawn = charts.filter((chart) => chart.querySelector('.drawing svg'));
    const paint = (name) => requestAnimationFrame(() => setTimeout(() => (times[name] ??= performance.now())));
    if (drawn.length > 0) paint('first');
    if (charts.length > 5 && drawn.length === charts.length) paint('all');
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true });
}

/** The slider from one end to the other, a step a frame; milliseconds between frames. */
async function slide() {
  const slider = document.querySelector('.player input');
  const frame = () => new Promise(requestAnimationFrame);
  const between = [];
  await frame();
  let before = await frame();
  for (let i = 0; i <= Number(slider.max); i++) {
    slider.value = String(i);
    slider.dispatchEvent(new Event('input', { bubbles: true }));
    const now = await frame();
    between.push(now - before);
    before = now;
  }
  return between;
}

for (const [name, url] of [
  ['report', file],
  ['live', address],
]) {
  const [first, all, frames] = [[], [], []];
  for (let i = 0; i < times; i++) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    await page.addInitScript(watch);
    await page.goto(url);
    await page.waitForFunction(() => globalThis.chartTimes.all !== null);
    const found = await page.evaluate(() => globalThis.chartTimes);
    first.push(found.first);
    all.push(found.all);
    await page.waitForTimeout(500);
    frames.push(...(await page.evaluate(slide)));
    await context.close();
  }
  const rate = 1000 / (frames.reduce((sum, x) => sum + x, 0) / frames.length);
  const slow = frames.filter((x) => x > 1000 / 30 + 1).length / frames.length;
  console.log(
    `${name}, ${checkpoints} × ${layers}: first chart ${ms(at(first, 0.5))} after opening (worst of ${times}: ${ms(at(first, 1))}; claim < 1000), ` +
      `all charts ${ms(at(all, 0.5))}; slider ${rate.toFixed(0)} frames a second (95 % of frames within ${ms(at(frames, 0.95))}, ` +
      `${(100 * slow).toFixed(1)} % slower than 30 a second; claim 30)`,
  );
}
await browser.close();
await server.stop();
await vite.close();
