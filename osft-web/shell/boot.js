// Brings a document to life: theme, status, embedding, links and the page itself.
import {applyEmbed} from './embed.js';
import {startOffline} from './offline.js';
import {startRouter} from './router.js';
import {wireStatus} from './status.js';
import {applyTheme, wireTheme} from './theme.js';

// From here on what fails is told by the shell; before, by the script in the document.
document.documentElement.dataset.shell = 'on';
applyTheme();
applyEmbed();
wireStatus();
const toggle = document.getElementById('theme-toggle');
if (toggle) wireTheme(toggle);
startRouter();
startOffline();
