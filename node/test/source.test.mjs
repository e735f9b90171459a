import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import { Client, FronteggError, TokenInfo, TokenSource } from 'frontegg-token';
import { advance } from './support/clocks.mjs';
import { CREDENTIALS, OTHER_CREDENTIALS, startEmulator } from './support/emulator.mjs';
import { native } from './support/native.mjs';
import { credentials, held, holding } from './support/sources.mjs';

const emulator = await startEmulator(after);
const client = new Client(emulator.options);
test('10,000 callers on an empty source cost one authentication, at expiry one refresh', async () => {
  const { options, state } = await startEmulator(after);
  const source = new TokenSource(new Client(options), CREDENTIALS);
  const herd = async () => {
    const tokens = await Promise.all(Array.from({ length: 10_000 }, () => source.token()));
    assert.equal(new Set(tokens).size, 1);
    return tokens[0];
  };
  const first = await herd();
  advance(86_400_000);
  assert.equal(source.peek(), undefined);
  assert.notEqual(await herd(), first);
  const { requests } = await state();
  assert.deepEqual(
    requests.map(({ kind }) => kind),
    ['authenticate', 'refresh'],
  );
  const { authentications, refreshes, waits, failures } = source.stats();
  assert.deepEqual(
    { authentications, refreshes, waits, failures },
    { authentications: 1, refreshes: 1, waits: 20_000, failures: 0 },
  );
});

test('a failing service gets one request, and all who wait get one and the same error', async () => {
  const { service, source } = await held(after);
  const calls = Array.from({ length: 10_000 }, () => source.token().catch((error) => error));
  await service.arrived(1);
  service.release({ errors: ['out of order'] }, 503);
  const errors = await Promise.all(calls);
  for (const error of errors) {
    assert.ok(error instanceof FronteggError);
    assert.equal(error.code, 'server_error');
    assert.deepEqual(error.messages, ['out of order']);
  }
  // Who comes next gets it at once.
  await assert.rejects(source.token(), { code: 'server_error' });
  assert.equal(service.requests.length, 1);
});

test('a fresh token is answered without crossing into native code', async (t) => {
  const { source } = await holding(after);
  assert.equal(await source.token(), 'first');
  const methods = Object.getOwnPropertyNames(native.NativeTokenSource.prototype);
  const mocks = methods
    .filter((name) => name !== 'constructor')
    .map((name) => t.mock.method(native.NativeTokenSource.prototype, name));
  assert.ok(mocks.length > 5);
  for (let call = 0; call < 1000; call++) assert.equal(await source.token(), 'first');
  assert.equal(await source.token({ signal: new AbortController().signal }), 'first');
  assert.equal(await source.token({ timeout: 1000 }), 'first');
  for (const { mock } of mocks) assert.equal(mock.callCount(), 0);
});

test('a due token is renewed in the background, once, and serves meanwhile', async (t) => {
  const { service, source, observed } = await holding(after);
  advance(50_000);
  const ask = t.mock.method(native.NativeTokenSource.prototype, 'token');
  for (let call = 0; call < 100; call++) assert.equal(await source.token(), 'first');
  assert.equal(ask.mock.callCount(), 1);
  await service.arrived(2);
  assert.equal(await source.token(), 'first');
  service.release({ access_token: 'second' });
  await observed('refreshed');
  assert.equal(await source.token(), 'second');
  assert.equal(service.requests[1].refreshToken, 'refresh');
});

test('a renewal that fails leaves the token where it is', async () => {
  const { service, source, observed } = await holding(after);
  advance(50_000);
  assert.equal(await source.token(), 'first');
  await service.arrived(2);
  service.release({}, 500);
  // The refresh token is lost: it goes on by authentication.
  await service.arrived(3);
  service.release({}, 500);
  await observed('served_while_failing');
  assert.equal(await source.token(), 'first');
  advance(9_000);
  // Urgent now, and due for another try.
  const last = source.token();
  await service.arrived(4);
  service.release({ access_token: 'second' });
  assert.equal(await last, 'second');
});

test('a token of unknown lifetime is used once', async () => {
  const { service, source } = await held(after);
  for (let call = 1; call <= 2; call++) {
    const token = source.token();
    await service.arrived(call);
    service.release({ access_token: `token ${call}`, expires_in: undefined });
    assert.equal(await token, `token ${call}`);
    assert.equal(source.peek(), undefined);
    assert.equal(source.info(), undefined);
  }
});

test('more validity than is left is worth a wait, more than there can be is refused', async () => {
  const { service, source } = await holding(after);
  assert.equal(await source.token({ minValidity: 50_000 }), 'first');
  advance(20_000);
  const calls = Array.from({ length: 100 }, () => source.token({ minValidity: 50_000 }));
  await service.arrived(2);
  assert.equal(await source.token(), 'first');
  service.release({ access_token: 'second' });
  for (const token of await Promise.all(calls)) assert.equal(token, 'second');
  await assert.rejects(source.token({ minValidity: 3_600_000 }), { code: 'invalid_argument' });
  assert.equal(service.requests.length, 2);
});

