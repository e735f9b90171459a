// What users write, compiled against the installed package in every way it can be resolved.

import {
  type CallOptions,
  type Claims,
  Client,
  type ClientOptions,
  type CommonOptions,
  type Credentials,
  ERROR_CODES,
  FronteggError,
  type FronteggErrorCode,
  TokenSet,
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
