import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { runChild, startChild } from './support/child.mjs';
import { CREDENTIALS, startEmulator } from './support/emulator.mjs';
import { HeldService } from './support/held-service.mjs';

const WORKER = `
  import { parentPort, workerData } from 'node:worker_threads';
  import { Client } from 'frontegg-token';
  const { options, credentials } = workerData;
  const client = new Client(options);
  client.authenticate(credentials).then(
    ({ claims }) => parentPort.postMessage(claims.sub),
    ({ code }) => parentPort.postMessage(code),
  );
`;
const MAIN = `
  import { once } from 'node:events';
  import { Worker } from 'node:worker_threads';
  const worker = (workerData) => new Worker(${JSON.stringify(WORKER)}, { eval: true, workerData });
  const [options, credentials] = process.argv.slice(1).map((text) => JSON.parse(text));
`;

test('several workers at once have clients of their own', async () => {
  const emulator = await startEmulator(after);
  const result = await runChild(
    `${MAIN}
    const workers = Array.from({ length: 4 }, () => worker({ options, credentials }));
    const answers = await Promise.all(workers.map((worker) => once(worker, 'message')));
    console.log(answers.join());`,
    JSON.stringify(emulator.options),
    JSON.stringify(CREDENTIALS),
  );
  const output = Array(4).fill(CREDENTIALS.clientId).join();
  assert.deepEqual(result, { code: 0, signal: null, output });
});

test('workers that end with calls under way take nothing down', async () => {
  const emulator = await startEmulator(after);
  const result = await runChild(
    `${MAIN}
    import { createServer } from 'node:net';
    // Takes connections and says nothing, so that the calls go on.
    const sockets = [];
    const silent = createServer((socket) => {
      sockets.push(socket.on('error', () => {}));
      silent.emit('taken');
    });
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const baseUrl = 'https://127.0.0.1:' + silent.address().port;
    // None but workers ever load the package, so that its library goes with the last of them.
    const workers = Array.from({ length: 4 }, () =>
      worker({ options: { baseUrl, retry: { maxAttempts: 1 } }, credentials }));
    while (sockets.length < workers.length) await once(silent, 'taken');
    await Promise.all(workers.map((worker) => worker.terminate()));
    // The calls end now, and find nobody who waits for them.
    for (const socket of sockets) socket.destroy();
    silent.close();
    const [answer] = await once(worker({ options, credentials }), 'message');
    console.log(answer);`,
    JSON.stringify(emulator.options),
    JSON.stringify(CREDENTIALS),
  );
  assert.deepEqual(result, { code: 0, signal: null, output: CREDENTIALS.clientId });
});

test('workers that end while outcomes stream in take nothing down', async () => {
  const emulator = await startEmulator(after, '--no-request-log');
  const busy = `
    import { parentPort, workerData } from 'node:worker_threads';
    import { Client } from 'frontegg-token';
    const { options, credentials } = workerData;
    const client = new Client(options);
    async function caller() {
      for (;;) parentPort.postMessage((await client.authenticate(credentials)).claims.sub);
    }
    for (let number = 0; number < 20; number++) caller();
  `;
  const result = await runChild(
    `${MAIN}
    for (let round = 0; round < 10; round++) {
      const busy = new Worker(${JSON.stringify(busy)}, {
        eval: true,
        workerData: { options, credentials },
      });
      for (let answers = 0; answers < 20; answers++) await once(busy, 'message');
      await busy.terminate();
    }
    console.log('here');`,
    JSON.stringify(emulator.options),
    JSON.stringify(CREDENTIALS),
  );
  assert.deepEqual(result, { code: 0, signal: null, output: 'here' });
});

for (const [how, end] of [
  ['are terminated', 'await worker.terminate();'],
  ['end by themselves', "worker.postMessage('end'); await once(worker, 'exit');"],
]) {
  test(`workers that ${how} in the midst of a renewal take nothing down`, async () => {
    const emulator = await startEmulator(after);
    const busy = `
      import { parentPort, workerData } from 'node:worker_threads';
      import { Client, TokenSource } from 'frontegg-token';
      const { options, credentials } = workerData;
      globalThis.source = new TokenSource(new Client(options), {
        ...credentials,
        renewalWindow: [0, 0],
        observer: () => {},
      });
      const first = await source.token();
      // Due at once, and never answered.
      parentPort.postMessage((await source.token()) === first);
      parentPort.once('message', () => {});
    `;
    await emulator.fault({ on: 'refresh', times: 5, action: { hang: {} } });
    const result = await runChild(
      `${MAIN}
      for (let round = 0; round < 5; round++) {
        const worker = new Worker(${JSON.stringify(busy)}, {
          eval: true,
          workerData: { options, credentials },
        });
        const [same] = await once(worker, 'message');
        if (!same) console.log('another token');
        ${end}
      }
      const [answer] = await once(worker({ options, credentials }), 'message');
      console.log(answer);`,
      JSON.stringify(emulator.options),
      JSON.stringify(CREDENTIALS),
    );
    assert.deepEqual(result, { code: 0, signal: null, output: CREDENTIALS.clientId });
  });
}

test('workers that are terminated while calls wait for a token take nothing down', async () => {
  const service = await HeldService.start(after);
  const waiting = `
    import { workerData } from 'node:worker_threads';
    import { Client, TokenSource } from 'frontegg-token';
    globalThis.source = new TokenSource(new Client(workerData.options), workerData.credentials);
    await Promise.all(Array.from({ length: 10 }, () => source.token()));
  `;
  const child = startChild(
    `${MAIN}
    const workers = Array.from({ length: 4 }, () => new Worker(${JSON.stringify(waiting)}, {
      eval: true,
      workerData: { options, credentials },
    }));
    await once(process.stdin, 'data');
    await Promise.all(workers.map((worker) => worker.terminate()));
    process.stdin.destroy();
    console.log('here');`,
    JSON.stringify({ baseUrl: service.baseUrl }),
    JSON.stringify(CREDENTIALS),
  );
  await service.arrived(4);
  child.stdin.write('end');
  assert.deepEqual(await child.ended, { code: 0, signal: null, output: 'here' });
});

test('each worker has a source of its own', async () => {
  const emulator = await startEmulator(after);
  const caller = `
    import { parentPort, workerData } from 'node:worker_threads';
    import { Client, TokenSource } from 'frontegg-token';
    const { options, credentials } = workerData;
    const source = new TokenSource(new Client(options), credentials);
    const tokens = await Promise.all(Array.from({ length: 100 }, () => source.token()));
    parentPort.postMessage(new Set(tokens).size);
  `;
  const result = await runChild(
    `${MAIN}
    const workers = Array.from({ length: 4 }, () => new Worker(${JSON.stringify(caller)}, {
      eval: true,
      workerData: { options, credentials },
    }));
    const answers = await Promise.all(workers.map((worker) => once(worker, 'message')));
    console.log(answers.join());`,
    JSON.stringify(emulator.options),
    JSON.stringify(CREDENTIALS),
  );
  assert.deepEqual(result, { code: 0, signal: null, output: '1,1,1,1' });
  const { counts } = await emulator.state();
  assert.equal(counts.requests, 4);
});
