import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inspect } from 'node:util';
import {
  Client,
  FileStore,
  FronteggError,
  MemoryStore,
  RedisStore,
  TokenSource,
} from 'frontegg-token';
import { runChild } from './support/child.mjs';
import { CREDENTIALS, startEmulator } from './support/emulator.mjs';

/** A directory for a store of this file's tests. */
function directory() {
  const made = mkdtempSync(join(tmpdir(), 'frontegg-token-'));
  after(() => rmSync(made, { recursive: true }));
  return join(made, 'store');
}

/** A service of its own, and what makes sources that share a store. */
async function setting() {
  const { options, state } = await startEmulator(after);
  const client = new Client(options);
  return {
    options,
    source: (store) => new TokenSource(client, { ...CREDENTIALS, store }),
    authentications: async () => (await state()).counts.authenticate.total,
  };
}

test('what is no store is refused, by the constructor', () => {
  const client = new Client({ region: 'us' });
  const methods = { load() {}, save() {}, lease() {} };
  for (const [store, message] of [
    [5, /^store is not a string$/],
    [() => {}, /^store is not a string$/],
    [{}, /^store is neither a name nor a store, which has the methods load, save, lease, release$/],
    [methods, /^store is neither a name nor a store/],
    [{ ...methods, release() {}, timeout: '5' }, /^store.timeout is not a number$/],
    [{ ...methods, release() {}, timeout: -1 }, /^timeout is not a number of milliseconds/],
    ['files', /store/],
    ['redis://planted-user:planted-password@:0/nonsense', /store|URL/],
  ]) {
    assert.throws(
      () => new TokenSource(client, { ...CREDENTIALS, store }),
      (error) => {
        assert.ok(error instanceof FronteggError);
        assert.equal(error.code, 'invalid_argument');
        assert.match(error.message, message);
        return !inspect(error).includes('planted-');
      },
    );
  }
  assert.throws(() => new FileStore({ directory: 5 }), { code: 'invalid_argument' });
  assert.throws(() => new FileStore(5), { code: 'invalid_argument' });
  assert.throws(() => new RedisStore(5), { code: 'invalid_argument' });
  assert.throws(() => new RedisStore('redis://localhost', { cluster: true }), {
    code: 'invalid_argument',
  });
});

test('no output shows what is secret about a store', () => {
  const url = 'redis://planted-user:planted-password@localhost:1/0';
  const store = new RedisStore(url, { keyPrefix: 'planted-' });
  const source = new TokenSource(new Client({ region: 'us' }), { ...CREDENTIALS, store });
  for (const object of [store, source, [store], { store }]) {
    const shown = inspect(object, { showHidden: true, depth: 9 });
    assert.doesNotMatch(`${shown} ${JSON.stringify(object)} ${object}`, /planted-/);
  }
});

test('workers and processes share a token by files', async () => {
  const { options, authentications } = await setting();
  const inWorker = `
    import { parentPort, workerData } from 'node:worker_threads';
    import { Client, FileStore, TokenSource } from 'frontegg-token';
    const [options, credentials, directory] = workerData;
    const store = new FileStore({ directory });
    const source = new TokenSource(new Client(options), { ...credentials, store });
    parentPort.postMessage(await source.token());
  `;
  const inProcess = `
    import { once } from 'node:events';
    import { Worker } from 'node:worker_threads';
    const workerData = JSON.parse(process.argv[1]);
    const workers = [1, 2, 3].map(() =>
      new Worker(${JSON.stringify(inWorker)}, { eval: true, workerData }));
    const answers = await Promise.all(workers.map((worker) => once(worker, 'message')));
    console.log(new Set(answers.flat()).size, answers[0][0].slice(-9));
  `;
  const workerData = JSON.stringify([options, CREDENTIALS, directory()]);
  const ended = await Promise.all([1, 2, 3].map(() => runChild(inProcess, workerData)));
  assert.deepEqual(new Set(ended.map(({ code }) => code)), new Set([0]));
  assert.equal(new Set(ended.map(({ output }) => output)).size, 1);
  assert.match(ended[0].output, /^1 /);
  assert.equal(await authentications(), 1);
});

