import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import { runInNewContext } from 'node:vm';
import { Client, FronteggError, TokenSet, TokenSource } from 'frontegg-token';
import { CREDENTIALS, startEmulator } from './support/emulator.mjs';

const emulator = await startEmulator(after);
const client = new Client(emulator.options);

test('an authentication answers a token set with all its facts', async () => {
  const before = Date.now();
  const tokens = await client.authenticate(CREDENTIALS);
  assert.ok(tokens instanceof TokenSet);
  assert.equal(tokens.accessToken.split('.').length, 3);
  assert.equal(typeof tokens.refreshToken, 'string');
  assert.equal(tokens.lifetime, 86_400_000);
  assert.match(tokens.expires, / GMT$/);
  assert.match(tokens.traceId, /^[0-9a-f]{32}$/);
  assert.ok(tokens.receivedAt instanceof Date);
  assert.ok(tokens.receivedAt.getTime() >= before && tokens.receivedAt.getTime() <= Date.now());
  assert.equal(tokens.claims.sub, CREDENTIALS.clientId);
  assert.equal(tokens.claims.type, 'tenantApiToken');
  assert.equal(tokens.claims, tokens.claims);
});

test('a refresh consumes its token', async () => {
  const { refreshToken } = await client.authenticate(CREDENTIALS);
  const renewed = await client.refresh(refreshToken);
  assert.notEqual(renewed.refreshToken, refreshToken);
  await assert.rejects(client.refresh(refreshToken), {
    name: 'FronteggError',
    code: 'refresh_rejected',
    number: 21,
    httpStatus: 401,
    messages: ['Refresh token is not valid'],
    attempts: 1,
    retryable: false,
  });
});

test('what is missing or unreadable in an answer is undefined', async () => {
  await emulator.fault({
    on: 'authenticate',
    action: { respond: { status: 200, body: JSON.stringify({ access_token: 'opaque' }) } },
  });
  const tokens = await client.authenticate(CREDENTIALS);
  assert.equal(tokens.accessToken, 'opaque');
  for (const name of ['refreshToken', 'lifetime', 'expires', 'claims']) {
    assert.equal(tokens[name], undefined, name);
  }
});

test('an error carries the facts, and a stack that leads to the caller', async () => {
  await emulator.fault({
    on: 'authenticate',
    action: {
      respond: {
        status: 429,
        headers: { 'retry-after': '120' },
        body: JSON.stringify({ errors: ['slow down'], errorCode: 'ER-01183' }),
      },
    },
  });
  async function theCaller() {
    await client.authenticate(CREDENTIALS);
  }
  const error = await theCaller().catch((error) => error);
  assert.ok(error instanceof FronteggError && error instanceof Error);
  assert.equal(error.code, 'rate_limited');
  assert.equal(error.retryAfter, 120_000);
  assert.equal(error.errorCode, 'ER-01183');
  assert.deepEqual(error.messages, ['slow down']);
  assert.equal(error.retryable, true);
  assert.match(error.stack, /theCaller/);
});

test('both module systems share one implementation', () => {
  const required = createRequire(import.meta.url)('frontegg-token');
  assert.equal(required.Client, Client);
  assert.equal(required.FronteggError, FronteggError);
  assert.equal(required.TokenSource, TokenSource);
});

test('the endpoint can come from the environment, other settings beside it', async () => {
  process.env.FRONTEGG_BASE_URL = emulator.options.baseUrl;
  try {
    const fromEnv = Client.fromEnv({ caFile: emulator.options.caFile, userAgentSuffix: 'test/1' });
    assert.equal(fromEnv.baseUrl, client.baseUrl);
    await fromEnv.authenticate(CREDENTIALS);
  } finally {
    delete process.env.FRONTEGG_BASE_URL;
  }
  assert.throws(() => Client.fromEnv(), { code: 'invalid_argument', message: /FRONTEGG_DOMAIN/ });
});

test('settings reach the service', async () => {
  const { baseUrl, caFile } = emulator.options;
  const other = new Client({
    baseUrl,
    caPem: readFileSync(caFile),
    proxy: 'none',
    vendorHost: 'acme.example',
    headers: { 'x-gateway': 'open' },
    userAgentSuffix: 'test/2',
    connectTimeout: 5000,
    attemptTimeout: 5000,
    deadline: 5000.5,
    retry: { maxAttempts: 2, baseDelay: 1, maxDelay: 2 },
  });
  await emulator.fault({ on: 'refresh', times: 2, action: { respond: { status: 429 } } });
  await assert.rejects(other.refresh('none'), { code: 'rate_limited', attempts: 2 });
  const { requests } = await emulator.state();
  const { headers } = requests.findLast((request) => request.kind === 'refresh');
  assert.equal(headers['frontegg-vendor-host'], 'acme.example');
  assert.equal(headers['x-gateway'], 'open');
  assert.match(headers['user-agent'], /^frontegg-token\/\S+ test\/2$/);
});

