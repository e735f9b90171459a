import assert from 'node:assert/strict';
import { getEventListeners, once } from 'node:events';
import { after, test } from 'node:test';
import { Client } from 'frontegg-token';
import { HeldService } from './support/held-service.mjs';

const THREADS = 64;
const credentials = (clientId) => ({ clientId, secret: 'secret' });

async function start() {
  const service = await HeldService.start(after);
  const client = new Client({ baseUrl: service.baseUrl });
  return { service, client };
}

test('a signal that has fired rejects with its reason and sends nothing', async () => {
  const { service, client } = await start();
  const reason = new Error('too late');
  const signal = AbortSignal.abort(reason);
  await assert.rejects(client.authenticate(credentials('a'), { signal }), reason);
  await assert.rejects(client.refresh('token', { signal: AbortSignal.abort() }), {
    name: 'AbortError',
  });
  assert.equal(service.requests.length, 0);
});

test('a signal that fires during the call rejects at once', async () => {
  const { service, client } = await start();
  const controller = new AbortController();
  const call = client.authenticate(credentials('a'), { signal: controller.signal });
  await service.arrived(1);
  controller.abort('enough');
  // The service still has not answered.
  assert.equal(await call.catch((reason) => reason), 'enough');
  // Nor does its late answer reach anybody; the next call gets its own.
  const next = client.authenticate(credentials('b'));
  await service.arrived(2);
  service.release();
  assert.equal((await next).accessToken, 'token of b');
});

test('a time-out works like any signal', async () => {
  const { client } = await start();
  await assert.rejects(client.authenticate(credentials('a'), { signal: AbortSignal.timeout(1) }), {
    name: 'TimeoutError',
  });
});

test('a signal that outlives its calls is left without listeners', async () => {
  const { service, client } = await start();
  const warnings = [];
  process.on('warning', (warning) => warnings.push(warning));
  const { signal } = new AbortController();
  const calls = Array.from({ length: 50 }, () => client.authenticate(credentials('a'), { signal }));
  await service.arrived(50);
  assert.equal(getEventListeners(signal, 'abort').length, 1);
  service.release();
  await Promise.all(calls);
  client.close();
  await assert.rejects(client.authenticate(credentials('a'), { signal }), { code: 'closed' });
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  assert.deepEqual(warnings, []);
});

test('an aborted call that waited for a thread is never made', async () => {
  const { service, client } = await start();
  const first = Array.from({ length: THREADS }, () => client.authenticate(credentials('first')));
  await service.arrived(THREADS);
  const controller = new AbortController();
  const { signal } = controller;
  const aborted = Array.from({ length: 10 }, () =>
    client.authenticate(credentials('aborted'), { signal }).catch((reason) => reason),
  );
  const second = Array.from({ length: THREADS }, () => client.authenticate(credentials('second')));
  controller.abort();
  for (const reason of await Promise.all(aborted)) assert.equal(reason.name, 'AbortError');
  service.release();
  await Promise.all(first);
  // All threads have moved on, past the places of the aborted calls.
  await service.arrived(2 * THREADS);
  service.release();
  await Promise.all(second);
  assert.ok(service.requests.every(({ clientId }) => clientId !== 'aborted'));
});

test('close rejects what is under way, waiting calls too, and sends no more', async () => {
  const { service, client } = await start();
  const calls = Array.from({ length: THREADS + 10 }, () => client.authenticate(credentials('a')));
  const results = Promise.allSettled(calls);
  await service.arrived(THREADS);
  client.close();
  for (const { reason } of await results) assert.equal(reason.code, 'closed');
  const other = new Client({ baseUrl: service.baseUrl });
  const next = other.authenticate(credentials('b'));
  await service.arrived(THREADS + 1);
  assert.equal(service.requests.at(-1).clientId, 'b');
  service.release();
  await next;
});

test('a signal can be shared with other work', async () => {
  const { client } = await start();
  const controller = new AbortController();
  let heard = 0;
  controller.signal.onabort = () => heard++;
  const call = client.authenticate(credentials('a'), { signal: controller.signal });
  const fired = once(controller.signal, 'abort');
  controller.abort();
  await Promise.all([fired, assert.rejects(call)]);
  assert.equal(heard, 1);
});