test('info tells what is known of the token, and shows it nowhere', async () => {
  const source = new TokenSource(client, CREDENTIALS);
  assert.equal(source.info(), undefined);
  const before = Date.now();
  const token = await source.token();
  const info = source.info();
  assert.ok(info instanceof TokenInfo);
  assert.equal(info.origin, 'authenticate');
  const lives = info.expiresAt.getTime() - before;
  assert.ok(lives >= 86_400_000 && info.expiresAt.getTime() <= Date.now() + 86_400_000);
  const due = (info.renewalDueAt.getTime() - before) / lives;
  assert.ok(due >= 0.69 && due <= 0.81, `${due}`);
  assert.equal(info.claims.sub, CREDENTIALS.clientId);
  assert.equal(info.claims, info.claims);
  const deep = { depth: null, showHidden: true, getters: false, maxStringLength: null };
  for (const value of [source, info, { source, info }]) {
    for (const shown of [inspect(value, deep), String(value), JSON.stringify(value)]) {
      for (const secret of [token, CREDENTIALS.secret]) assert.ok(!shown.includes(secret), shown);
    }
  }
});

test('invalidate drops the current token, and no other', async () => {
  const { service, source } = await holding(after);
  assert.equal(source.invalidate('another'), false);
  assert.equal(await source.token(), 'first');
  assert.equal(source.invalidate('first'), true);
  assert.equal(source.peek(), undefined);
  assert.equal(source.invalidate('first'), false);
  const calls = Promise.all([source.token(), source.token()]);
  await service.arrived(2);
  service.release({ access_token: 'second' });
  assert.deepEqual(await calls, ['second', 'second']);
  assert.equal(source.invalidate('first'), false);
  assert.equal(await source.token(), 'second');
});

test('a token that is dropped on its way to the callers does not reach them', async () => {
  const { service, source } = await holding(after);
  source.invalidate('first');
  const call = source.token();
  await service.arrived(2);
  service.release({ access_token: 'second' });
  // Without a turn of the event loop, which would bring it.
  for (let look = 0; look < 1e6 && source.peek() !== 'second'; look++);
  assert.equal(source.peek(), 'second');
  source.setCredentials({ clientId: 'b', secret: 'secret' });
  await service.arrived(3);
  service.release();
  assert.equal(await call, 'token of b');
});

test('other credentials take over, and a rejection of the old ones is forgotten', async () => {
  const source = new TokenSource(client, { ...CREDENTIALS, secret: 'wrong' });
  await assert.rejects(source.token(), { code: 'invalid_credentials' });
  source.setCredentials(CREDENTIALS);
  const token = await source.token();
  source.setCredentials(CREDENTIALS);
  assert.equal(await source.token(), token);
  source.setCredentials(OTHER_CREDENTIALS);
  assert.equal(source.peek(), undefined);
  await source.token();
  assert.equal(source.info().claims.sub, OTHER_CREDENTIALS.clientId);
});

test('close rejects those who wait at once, and all who follow', async () => {
  const { service, source } = await held(after);
  const calls = Promise.allSettled(Array.from({ length: 100 }, () => source.token()));
  await service.arrived(1);
  source.close();
  for (const { reason } of await calls) assert.equal(reason.code, 'closed');
  await assert.rejects(source.token(), { name: 'FronteggError', code: 'closed', number: 3 });
  source.close();

  const { source: other } = await holding(after);
  other[Symbol.dispose]();
  assert.equal(other.peek(), undefined);
  assert.equal(other.info(), undefined);
  await assert.rejects(other.token(), { code: 'closed' });
});

test('the API token can come from the environment, settings beside it', async () => {
  const set = {
    FRONTEGG_BASE_URL: emulator.options.baseUrl,
    FRONTEGG_CLIENT_ID: CREDENTIALS.clientId,
    FRONTEGG_SECRET: CREDENTIALS.secret,
  };
  Object.assign(process.env, set);
  try {
    const { caFile } = emulator.options;
    const source = TokenSource.fromEnv({ policy: 'refresh_first', client: { caFile } });
    await source.token();
    assert.equal(source.info().claims.sub, CREDENTIALS.clientId);
    delete process.env.FRONTEGG_SECRET;
    assert.throws(() => TokenSource.fromEnv(), {
      code: 'invalid_argument',
      message: /FRONTEGG_SECRET/,
    });
  } finally {
    for (const name of Object.keys(set)) delete process.env[name];
  }
  assert.throws(() => TokenSource.fromEnv(), { code: 'invalid_argument' });
});

