// What users write, compiled against the installed package in every way it can be resolved.

import {
  type CallOptions,
  type Claims,
  Client,
  type ClientOptions,
  type CommonOptions,
  type Credentials,
  ERROR_CODES,
  FileStore,
  FronteggError,
  type FronteggErrorCode,
  type LoadedEntry,
  MemoryStore,
  RedisStore,
  type RedisStoreOptions,
  type TokenInfo,
  type TokenOptions,
  TokenSet,
  TokenSource,
  type TokenSourceEvent,
  type TokenSourceFromEnvOptions,
  type TokenSourceOptions,
  type TokenSourceStats,
  type TokenStore,
} from 'frontegg-token';

const options: ClientOptions = {
  region: 'us',
  vendorHost: 'acme.frontegg.com',
  allowHttp: false,
  connectTimeout: 1000,
  attemptTimeout: 2000,
  deadline: 3000,
  retry: { maxAttempts: 2 },
  proxy: 'http://proxy.example:8080',
  caPem: new Uint8Array(),
  clientCertificate: { chain: 'chain', key: 'key' },
  headers: { 'x-gateway': 'open' },
  bearer: 'token',
  userAgentSuffix: 'sample/1',
};
const common: CommonOptions = { roots: 'bundled', caFile: undefined };
const credentials: Credentials = { clientId: 'id', secret: 'secret' };
const call: CallOptions = { signal: AbortSignal.timeout(1000) };

export async function sample(): Promise<string> {
  using client: Client = new Client(options);
  const other: Client = Client.fromEnv(common);
  const baseUrl: string = other.baseUrl;
  try {
    const tokens: TokenSet = await client.authenticate(credentials, call);
    const { refreshToken } = tokens;
    if (refreshToken !== undefined) await client.refresh(refreshToken);
    const lifetime: number | undefined = tokens.lifetime;
    const receivedAt: Date = tokens.receivedAt;
    const claims: Claims | undefined = tokens.claims;
    const tenant: string | undefined = claims?.tenantId;
    const custom: unknown = claims?.customClaims;
    return [baseUrl, tokens.accessToken, lifetime, receivedAt, tenant, custom].join();
  } catch (error) {
    if (error instanceof FronteggError && error.code === 'rate_limited') {
      const wait: number = error.retryAfter ?? 1000;
      return `${error.name} ${wait} ${error.messages.join()} ${ERROR_CODES[error.code]}`;
    }
    throw error;
  } finally {
    other.close();
  }
}

const sourceOptions: TokenSourceOptions = {
  ...credentials,
  renewalWindow: [0.5, 0.6],
  policy: 'refresh_first',
  deadline: 5000,
  observer: (event: TokenSourceEvent) =>
    console.log(event.kind, event.generation, event.error?.code),
};
const ofEnvironment: TokenSourceFromEnvOptions = { policy: undefined, client: common };
const wanted: TokenOptions = { minValidity: 60_000, timeout: 5000, signal: call.signal };

export async function managed(client: Client): Promise<string> {
  using source: TokenSource = new TokenSource(client, sourceOptions);
  const other: TokenSource = TokenSource.fromEnv(ofEnvironment);
  const token: string = await other.token();
  if ((await source.token(wanted)) === source.peek()) source.invalidate(token);
  source.setCredentials(credentials);
  other.close();
  const info: TokenInfo | undefined = source.info();
  const expiresAt: Date | undefined = info?.expiresAt;
  const origin: 'authenticate' | 'refresh' | 'store' | undefined = info?.origin;
  const claims: Claims | undefined = info?.claims;
  const { authentications, authenticatingOnly }: TokenSourceStats = source.stats();
  return [
    expiresAt,
    info?.renewalDueAt,
    origin,
    claims?.sub,
    authentications,
    authenticatingOnly,
  ].join();
}

const redis: RedisStoreOptions = { timeout: 100, keyPrefix: 'tokens:', caFile: 'ca.pem' };
const loaded: LoadedEntry = { entry: new Uint8Array(1), left: 1000 };
class OwnStore implements TokenStore {
  readonly timeout = 100;
  readonly #entries = new Map<string, Uint8Array>();
  async load(name: string): Promise<Uint8Array | LoadedEntry | undefined> {
    return this.#entries.get(name) ?? loaded;
  }
  save(
    name: string,
    entry: Uint8Array,
    change: { replaces: Uint8Array | undefined; keep: number },
  ) {
    const replaces: boolean = change.replaces === this.#entries.get(name) && change.keep > 0;
    if (replaces) this.#entries.set(name, entry);
    return replaces;
  }
  async lease(name: string, owner: string, span: number) {
    return name !== owner && span > 0;
  }
  release() {}
}
export const stores: readonly TokenSourceOptions[] = [
  { ...credentials, store: 'file' },
  { ...credentials, store: new FileStore() },
  { ...credentials, store: new FileStore({ directory: '/var/cache/tokens' }) },
  { ...credentials, store: new MemoryStore() },
  { ...credentials, store: new RedisStore('rediss://cache.example.com', redis) },
  { ...credentials, store: new OwnStore() },
  // @ts-expect-error: a store has more than that
  { ...credentials, store: { load: () => undefined } },
  // @ts-expect-error: whether it was saved is to be answered
  { ...credentials, store: { ...new OwnStore(), save: () => {}, load() {}, lease: () => true } },
];

export function describe(code: FronteggErrorCode): string {
  switch (code) {
    case 'refresh_rejected':
      return 'authenticate';
    // @ts-expect-error: there is no such code
    case 'refresh_refused':
      return '';
    default:
      return 'give up';
  }
}

// @ts-expect-error: one endpoint, not two
new Client({ region: 'us', domain: 'acme' });
// @ts-expect-error: no endpoint
new Client({});
// @ts-expect-error: no such region
new Client({ region: 'mars' });
// @ts-expect-error: no such option
new Client({ region: 'us', timeout: 5 });
// @ts-expect-error: the endpoint is the environment's
Client.fromEnv({ region: 'us' });
// @ts-expect-error: only the library makes token sets
new TokenSet('token');
// @ts-expect-error: a source needs a client
new TokenSource(credentials);
// @ts-expect-error: and credentials
new TokenSource(Client.fromEnv(), { policy: 'auto' });
// @ts-expect-error: no such policy
TokenSource.fromEnv({ policy: 'refresh' });
// @ts-expect-error: the API token is the environment's
TokenSource.fromEnv({ clientId: 'id', secret: 'secret' });
// @ts-expect-error: no such setting
new RedisStore('redis://localhost', { cluster: true });
// @ts-expect-error: a span is a number
TokenSource.fromEnv().token({ timeout: '5 s' });
