/** Starts the page: in a report on the data it holds, else on those of the server it came from. */
import { render } from 'preact';
import 'virtual:tokens.css';
import './styles/page.css';
import './styles/head.css';
import './styles/chart.css';
import './styles/parts.css';
import './styles/findings.css';
import './styles/print.css';
import { App } from './app.js';
import { embeddedSource } from './data/embedded.js';
import { liveSource } from './data/live.js';
import { keepSpectra } from './data/spectra.js';
import { keepTheme } from './state/theme.js';
import { keepViewInUrl } from './state/url.js';

const source = embeddedSource() ?? liveSource();
keepTheme();
keepViewInUrl(source.kind === 'report' ? 'hash' : 'query');
source.start();
keepSpectra(source);

const host = document.getElementById('page') ?? document.body.appendChild(document.createElement('div'));
host.id = 'page';
// A report shows its findings and a picture before this script runs.
host.replaceChildren();
render(<App source={source} />, host);
