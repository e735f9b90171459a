// Keeps a valid access token at hand, has it renewed once an API rejects it, and then makes by
// hand the two calls of the service that this comes down to.
//
//   FRONTEGG_BASE_URL=https://acme.frontegg.com FRONTEGG_CLIENT_ID=… FRONTEGG_SECRET=… \
//     node example.mjs

import { Client, FronteggError, TokenSource } from 'frontegg-token';

const { FRONTEGG_CLIENT_ID: clientId, FRONTEGG_SECRET: secret } = process.env;

// One client for the whole program: it keeps connections open. `fromEnv` reads the base URL;
// the certificates are the system's unless a file names others.
const client = Client.fromEnv({ caFile: process.env.FRONTEGG_CA_FILE });

// One source for each API token: it answers a valid access token, to be sent to the API as
// `Authorization: Bearer …`, and renews it before it expires.
const source = new TokenSource(client, { clientId, secret });
const token = await source.token();
console.log(`token: ${about(token)}`);
console.log(`the same token again: ${(await source.token()) === token ? 'yes' : 'no'}`);

// An API answered 401 to it, so it is renewed before its time.
source.invalidate(token);
console.log(`after a 401 elsewhere: ${about(await source.token())}`);

const { authentications, refreshes, failures } = source.stats();
console.log(`stats: ${authentications} authentication, ${refreshes} refresh, ${failures} failures`);
source.close();

// What a source does, by hand. The client id and secret are exchanged for an access token and a
// refresh token.
const tokens = await client.authenticate({ clientId, secret });
// The claims are what the token says of itself. Nobody has verified them here: show them, but
// decide nothing by them.
const { sub, tenantId, type } = tokens.claims;
console.log(
  `authenticated: ${masked(tokens.accessToken)} lives ${seconds(tokens)} s, ` +
    `sub ${sub}, tenant ${tenantId}, type ${type}`,
);

// A refresh token is exchanged for the next pair, once.
const renewed = await client.refresh(tokens.refreshToken);
console.log(`refreshed: ${masked(renewed.accessToken)} lives ${seconds(renewed)} s`);

// The second time it is rejected. Every failure is a `FronteggError`, told apart by its code;
// the way on from this one is to authenticate again.
try {
  await client.refresh(tokens.refreshToken);
} catch (error) {
  if (!(error instanceof FronteggError) || error.code !== 'refresh_rejected') throw error;
  const { code, message, traceId } = error;
  console.log(`consumed refresh token: ${code}: ${message}, trace ${traceId}`);
}

// Closes the connections. A program that is about to end need not do it.
client.close();

/** What the source knows of its token. */
function about(token) {
  const { origin, expiresAt } = source.info();
  const lives = Math.round((expiresAt.getTime() - Date.now()) / 1000);
  return `${masked(token)} by ${origin}, lives ${lives} s`;
}

/** Enough of a token to recognise it, too little to use it. */
function masked(token) {
  return `${token.slice(0, 6)}…`;
}

/** The lifetime is in milliseconds, as times are in JavaScript. */
function seconds({ lifetime }) {
  return lifetime / 1000;
}
