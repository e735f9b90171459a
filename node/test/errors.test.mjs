import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ERROR_CODES, FronteggError } from 'frontegg-token';
import { native } from './support/native.mjs';

const ERRORS_JSON = join(import.meta.dirname, '../../conformance/errors.json');

// That the type `FronteggErrorCode` has the same names is what its compilation checks.
for (const [name, rows] of [
  ['the native half', native.codes()],
  ['errors.json', JSON.parse(readFileSync(ERRORS_JSON, 'utf8')).errors],
]) {
  test(`the table of codes is that of ${name}`, () => {
    assert.deepEqual(ERROR_CODES, Object.fromEntries(rows.map((row) => [row.code, row.number])));
  });
}

test('an error can be made by hand, as a test may want to', () => {
  const error = new FronteggError('rate_limited', 'slow down', { httpStatus: 429, attempts: 3 });
  assert.equal(error.number, 23);
  assert.equal(error.message, 'slow down');
  assert.equal(error.httpStatus, 429);
  assert.equal(error.attempts, 3);
  assert.deepEqual(error.messages, []);
  assert.equal(error.traceId, undefined);
  assert.equal(error.name, 'FronteggError');
  assert.ok(!Object.keys(error).includes('name'));
});