test('objects of another realm are as good', async () => {
  const signal = Object.create(new EventTarget(), {
    aborted: { value: true },
    reason: { value: 7 },
  });
  assert.equal(await client.refresh('token', { signal }).catch((reason) => reason), 7);
  const pem = readFileSync(emulator.options.caFile);
  const caPem = runInNewContext('new Uint8Array(bytes)', { bytes: [...pem] });
  const other = new Client({ baseUrl: emulator.options.baseUrl, caPem });
  await other.authenticate(CREDENTIALS);
});

test('bad settings are refused, and their values not repeated', () => {
  const baseUrl = 'https://127.0.0.1';
  const planted = 'planted';
  for (const options of [
    undefined,
    null,
    'us',
    {},
    { region: 'us', domain: 'acme' },
    { region: 'mars' },
    { region: 7 },
    { baseUrl, nonsense: planted },
    { baseUrl, toString: planted },
    { baseUrl, connectTimeout: '5' },
    { baseUrl, connectTimeout: -1 },
    { baseUrl, attemptTimeout: Number.NaN },
    { baseUrl, deadline: Number.POSITIVE_INFINITY },
    { baseUrl, deadline: 0 },
    { baseUrl, retry: 3 },
    { baseUrl, retry: { maxAttempts: 1.5 } },
    { baseUrl, retry: { maxAttempts: 0 } },
    { baseUrl, retry: { attempts: 3 } },
    { baseUrl, proxy: 'ftp://user:planted@host' },
    { baseUrl, roots: 'mine' },
    { baseUrl, roots: 'bundled', caPem: planted },
    { baseUrl, caPem: planted },
    { baseUrl, caFile: '/there/is/no/such/file' },
    { baseUrl, clientCertificate: { chain: planted } },
    { baseUrl, clientCertificate: { chain: planted, key: planted } },
    { baseUrl, headers: { 'x-a': 1 } },
    { baseUrl, headers: { 'x-a': 'planted\n' } },
    { baseUrl, headers: { host: planted } },
    { baseUrl, bearer: 'planted planted' },
    { baseUrl, bearer: '\ud800' },
    { baseUrl: 'http://service.example' },
  ]) {
    assert.throws(
      () => new Client(options),
      (error) => {
        assert.ok(error instanceof FronteggError, inspect(options));
        assert.equal(error.code, 'invalid_argument', inspect(options));
        assert.doesNotMatch(inspect(error, { showHidden: true }).split('\n')[0], /planted/);
        return true;
      },
    );
  }
});

test('bad arguments reject and never throw', async () => {
  for (const call of [
    () => client.authenticate(),
    () => client.authenticate('id', 'secret'),
    () => client.authenticate({ clientId: 'id' }),
    () => client.authenticate({ clientId: 'id', secret: 5 }),
    () => client.authenticate({ clientId: '', secret: 'secret' }),
    () => client.authenticate({ clientId: 'id', secret: 'a\udc00' }),
    () => client.refresh(),
    () => client.refresh(''),
    () => client.refresh('token', 'signal'),
    () => client.refresh('token', { signal: {} }),
  ]) {
    const promise = call();
    await assert.rejects(promise, { name: 'FronteggError', code: 'invalid_argument' });
  }
});

test('no output shows a secret or a token', async () => {
  const planted = new Client({
    ...emulator.options,
    bearer: 'planted-bearer',
    headers: { 'x-key': 'planted-header' },
    proxy: 'none',
  });
  const tokens = await planted.authenticate(CREDENTIALS);
  const error = await planted
    .authenticate({ clientId: 'planted-id', secret: 'planted-secret' })
    .catch((error) => error);
  assert.equal(error.code, 'invalid_credentials');
  const secrets = ['planted', tokens.accessToken, tokens.refreshToken];
  for (const value of [planted, tokens, error, { nested: { planted, tokens, error } }]) {
    const deep = { depth: null, showHidden: true, getters: true, maxStringLength: null };
    const shown = [
      // The property names above are the test's own.
      inspect(value, deep).replaceAll('planted: Client', ''),
      String(value),
      (JSON.stringify(value) ?? '').replaceAll('"planted":', ''),
    ].join('\n');
    for (const secret of secrets) assert.ok(!shown.includes(secret), shown);
  }
});

test('a closed client refuses calls, and closing again does nothing', async () => {
  const closed = new Client(emulator.options);
  closed.close();
  closed.close();
  await assert.rejects(closed.authenticate(CREDENTIALS), { code: 'closed', number: 3 });
  const disposed = new Client(emulator.options);
  disposed[Symbol.dispose]();
  await assert.rejects(disposed.refresh('token'), { code: 'closed' });
});

test('a panic on purpose comes out as internal', async () => {
  const purpose = 'panic-on-purpose';
  process.env.RUST_BACKTRACE = '0';
  await assert.rejects(client.authenticate({ clientId: purpose, secret: 'x' }), {
    name: 'FronteggError',
    code: 'internal',
    number: 2,
  });
  await assert.rejects(client.refresh(purpose), { code: 'internal' });
  await client.authenticate(CREDENTIALS);
});
