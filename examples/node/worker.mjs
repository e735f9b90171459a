// A worker of a fleet, which shares its token with all others through Redis or Valkey. It reads
// a job a line, and calls an API for each.
//
//   FRONTEGG_BASE_URL=https://acme.frontegg.com FRONTEGG_CLIENT_ID=… FRONTEGG_SECRET=… \
//     FRONTEGG_TOKEN_STORE=rediss://user:password@cache.example.com:6379/0 node worker.mjs

import { createInterface } from 'node:readline';
import { TokenSource } from 'frontegg-token';

const source = TokenSource.fromEnv({ client: { caFile: process.env.FRONTEGG_CA_FILE } });

for await (const job of createInterface({ input: process.stdin })) {
  // From memory, but for the first time and when it is due: then whoever has the lease of the
  // store renews it for all.
  let token = await source.token();
  // Here the worker calls the API, which may have revoked the token meanwhile.
  if (job === 'answered 401') {
    source.invalidate(token);
    token = await source.token();
  }
  // Its end tells it from others. Never print a whole token.
  console.log(`…${token.slice(-6)} by ${source.info()?.origin ?? 'unknown'}`);
}
source.close();
