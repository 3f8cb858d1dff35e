/**
 * Content-Security-Policy of the GraphiQL page, as one header value. The tests of the page run under it.
 *
 * Everything comes from our own origin. Three allowances go beyond that, each because Monaco leaves no choice:
 * inline styles (it places every line and writes its themes by the `style` attribute and `<style>`), and fonts
 * and images as `data:` (its stylesheets embed them). Scripts and workers need no allowance: no inline script,
 * no `eval`, no `blob:` worker.
 *
 * `'self'` in `connect-src` covers WebSockets of the same host and port, ws beside http and wss beside https.
 *
 * @see https://www.w3.org/TR/CSP3/
 */
export const graphiqlPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