test('several sources may have one store', async () => {
  const { source, authentications } = await setting();
  for (const store of [
    new MemoryStore(),
    new OwnStore(),
    new FileStore({ directory: directory() }),
  ]) {
    const before = await authentications();
    const sources = Array.from({ length: 5 }, () => source(store));
    const tokens = await Promise.all(sources.map((source) => source.token()));
    assert.equal(new Set(tokens).size, 1);
    assert.equal(await authentications(), before + 1);
    assert.deepEqual(sources.map((source) => source.info().origin).sort(), [
      'authenticate',
      ...Array(4).fill('store'),
    ]);
  }
});

/** A store whose methods answer at once, and not by promises. */
class OwnStore {
  entries = new Map();
  leases = new Map();
  load(name) {
    return this.entries.get(name);
  }
  save(name, entry, { replaces, keep }) {
    assert.ok(entry instanceof Uint8Array && keep > 86_400_000);
    this.keep = keep;
    const current = this.entries.get(name);
    if (current && !(replaces && Buffer.from(current).equals(replaces))) return false;
    this.entries.set(name, entry);
    return true;
  }
  lease(name, owner, span) {
    assert.equal(span, 16_250);
    if (this.leases.has(name)) return false;
    this.leases.set(name, owner);
    return true;
  }
  release(name, owner) {
    if (this.leases.get(name) === owner) this.leases.delete(name);
  }
}

test('an own store may answer buffers, promises, and how long it keeps an entry', async () => {
  const { source, authentications } = await setting();
  const plain = new OwnStore();
  await source(plain).token();
  const [entry] = plain.entries.values();
  for (const answer of [
    Buffer.from(entry),
    Promise.resolve(entry),
    // A thenable.
    // biome-ignore lint/suspicious/noThenProperty: it is what is tested
    { then: (resolve) => resolve(entry) },
    { entry, left: plain.keep },
    { entry: Buffer.from(entry), left: plain.keep - 1000 },
  ]) {
    const other = source({ ...methodsOf(plain), load: () => answer });
    await other.token();
    assert.equal(other.info().origin, 'store');
  }
  assert.equal(await authentications(), 1);
});

/** The methods of a store, some of which a test replaces. */
function methodsOf(store) {
  return Object.fromEntries(
    ['load', 'save', 'lease', 'release'].map((name) => [name, (...args) => store[name](...args)]),
  );
}

test('an own store that fails costs nobody a token', async () => {
  const { source } = await setting();
  class Outage extends Error {}
  const outage = () => {
    throw new Outage('planted-password');
  };
  for (const [replaced, message] of [
    [{ load: outage }, 'load of the store threw Outage'],
    [{ load: async () => outage() }, 'load of the store threw Outage'],
    [{ save: outage }, 'save of the store threw Outage'],
    [{ lease: outage }, 'lease of the store threw Outage'],
    [{ load: () => Promise.reject(undefined) }, 'load of the store threw undefined'],
    [{ load: () => 'planted-text' }, 'load of the store answered nonsense: string'],
    [{ load: () => ({ entry: 'x', left: 1 }) }, 'load of the store answered nonsense: Object'],
    [
      { load: () => ({ entry: new Uint8Array(1), left: -1 }) },
      'load of the store answered nonsense: Object',
    ],
    [{ lease: () => 1 }, 'lease of the store answered nonsense: number'],
    [{ lease: async () => {} }, 'lease of the store answered nonsense: undefined'],
    [{ save: () => null }, 'save of the store answered nonsense: null'],
    [
      { load: () => new Promise(() => {}), timeout: 20 },
      'load of the store did not answer in time',
    ],
    [{ load: sleep, timeout: 1 }, 'load of the store did not answer in time'],
  ]) {
    const plain = new OwnStore();
    const one = source({ ...methodsOf(plain), ...replaced });
    assert.ok(await one.token());
    const { storeFailures, storeError, failures } = one.stats();
    assert.deepEqual([storeFailures, failures], [1, 0], message);
    assert.ok(storeError instanceof FronteggError);
    assert.deepEqual([storeError.code, storeError.message], ['store', message]);
    one.close();
  }
});

