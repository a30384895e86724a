// What Cache Storage holds of Python's files: the snapshot, kept here between visits, because a browser leaves eight
// megabytes in peace there; and the copies for offline use that service-worker.js made.
// Called by supply.js, tier.js and download.js. Where storage is blocked or full nothing is kept, and nothing breaks.

const NAME = 'osft-snapshot';

/**
 * @param {string} url Versioned, so that what is found is of the build that asks.
 * @returns {Promise<Response | undefined>}
 */
export async function fromShelf(url) {
  try {
    return await caches.match(url, {cacheName: NAME});
  } catch {
    return undefined;
  }
}

/**
 * Keep a file no longer: it is damaged.
 * @param {string} url
 */
export async function offShelf(url) {
  try {
    await (await caches.open(NAME)).delete(url);
  } catch {
    // Then it is found damaged again at the next visit.
  }
}

/**
 * From the offline copy of any build: the version in the address tells which.
 * @param {string} url
 * @returns {Promise<Response | undefined>}
 */
export async function fromCopy(url) {
  try {
    return await caches.match(url);
  } catch {
    return undefined;
  }
}

/**
 * Keep one file, in the place of all earlier ones.
 * @param {string} url
 * @param {ArrayBuffer} bytes
 */
export async function toShelf(url, bytes) {
  try {
    const shelf = await caches.open(NAME);
    if (await shelf.match(url)) return;
    for (const earlier of await shelf.keys()) await shelf.delete(earlier);
    await shelf.put(url, new Response(bytes, {headers: {'content-type': 'application/octet-stream'}}));
  } catch {
    // The next visit asks the network again.
  }
}
