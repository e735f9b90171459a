/** The endpoint's three ways to be given; exactly one must be. */
export type EndpointOptions =
  | {
      /** The shared host of a region. A refresh there wants a `vendorHost`. */
      readonly region: 'eu' | 'us' | 'ca' | 'au';
      readonly domain?: undefined;
      readonly baseUrl?: undefined;
    }
  | {
      /** An own domain: `acme` (for `acme.frontegg.com`) or a full host name. */
      readonly domain: string;
      readonly region?: undefined;
      readonly baseUrl?: undefined;
    }
  | {
      /** A URL; `/identity` is appended unless its path already ends in it. */
      readonly baseUrl: string;
      readonly region?: undefined;
      readonly domain?: undefined;
    };

/** How a call is repeated. What is left out has the library's default. */
export interface RetryOptions {
  /**
   * How many requests a call makes at most; 1 turns retries off. By default 4, but 2 where the answers of
   * authentications are lost: each may have taken one of the 100 refresh tokens that the service keeps alive.
   */
  readonly maxAttempts?: number | undefined;
  /** The first wait, in milliseconds, is drawn from zero to this; it doubles. 250 by default. */
  readonly baseDelay?: number | undefined;
  /** The widest that the range becomes, in milliseconds. 5,000 by default. */
  readonly maxDelay?: number | undefined;
}

/** Settings beside the endpoint. What is left out has the library's default. */
export interface CommonOptions {
  /**
   * The host name that stands for the workspace, sent on refresh. By default that of an own
   * domain; the host of a region needs it.
   */
  readonly vendorHost?: string | undefined;
  /** Allow plain `http` to a host that is not loopback. Off by default. */
  readonly allowHttp?: boolean | undefined;
  /** How long to connect at most, in milliseconds, TLS included. 5,000 by default. */
  readonly connectTimeout?: number | undefined;
  /** How long one request takes at most, in milliseconds. 10,000 by default. */
  readonly attemptTimeout?: number | undefined;
  /**
   * How long a call takes at most, in milliseconds, with all its attempts and waits, counted
   * from when a thread takes it up. 30,000 by default.
   */
  readonly deadline?: number | undefined;
  /** When and how often to repeat a request. */
  readonly retry?: RetryOptions | undefined;
  /**
   * `'environment'` (the default), `'none'`, or the URL of a proxy. A plain `http` endpoint
   * through a proxy that is given needs `allowHttp`.
   */
  readonly proxy?: 'environment' | 'none' | (string & {}) | undefined;
  /**
   * Whose certificates to trust: the platform's (the default) or Mozilla's as bundled. At most
   * one of `roots`, `caPem` and `caFile` can be given.
   */
  readonly roots?: 'platform' | 'bundled' | undefined;
  /** Trust the certificates in this PEM text, and no others. */
  readonly caPem?: string | Uint8Array | undefined;
  /** Trust the certificates in this PEM file, and no others. It is read at once. */
  readonly caFile?: string | undefined;
  /** A certificate chain and its private key to present, both in PEM. */
  readonly clientCertificate?:
    | { readonly chain: string | Uint8Array; readonly key: string | Uint8Array }
    | undefined;
  /** Headers to send with every request, for gateways that ask for one. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A token to send as `Authorization: Bearer`. None by default: the service wants none. */
  readonly bearer?: string | undefined;
  /** Names the calling program behind this library's own `User-Agent`. */
  readonly userAgentSuffix?: string | undefined;
}

/** The settings of a client: an endpoint, and whatever should not be at its default. */
export type ClientOptions = EndpointOptions & CommonOptions;