/** Holds up the event loop for longer than a store may take. */
function sleep() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 30);
  return undefined;
}

test('an own store that cannot give a lease back is used all the same', async () => {
  const { source, authentications } = await setting();
  const plain = new OwnStore();
  const store = { ...methodsOf(plain), release: () => Promise.reject(new Error('no')) };
  await source(store).token();
  const other = source(store);
  await other.token();
  assert.deepEqual([other.info().origin, await authentications()], ['store', 1]);
});

test('an own store may use the source that uses it, which goes on without it', async () => {
  const { source } = await setting();
  const plain = new OwnStore();
  const one = source({ ...methodsOf(plain), load: () => one.token(), timeout: 20 });
  assert.ok(await one.token());
  assert.equal(one.stats().storeFailures, 1);
});

const OWN = `
  import { Client, TokenSource } from 'frontegg-token';
  const [options, credentials] = process.argv.slice(1).map((text) => JSON.parse(text));
  const never = () => new Promise(() => {});
  const made = (store) => new TokenSource(new Client(options), { ...credentials, store });
  const nothing = { load() {}, save: () => true, lease: () => true, release() {} };
`;

async function ownChild(program) {
  const { options } = await startEmulator(after);
  return runChild(`${OWN}${program}`, JSON.stringify(options), JSON.stringify(CREDENTIALS));
}

test('an own store keeps no process alive, not even one that never answers', async () => {
  const ended = await ownChild(`
    const source = made({ ...nothing, load: never, timeout: 20 });
    console.log((await source.token()).length > 0);
    // It is asked again, in the background, as the process ends.
    source.token({ minValidity: 7e7 }).catch(() => {});
    source.invalidate(source.peek());
    source.token({ timeout: 0 }).catch(({ code }) => console.log(code));
  `);
  assert.deepEqual(ended, { code: 0, signal: null, output: 'true\ntimeout' });
});

test('a process may exit while its own store is asked', async () => {
  const ended = await ownChild(`
    const source = made({ ...nothing, load: () => process.exit(7), timeout: 60_000 });
    await source.token();
  `);
  assert.deepEqual(ended, { code: 7, signal: null, output: '' });
});

test('a worker may end while its own store is asked', async () => {
  const { options } = await startEmulator(after);
  const worker = `
    import { parentPort, workerData } from 'node:worker_threads';
    import { Client, TokenSource } from 'frontegg-token';
    const [options, credentials] = workerData;
    const store = {
      load() { parentPort.postMessage('asked'); return new Promise(() => {}); },
      save: () => true, lease: () => true, release() {}, timeout: 60_000,
    };
    globalThis.source = new TokenSource(new Client(options), { ...credentials, store });
    globalThis.source.token();
    setInterval(() => {}, 1000);
  `;
  const ended = await runChild(
    `
    import { once } from 'node:events';
    import { Worker } from 'node:worker_threads';
    import { Client } from 'frontegg-token';
    const workerData = process.argv.slice(1).map((text) => JSON.parse(text));
    const worker = new Worker(${JSON.stringify(worker)}, { eval: true, workerData });
    await once(worker, 'message');
    await worker.terminate();
    const [options, credentials] = workerData;
    console.log((await new Client(options).authenticate(credentials)).claims.sub);
  `,
    JSON.stringify(options),
    JSON.stringify(CREDENTIALS),
  );
  assert.deepEqual(ended, { code: 0, signal: null, output: CREDENTIALS.clientId });
});
