/** From options, of which nothing is certain at run time, to settings for the native half. */

import { invalidArgument } from './errors.js';
import type { RedisSettings, Settings, SourceSettings } from './native.js';

type Bag = Record<string, unknown>;

const SIMPLE = {
  vendorHost: 'string',
  allowHttp: 'boolean',
  connectTimeout: 'number',
  attemptTimeout: 'number',
  deadline: 'number',
  proxy: 'string',
  roots: 'string',
  caFile: 'string',
  bearer: 'string',
  userAgentSuffix: 'string',
} as const;
const ENDPOINT = { region: 'string', domain: 'string', baseUrl: 'string' } as const;
const RETRY = { maxAttempts: 'number', baseDelay: 'number', maxDelay: 'number' } as const;

/** Checks types and names, the native half the rest. */
export function settings(options: unknown, fromEnv: boolean): Settings {
  const {
    retry = {},
    caPem,
    clientCertificate,
    headers = {},
    ...simple
  } = bag('the options', options);
  const result: Settings = {
    fromEnv,
    ...pick(simple, fromEnv ? SIMPLE : { ...ENDPOINT, ...SIMPLE }),
    ...pick(bag('retry', retry), RETRY),
    headers: Object.entries(bag('headers', headers)).flatMap(([name, value]) => [
      text('the name of a header', name),
      text(`the header ${name}`, value),
    ]),
  };
  return Object.assign(result, trust(caPem, clientCertificate));
}

/** Certificates, as PEM. */
function trust(caPem: unknown, clientCertificate: unknown): Partial<RedisSettings> {
  const result: Partial<RedisSettings> = {};
  if (caPem !== undefined) result.caPem = pem('caPem', caPem);
  if (clientCertificate !== undefined) {
    const { chain, key } = bag('clientCertificate', clientCertificate);
    result.clientCertificateChain = pem('clientCertificate.chain', chain);
    result.clientCertificateKey = pem('clientCertificate.key', key);
  }
  return result;
}

const REDIS = {
  timeout: 'number',
  keyPrefix: 'string',
  roots: 'string',
  caFile: 'string',
} as const;

/** The same for a store in Redis. */
export function redisSettings(options: unknown): RedisSettings {
  const { caPem, clientCertificate, ...simple } = bag('the options', options);
  return Object.assign(pick(simple, REDIS), trust(caPem, clientCertificate));
}

const CREDENTIALS = { clientId: 'string', secret: 'string' } as const;
const SOURCE = { policy: 'string', deadline: 'number', store: 'string' } as const;

/** The same for a token source. */
export function sourceSettings(options: unknown, fromEnv: boolean): SourceSettings {
  const { renewalWindow, ...simple } = bag('the options', options);
  const result: SourceSettings = pick(simple, fromEnv ? SOURCE : { ...CREDENTIALS, ...SOURCE });
  if (!fromEnv) Object.assign(result, credentials(simple));
  if (renewalWindow !== undefined) {
    const pair = Array.isArray(renewalWindow) && renewalWindow.length === 2 ? renewalWindow : [{}];
    if (!pair.every((part) => typeof part === 'number')) {
      throw invalidArgument('renewalWindow is not a pair of numbers');
    }
    result.renewalWindow = [...pair];
  }
  return result;
}

/** What a call for a token wants. */
export function tokenOptions(options: unknown): {
  minValidity: number;
  timeout: number | undefined;
  signal: AbortSignal | undefined;
} {
  const { signal, ...spans } = bag('the options', options);
  const { minValidity, timeout } = pick(spans, { minValidity: 'number', timeout: 'number' });
  return {
    minValidity: minValidity === undefined ? 0 : span('minValidity', minValidity),
    timeout: timeout === undefined ? undefined : span('timeout', timeout),
    signal: abortSignal(signal),
  };
}

/** The client id and the secret. */
export function credentials(given: unknown): { clientId: string; secret: string } {
  const { clientId, secret } = bag('the credentials', given);
  return { clientId: text('clientId', clientId), secret: text('secret', secret) };
}

/** An `AbortSignal`, if it is given. */
export function abortSignal(signal: unknown): AbortSignal | undefined {
  if (signal === undefined) return undefined;
  // Not `instanceof`: it may come from another realm, as in some test runners.
  const { aborted, addEventListener } = bag('signal', signal);
  if (typeof aborted === 'boolean' && typeof addEventListener === 'function') {
    return signal as AbortSignal;
  }
  throw invalidArgument('signal is not an AbortSignal');
}

function span(name: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY) return value;
  throw invalidArgument(`${name} is not a number of milliseconds from 0 up`);
}

/** A string that UTF-8 can express. The message never repeats it. */
export function text(name: string, value: unknown): string {
  if (typeof value !== 'string') throw invalidArgument(`${name} is not a string`);
  if (!value.isWellFormed()) throw invalidArgument(`${name} is not well-formed Unicode`);
  return value;
}

/** An object to read properties from. */
export function bag(name: string, value: unknown): Bag {
  if (typeof value !== 'object' || value === null) throw invalidArgument(`${name}: not an object`);
  return value as Bag;
}

/** The properties that are set, all of them known and of the right type. */
function pick(from: Bag, kinds: Readonly<Record<string, string>>): Bag {
  const picked: Bag = {};
  for (const [name, value] of Object.entries(from)) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) throw invalidArgument(`there is no option ${name} here`);
    if (value === undefined) continue;
    if (kind === 'string') text(name, value);
    else if (typeof value !== kind) throw invalidArgument(`${name} is not a ${kind}`);
    picked[name] = value;
  }
  return picked;
}

function pem(name: string, value: unknown): string {
  if (!ArrayBuffer.isView(value)) return text(name, value);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString();
}
