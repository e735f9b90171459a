import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { after, test } from 'node:test';
import { advance } from './support/clocks.mjs';
import { held, holding } from './support/sources.mjs';

test('a signal that has fired rejects with its reason and starts nothing', async () => {
  const { service, source } = await held(after);
  const reason = new Error('too late');
  await assert.rejects(source.token({ signal: AbortSignal.abort(reason) }), reason);
  assert.equal(service.requests.length, 0);
  const { source: other } = await holding(after);
  await assert.rejects(other.token({ signal: AbortSignal.abort() }), { name: 'AbortError' });
});

test('a signal that fires during the wait rejects at once, and disturbs nobody', async () => {
  const { service, source } = await held(after);
  const controller = new AbortController();
  const { signal } = controller;
  const aborted = Array.from({ length: 50 }, () => source.token({ signal }));
  const other = source.token();
  assert.equal(getEventListeners(signal, 'abort').length, 1);
  await service.arrived(1);
  controller.abort('enough');
  for (const call of aborted) assert.equal(await call.catch((reason) => reason), 'enough');
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  service.release();
  assert.equal(await other, 'token of a');
  assert.equal(service.requests.length, 1);
});

test('a signal that outlives the wait is left without listeners', async () => {
  const { service, source } = await held(after);
  const { signal } = new AbortController();
  const calls = Array.from({ length: 50 }, () => source.token({ signal }));
  await service.arrived(1);
  service.release();
  await Promise.all(calls);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
  source.close();
  await assert.rejects(source.token({ signal }), { code: 'closed' });
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('a renewal that everybody has left goes on, and its token is for the next', async () => {
  const { service, source } = await held(after);
  const controller = new AbortController();
  const call = source.token({ signal: controller.signal });
  await service.arrived(1);
  controller.abort();
  await assert.rejects(call, { name: 'AbortError' });
  const next = source.token();
  service.release();
  assert.equal(await next, 'token of a');
  assert.equal(service.requests.length, 1);
});

test('whose time is up gets an error of code timeout, the others the token', async () => {
  const { service, source } = await held(after);
  const patient = source.token();
  for (const timeout of [0, 1, 2]) {
    await assert.rejects(source.token({ timeout }), { name: 'FronteggError', code: 'timeout' });
  }
  await service.arrived(1);
  const beyondTimers = source.token({ timeout: 2 ** 40 });
  service.release();
  assert.equal(await patient, 'token of a');
  assert.equal(await beyondTimers, 'token of a');
  assert.equal(service.requests.length, 1);
});

test('or the token that there is, if it will do', async () => {
  const { service, source } = await holding(after);
  // Urgent: a tenth of its lifetime is left.
  advance(55_000);
  assert.equal(await source.token({ timeout: 1 }), 'first');
  const wanting = source.token({ timeout: 1, minValidity: 30_000 });
  await assert.rejects(wanting, { code: 'timeout' });
  await service.arrived(2);
  const next = source.token();
  service.release({ access_token: 'second' });
  assert.equal(await next, 'second');
});
