// Gets an access token with an API token, renews it, and shows what a refresh token that was
// used before looks like.
//
//   FRONTEGG_BASE_URL=https://acme.frontegg.com FRONTEGG_CLIENT_ID=… FRONTEGG_SECRET=… \
//     node example.mjs

import { Client, FronteggError } from 'frontegg-token';

const { FRONTEGG_CLIENT_ID: clientId, FRONTEGG_SECRET: secret } = process.env;

// One client for the whole program: it keeps connections open. `fromEnv` reads the base URL;
// the certificates are the system's unless a file names others.
const client = Client.fromEnv({ caFile: process.env.FRONTEGG_CA_FILE });

// The client id and secret are exchanged for an access token, to be sent to the API as
// `Authorization: Bearer …`, and a refresh token.
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

/** Enough of a token to recognise it, too little to use it. */
function masked(token) {
  return `${token.slice(0, 6)}…`;
}

/** The lifetime is in milliseconds, as times are in JavaScript. */
function seconds({ lifetime }) {
  return lifetime / 1000;
}
