/**
 * What an access token says of itself, **not verified**: for display and scheduling, never to
 * decide on access.
 */
export interface Claims {
  /** The client id of the API token. */
  readonly sub?: string;
  /** The account that the API token belongs to. */
  readonly tenantId?: string;
  /** `tenantApiToken` or `userApiToken`. */
  readonly type?: string;
  /** When the token was issued, in seconds since 1970 by the service's clock. */
  readonly iat?: number;
  /** When the token expires, in seconds since 1970 by the service's clock. */
  readonly exp?: number;
  /** Any other claim. */
  readonly [claim: string]: unknown;
}

/** @internal The claims of a token that is a readable JWT. */
export function decode(token: string): Claims | undefined {
  const [, payload, , ...more] = token.split('.');
  if (payload === undefined || more.length > 0) return undefined;
  try {
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    return typeof claims === 'object' && !Array.isArray(claims) ? Object.freeze(claims) : undefined;
  } catch {
    return undefined;
  }
}
