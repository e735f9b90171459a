import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { runChild, startChild } from './support/child.mjs';
import { HeldService } from './support/held-service.mjs';
import { SilentServer } from './support/silent-server.mjs';

// No time-out of the library's own can end these calls before the test does.
const PATIENT = `connectTimeout: 1e9, attemptTimeout: 1e9, deadline: 1e9, retry: { maxAttempts: 1 }`;
const START = `
  import { Client } from 'frontegg-token';
  const client = new Client({ baseUrl: process.argv[1], ${PATIENT} });
  const call = client.authenticate({ clientId: 'a', secret: 'b' });
`;

test('an idle client lets the process end', async () => {
  const { code } = await runChild(`
    import { Client } from 'frontegg-token';
    globalThis.client = new Client({ region: 'us' });
  `);
  assert.equal(code, 0);
});

test('so does one that has connections open', async () => {
  const service = await HeldService.start(after);
  service.on('request', () => service.release());
  const result = await runChild(`${START} console.log((await call).accessToken);`, service.baseUrl);
  assert.deepEqual(result, { code: 0, signal: null, output: 'token of a' });
});

test('a call under way keeps the process alive', async () => {
  const service = await HeldService.start(after);
  const child = startChild(`${START} console.log((await call).accessToken);`, service.baseUrl);
  await service.arrived(1);
  service.release();
  assert.deepEqual(await child.ended, { code: 0, signal: null, output: 'token of a' });
});

for (const [what, Server, ready] of [
  ['waits for an answer', HeldService, 'arrived'],
  ['is stuck in a handshake', SilentServer, 'connected'],
]) {
  test(`a call that ${what} does not outlive close()`, async () => {
    const server = await Server.start(after);
    const child = startChild(
      `${START}
      process.stdin.once('data', () => {
        client.close();
        process.stdin.destroy();
      });
      console.log(await call.catch(({ code }) => code));`,
      server.baseUrl,
    );
    await server[ready](1);
    child.stdin.write('close');
    assert.deepEqual(await child.ended, { code: 0, signal: null, output: 'closed' });
  });
}

test('an aborted call does not keep the process alive', async () => {
  const server = await SilentServer.start(after);
  const child = startChild(
    `import { Client } from 'frontegg-token';
    const client = new Client({ baseUrl: process.argv[1], ${PATIENT} });
    const controller = new AbortController();
    const { signal } = controller;
    process.stdin.once('data', () => {
      controller.abort();
      process.stdin.destroy();
    });
    await client.refresh('token', { signal }).catch(({ name }) => console.log(name));`,
    server.baseUrl,
  );
  await server.connected(1);
  child.stdin.write('abort');
  assert.deepEqual(await child.ended, { code: 0, signal: null, output: 'AbortError' });
});

test('process.exit in the midst of calls is clean', async () => {
  const server = await SilentServer.start(after);
  const child = startChild(
    `${START} process.stdin.once('data', () => process.exit(7)); await call;`,
    server.baseUrl,
  );
  await server.connected(1);
  child.stdin.write('exit');
  assert.equal((await child.ended).code, 7);
});

test('a client that is forgotten is collected', async () => {
  const result = await runChild(`
    import { setImmediate } from 'node:timers/promises';
    import { setFlagsFromString } from 'node:v8';
    import { runInNewContext } from 'node:vm';
    import { Client } from 'frontegg-token';
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc');
    const client = new WeakRef(new Client({ region: 'us' }));
    for (let round = 0; round < 100 && client.deref(); round++) {
      await setImmediate();
      collect();
    }
    console.log(client.deref() === undefined);
  `);
  assert.deepEqual(result, { code: 0, signal: null, output: 'true' });
});

const SOURCE = `
  import { Client, TokenSource } from 'frontegg-token';
  const client = new Client({ baseUrl: process.argv[1], ${PATIENT} });
  const settings = { clientId: 'a', secret: 'b', renewalWindow: [0, 0] };
  globalThis.source = new TokenSource(client, { ...settings, observer: () => {} });
`;

test('a source lets the process end, with a token or without', async () => {
  const service = await HeldService.start(after);
  service.on('request', () => service.release());
  const result = await runChild(`${SOURCE} console.log(await source.token());`, service.baseUrl);
  assert.deepEqual(result, { code: 0, signal: null, output: 'token of a' });
  const { code } = await runChild(SOURCE, service.baseUrl);
  assert.equal(code, 0);
});

test('a call that waits for a token keeps the process alive, and its timer no longer', async () => {
  const service = await HeldService.start(after);
  const child = startChild(
    `${SOURCE} console.log(await source.token({ timeout: 1e9 }));`,
    service.baseUrl,
  );
  await service.arrived(1);
  service.release();
  assert.deepEqual(await child.ended, { code: 0, signal: null, output: 'token of a' });
});

for (const [how, end] of [
  ['by itself', ''],
  ['by process.exit', 'process.exit();'],
]) {
  test(`a process ends ${how} in the midst of a renewal in the background`, async () => {
    const service = await HeldService.start(after);
    const child = startChild(
      `${SOURCE}
      console.log(await source.token());
      // Due at once: the service never answers that.
      console.log(await source.token());
      process.stdin.once('data', () => {
        process.stdin.destroy();
        ${end}
      });`,
      service.baseUrl,
    );
    await service.arrived(1);
    service.release();
    await service.arrived(2);
    child.stdin.write('end');
    const output = 'token of a\ntoken of a';
    assert.deepEqual(await child.ended, { code: 0, signal: null, output });
  });
}

for (const [what, stop, said] of [
  ['close()', 'source.close()', 'closed'],
  ['the signal of its only caller', 'controller.abort()', 'AbortError'],
]) {
  test(`a wait for a token does not outlive ${what}`, async () => {
    const server = await SilentServer.start(after);
    const child = startChild(
      `${SOURCE}
      const controller = new AbortController();
      const { signal } = controller;
      process.stdin.once('data', () => {
        ${stop};
        process.stdin.destroy();
      });
      const failure = await source.token({ signal }).catch((error) => error);
      console.log(failure.name === 'AbortError' ? failure.name : failure.code);`,
      server.baseUrl,
    );
    await server.connected(1);
    child.stdin.write('stop');
    assert.deepEqual(await child.ended, { code: 0, signal: null, output: said });
  });
}

test('a source that is forgotten is collected, and its renewal ends', async () => {
  const service = await HeldService.start(after);
  const child = startChild(
    `import { setImmediate } from 'node:timers/promises';
    import { setFlagsFromString } from 'node:v8';
    import { runInNewContext } from 'node:vm';
    ${SOURCE}
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc');
    const weak = new WeakRef(source);
    await source.token();
    await source.token();
    delete globalThis.source;
    for (let round = 0; round < 100 && weak.deref(); round++) {
      await setImmediate();
      collect();
    }
    console.log(weak.deref() === undefined);`,
    service.baseUrl,
  );
  await service.arrived(1);
  service.release();
  assert.deepEqual(await child.ended, { code: 0, signal: null, output: 'true' });
});
