import { type Claims, decode } from './claims.js';

/** The latest that a `Date` can express. */
const LATEST = 8.64e15;

/**
 * What is known of the current token of a source. It shows no token when it is logged,
 * inspected, or turned into a string or JSON.
 */
export class TokenInfo {
  readonly #token: string;
  /**
   * When it expires, by the system's clock as it stood when the token was asked for. A date
   * later than the last that a `Date` can express is that last one.
   */
  readonly expiresAt: Date;
  /** From when on it is renewed, by the same clock. */
  readonly renewalDueAt: Date;
  /** What the source got it by. */
  readonly origin: 'authenticate' | 'refresh' | 'store';
  #claims: Claims | undefined | null = null;

  /** @internal */
  constructor(
    token: string,
    expiresAt: number | undefined,
    renewalDueAt: number | undefined,
    origin: string | undefined,
  ) {
    this.#token = token;
    this.expiresAt = date(expiresAt);
    this.renewalDueAt = date(renewalDueAt);
    this.origin = origin as 'authenticate' | 'refresh' | 'store';
  }

  /**
   * The claims of the token, **not verified**; `undefined` where it is no readable JWT.
   * Decoded on first use.
   */
  get claims(): Claims | undefined {
    if (this.#claims === null) this.#claims = decode(this.#token);
    return this.#claims;
  }
}

function date(milliseconds = LATEST): Date {
  return new Date(Math.min(milliseconds, LATEST));
}
