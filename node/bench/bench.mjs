// `bench.mjs CALLS [CALLERS]`: so many authentications, for core/benches/layers.py.

import { Client } from 'frontegg-token';

const [calls, callers = 1] = process.argv.slice(2).map(Number);
const { FRONTEGG_BASE_URL, FRONTEGG_CA_FILE, FRONTEGG_CLIENT_ID, FRONTEGG_SECRET } = process.env;
const client = new Client({ baseUrl: FRONTEGG_BASE_URL, caFile: FRONTEGG_CA_FILE, proxy: 'none' });
const credentials = { clientId: FRONTEGG_CLIENT_ID, secret: FRONTEGG_SECRET };

let left = calls;
async function caller() {
  while (left-- > 0) await client.authenticate(credentials);
}
await Promise.all(Array.from({ length: callers }, caller));
