// What the package costs. Without a mode, `bench.mjs CALLS [CALLERS]`: so many authentications,
// for core/benches/layers.py. Otherwise, of a token source:
//
//   bench.mjs cached   nanoseconds of the CPU's for an awaited token(), and for a cache written
//                      by hand
//   bench.mjs herd     milliseconds until 1,000 callers have the token of an empty source

import { Client, TokenSource } from 'frontegg-token';

const { FRONTEGG_BASE_URL, FRONTEGG_CA_FILE, FRONTEGG_CLIENT_ID, FRONTEGG_SECRET } = process.env;
const client = new Client({ baseUrl: FRONTEGG_BASE_URL, caFile: FRONTEGG_CA_FILE, proxy: 'none' });
const credentials = { clientId: FRONTEGG_CLIENT_ID, secret: FRONTEGG_SECRET };

async function authentications(calls, callers) {
  let left = calls;
  async function caller() {
    while (left-- > 0) await client.authenticate(credentials);
  }
  await Promise.all(Array.from({ length: callers }, caller));
}

/** What a user would write instead. */
class ByHand {
  #token = '';
  #expiresAt = 0;

  async token() {
    if (Date.now() < this.#expiresAt) return this.#token;
    const { accessToken, lifetime } = await client.authenticate(credentials);
    this.#token = accessToken;
    this.#expiresAt = Date.now() + lifetime * 0.8;
    return this.#token;
  }
}

// A loop of its own for each, so that the engine compiles each for itself.
const loopOf = () => new Function('return async (s, n) => { while (n-- > 0) await s.token(); }')();

function microseconds() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function cached() {
  const [rounds, calls] = [15, 1_000_000];
  const measured = [
    ['a cache written by hand', new ByHand()],
    ['TokenSource', new TokenSource(client, credentials)],
  ].map(([name, subject]) => ({ name, subject, loop: loopOf(), nanoseconds: [] }));
  for (const { subject, loop } of measured) await loop(subject, calls);
  for (let round = 0; round < rounds; round++) {
    for (const { subject, loop, nanoseconds } of measured) {
      const start = microseconds();
      await loop(subject, calls);
      nanoseconds.push(((microseconds() - start) / calls) * 1000);
    }
  }
  const [byHand, ours] = measured.map(({ name, nanoseconds }) => {
    const { median, low, high } = spread(nanoseconds);
    console.log(`${name}: ${median.toFixed(1)} ns (${low.toFixed(1)} to ${high.toFixed(1)})`);
    return median;
  });
  console.log(`ratio: ${(ours / byHand).toFixed(2)}`);
}

async function herd() {
  const [rounds, callers] = [15, 1000];
  await authentications(1, 1);
  const milliseconds = [];
  for (let round = 0; round < rounds; round++) {
    const source = new TokenSource(client, credentials);
    const start = performance.now();
    await Promise.all(Array.from({ length: callers }, () => source.token()));
    milliseconds.push(performance.now() - start);
    const { authentications, failures } = source.stats();
    if (authentications !== 1 || failures !== 0) throw new Error('not one authentication');
    source.close();
  }
  const { median, low, high } = spread(milliseconds);
  console.log(`herd: ${median.toFixed(1)} ms (${low.toFixed(1)} to ${high.toFixed(1)})`);
}

function spread(figures) {
  const sorted = figures.toSorted((a, b) => a - b);
  return { median: sorted[sorted.length >> 1], low: sorted[0], high: sorted.at(-1) };
}

const [mode, callers = 1] = process.argv.slice(2);
if (mode === 'cached') await cached();
else if (mode === 'herd') await herd();
else await authentications(Number(mode), Number(callers));
