import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { Client } from 'frontegg-token';
import { CREDENTIALS, OTHER_CREDENTIALS, startEmulator } from './support/emulator.mjs';
import { HeldService } from './support/held-service.mjs';

test('1,000 callers make 10,000 calls over two clients: no error, no cross-talk', async () => {
  const emulator = await startEmulator(after, '--no-request-log');
  const holders = [CREDENTIALS, OTHER_CREDENTIALS].map((credentials) => ({
    credentials,
    client: new Client(emulator.options),
  }));
  const tokens = new Set();
  async function caller({ credentials, client }) {
    for (let call = 0; call < 10; call++) {
      const { accessToken, claims } = await client.authenticate(credentials);
      assert.equal(claims.sub, credentials.clientId);
      tokens.add(accessToken);
    }
  }
  await Promise.all(Array.from({ length: 1000 }, (_, index) => caller(holders[index % 2])));
  assert.equal(tokens.size, 10_000);
  const { counts } = await emulator.state();
  assert.equal(counts.requests, 10_000);
  // At most one connection per thread and client: the rest were reused.
  assert.ok(counts.connections <= 2 * 64, `${counts.connections} connections`);
});

test('200 calls to a slow service do not hold up the file system', async () => {
  const service = await HeldService.start(after);
  const client = new Client({ baseUrl: service.baseUrl });
  let pending = 200;
  const calls = Array.from({ length: 200 }, async (_, index) => {
    const { accessToken } = await client.authenticate({ clientId: `c${index}`, secret: 's' });
    pending--;
    assert.equal(accessToken, `token of c${index}`);
  });
  await service.arrived(64);
  const text = await readFile(import.meta.filename, 'utf8');
  assert.ok(text.includes('do not hold up'));
  assert.equal(pending, 200);
  service.on('request', () => service.release());
  service.release();
  await Promise.all(calls);
  assert.equal(service.requests.length, 200);
});
