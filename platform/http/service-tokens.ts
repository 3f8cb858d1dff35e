import { createHmac, timingSafeEqual } from 'node:crypto';

/** Who calls a subgraph: another service, which may do all; or a gateway, which may do what apps may. */
export type SubgraphCaller = 'service' | 'gateway';

/** What the gateway's token is made for: a token made for something else is another one. */
const GATEWAY_LABEL = 'tributary: a gateway calls a subgraph';

/** What a caller of `/metrics` is told who has no service token, where others than this machine can ask. */
export const METRICS_REFUSED = 'Metrics are shown to who sends the service token as bearer.';

const SCHEME = 'bearer ';

/**
 * What a gateway shows to the subgraphs. It is made of the service token, so that there is one secret to hand out, and
 * does not lead back to it: what a gateway sends on behalf of apps never opens inner operations.
 */
export function gatewayTokenOf(serviceToken: string): string {
  return createHmac('sha256', serviceToken).update(GATEWAY_LABEL).digest('base64url');
}

/** @returns Tells callers by what they show as `authorization`; undefined for all others. */
export function createCallerCheck(
  serviceToken: string,
): (authorization: unknown) => SubgraphCaller | undefined {
  const isService = tokenCheck(serviceToken);
  const isGateway = tokenCheck(gatewayTokenOf(serviceToken));
  return (authorization) => {
    const token = bearerOf(authorization);
    if (token === undefined) return undefined;
    if (isService(token)) return 'service';
    return isGateway(token) ? 'gateway' : undefined;
  };
}

/**
 * @param authorization As a header has it, or a socket's first message, which may hold anything.
 * @see https://www.rfc-editor.org/rfc/rfc6750#section-2.1
 */
export function bearerOf(authorization: unknown): string | undefined {
  if (typeof authorization !== 'string') return undefined;
  if (authorization.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return undefined;
  return authorization.slice(SCHEME.length).trim();
}

/** @returns Compares in a time that tells nothing of the token but its length. */
function tokenCheck(expected: string): (given: string) => boolean {
  const wanted = Buffer.from(expected);
  return (given) => {
    const shown = Buffer.from(given);
    return shown.length === wanted.length && timingSafeEqual(shown, wanted);
  };
}