test('an observer is told, with the errors that calls get, in the turn after them', async () => {
  const events = [];
  let told = () => {};
  const { service, source } = await held(after, {
    observer: (event) => {
      events.push(event);
      told();
    },
  });
  const call = source.token();
  await service.arrived(1);
  service.release({ errors: ['out of order'] }, 503);
  const error = await call.catch((error) => error);
  while (events.length < 1) await new Promise((resolve) => (told = resolve));
  assert.deepEqual(Object.keys(events[0]), ['kind', 'generation', 'error']);
  assert.equal(events[0].kind, 'failed');
  assert.equal(events[0].generation, 0);
  assert.ok(events[0].error instanceof FronteggError);
  assert.deepEqual(events[0].error.messages, error.messages);
  await assert.rejects(source.token(), { code: 'server_error' });
  while (events.length < 2) await new Promise((resolve) => (told = resolve));
  assert.equal(events[1].kind, 'throttled');
  source.setCredentials(credentials);
  const next = source.token();
  await service.arrived(2);
  service.release();
  await next;
  while (events.length < 3) await new Promise((resolve) => (told = resolve));
  assert.deepEqual(events[2], { kind: 'authenticated', generation: 1 });
});

test('what an observer throws is an uncaught exception, and in no caller’s way', async () => {
  const thrown = new Error('from the observer');
  const { service, source } = await held(after, {
    observer: () => {
      throw thrown;
    },
  });
  const uncaught = new Promise((resolve) => process.setUncaughtExceptionCaptureCallback(resolve));
  try {
    const call = source.token();
    await service.arrived(1);
    service.release();
    assert.equal(await call, 'token of a');
    assert.equal(await uncaught, thrown);
  } finally {
    process.setUncaughtExceptionCaptureCallback(null);
  }
  assert.equal(await source.token(), 'token of a');
});

test('a deadline of its own ends a renewal', async () => {
  const { service, source } = await held(after, { deadline: 1 });
  await assert.rejects(source.token(), { code: 'timeout' });
  assert.ok(service.requests.length <= 1);
});

test('bad settings are refused, and their values not repeated', () => {
  const planted = 'planted';
  for (const [from, options] of [
    [client, undefined],
    [client, {}],
    [client, { clientId: 'id' }],
    [client, { clientId: planted, secret: '' }],
    [client, { clientId: planted, secret: 7 }],
    [client, { ...credentials, nonsense: planted }],
    [client, { ...credentials, renewalWindow: [0.5] }],
    [client, { ...credentials, renewalWindow: [0.5, '0.6'] }],
    [client, { ...credentials, renewalWindow: [0.9, 0.5] }],
    [client, { ...credentials, renewalWindow: [0, Number.NaN] }],
    [client, { ...credentials, renewalWindow: planted }],
    [client, { ...credentials, policy: planted }],
    [client, { ...credentials, policy: 1 }],
    [client, { ...credentials, deadline: 0 }],
    [client, { ...credentials, deadline: -1 }],
    [client, { ...credentials, observer: planted }],
    [{}, credentials],
    [undefined, credentials],
  ]) {
    assert.throws(
      () => new TokenSource(from, options),
      (error) => {
        assert.ok(error instanceof FronteggError, inspect(options));
        assert.equal(error.code, 'invalid_argument', inspect(options));
        assert.doesNotMatch(error.message, /planted/);
        return true;
      },
    );
  }
  assert.throws(() => TokenSource.fromEnv({ clientId: 'id' }), { code: 'invalid_argument' });
  assert.throws(() => TokenSource.fromEnv({ client: 7 }), { code: 'invalid_argument' });
});

test('bad arguments of token reject and never throw, those of other methods throw', async () => {
  const { service, source } = await held(after);
  for (const options of [
    null,
    7,
    { minValidity: -1 },
    { minValidity: '5' },
    { minValidity: Number.POSITIVE_INFINITY },
    { timeout: Number.NaN },
    { timeout: 'soon' },
    { signal: {} },
    { minvalidity: 5 },
  ]) {
    const promise = source.token(options);
    await assert.rejects(promise, { name: 'FronteggError', code: 'invalid_argument' });
  }
  for (const call of [
    () => source.invalidate(),
    () => source.setCredentials(),
    () => source.setCredentials({ clientId: 'a', secret: '' }),
  ]) {
    assert.throws(call, { name: 'FronteggError', code: 'invalid_argument' });
  }
  assert.equal(service.requests.length, 0);
});

test('a panic on purpose comes out as internal, and the next caller leads', async () => {
  process.env.RUST_BACKTRACE = '0';
  const source = new TokenSource(client, { clientId: 'panic-on-purpose', secret: 'x' });
  await assert.rejects(source.token(), { code: 'internal', number: 2 });
  source.setCredentials(CREDENTIALS);
  await source.token();
});
