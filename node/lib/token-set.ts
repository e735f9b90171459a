import { type Claims, decode } from './claims.js';

const HIDDEN = '[hidden]';

/**
 * The answer of one authentication or refresh.
 *
 * It shows no token when it is logged, inspected, or turned into a string or JSON: to keep
 * one, take {@link TokenSet.accessToken} or {@link TokenSet.refreshToken}.
 */
export class TokenSet {
  readonly #accessToken: string;
  readonly #refreshToken: string | undefined;
  readonly #lifetime: number | undefined;
  readonly #expires: string | undefined;
  readonly #traceId: string | undefined;
  readonly #receivedAt: number;
  #claims: Claims | undefined | null = null;

  /** @internal */
  constructor(
    accessToken: string,
    refreshToken: string | undefined,
    lifetime: number | undefined,
    expires: string | undefined,
    traceId: string | undefined,
    receivedAt: number,
  ) {
    this.#accessToken = accessToken;
    this.#refreshToken = refreshToken;
    this.#lifetime = lifetime;
    this.#expires = expires;
    this.#traceId = traceId;
    this.#receivedAt = receivedAt;
  }

  /** The access token, to be sent as `Authorization: Bearer`. */
  get accessToken(): string {
    return this.#accessToken;
  }

  /**
   * The single-use refresh token. A workspace without rotation may leave it out of a refresh.
   */
  get refreshToken(): string | undefined {
    return this.#refreshToken;
  }

  /**
   * How long the access token lives, in milliseconds from the moment before it was asked for;
   * `undefined` where neither the answer nor the token says: then use it once.
   */
  get lifetime(): number | undefined {
    return this.#lifetime;
  }

  /**
   * The answer's `expires` as the service wrote it. Services were seen to send anything here;
   * nothing in this library reads it.
   */
  get expires(): string | undefined {
    return this.#expires;
  }

  /** The `frontegg-trace-id` of the answer: what Frontegg's support asks for. */
  get traceId(): string | undefined {
    return this.#traceId;
  }

  /** When the answer had been read, by the system's clock. */
  get receivedAt(): Date {
    return new Date(this.#receivedAt);
  }

  /**
   * The claims of the access token, **not verified**; `undefined` where it is no readable JWT.
   * Decoded on first use.
   */
  get claims(): Claims | undefined {
    if (this.#claims === null) this.#claims = decode(this.#accessToken);
    return this.#claims;
  }

  /** What may be shown. */
  toJSON(): Record<string, unknown> {
    return {
      accessToken: HIDDEN,
      refreshToken: this.#refreshToken === undefined ? undefined : HIDDEN,
      lifetime: this.#lifetime,
      expires: this.#expires,
      traceId: this.#traceId,
      receivedAt: this.receivedAt,
    };
  }

  /** What may be shown. */
  toString(): string {
    return `TokenSet ${JSON.stringify(this)}`;
  }

  /** @internal What `console.log` shows. */
  [Symbol.for('nodejs.util.inspect.custom')](
    _depth: number,
    options: object,
    inspect: (value: unknown, options: object) => string,
  ): string {
    return `TokenSet ${inspect(this.toJSON(), options)}`;
  }
}
