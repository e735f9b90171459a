import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { advance, step, suspend } from './support/clocks.mjs';
import { holding } from './support/sources.mjs';

const YEAR = 365 * 24 * 3600 * 1000;

/** Time passes so that the token of a minute has expired: it must not be served again. */
async function expires(pass) {
  const { service, source } = await holding(after);
  assert.equal(await source.token(), 'first');
  pass();
  const call = source.token();
  await service.arrived(2);
  assert.equal(source.peek(), undefined);
  service.release({ access_token: 'second' });
  assert.equal(await call, 'second');
  assert.equal(await source.token(), 'second');
}

/** Nothing has passed of its lifetime: it serves on. */
async function serves(pass) {
  const { service, source } = await holding(after);
  assert.equal(await source.token(), 'first');
  pass();
  assert.equal(await source.token(), 'first');
  assert.equal(source.peek(), 'first');
  assert.equal(service.requests.length, 1);
}

test('a minute later it has expired', () => expires(() => advance(60_000)));
test('and a year later', () => expires(() => advance(YEAR)));
test('a machine that was suspended wakes without it', () => expires(() => suspend(60_000)));
test('even after a year', () => expires(() => suspend(YEAR)));
test('a clock that was set forward ends it', () => expires(() => step(60_000)));
test('by years', () => expires(() => step(3 * YEAR)));
test('a clock that was set back does not prolong it', () =>
  expires(() => {
    step(-YEAR);
    advance(60_000);
  }));
test('a clock that was set back does not end it either', () => serves(() => step(-YEAR)));
test('some seconds forward are but that much older', () => serves(() => step(5_000)));
test('a short sleep is but that much older', () => serves(() => suspend(5_000)));
