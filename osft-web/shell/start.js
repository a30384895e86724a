// The first script of every document: Python starts loading before anything else is fetched.
import {kernel} from '../kernel/client.js';

/** @type {any} */ (window).osft = {ready: kernel.start(), kernel};
