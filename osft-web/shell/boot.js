// Brings a document to life: status, theme button, links and the page itself. Put into the document by start.js.
import {kernel} from '../kernel/client.js';
import {startRouter} from './router.js';
import {wireStatus} from './status.js';
import {wireTheme} from './theme.js';

// From here on what fails is told by the shell; before, by the script in the document.
document.documentElement.dataset.shell = 'on';
wireStatus();
const toggle = document.getElementById('theme-toggle');
if (toggle) wireTheme(toggle);
startRouter();
/** Milliseconds that a reader has the machine to himself before a copy for offline use is made. */
const SETTLED = 3000;
const settled = kernel.ready.then(() => new Promise((resolve) => setTimeout(resolve, SETTLED)));
// A reader who asks that all that was kept be removed need not wait for Python, which may be what does not come.
(new URLSearchParams(location.search).has('nosw') ? Promise.resolve() : settled)
  .then(() => import('./offline.js').catch(() => null)) // without it the site works as long as there is a network
  .then((offline) => offline?.startOffline());
