/**
 * An image's HEALTHCHECK: asks the service of this container whether it lives, at PORT and HOST as the service has them,
 * or at the port that is the first argument. Exits with 0 where it does, else with 1 and a line that says why. A service
 * that took any port cannot be asked, and says by ending that it does not live. Imports nothing of ours: it is run again
 * and again, and must cost next to nothing.
 */
import { get } from 'node:http';

/** A process whose event loop stands still for so long serves nobody; with the start of this one less than 3 s. */
const ANSWER_MS_MAX = 2_500;
/** Where one listens everywhere, it is reached there. */
const EVERYWHERE: ReadonlySet<string> = new Set(['', '0.0.0.0', '::']);

function end(exitCode: 0 | 1, line: string): never {
  console.log(line);
  process.exit(exitCode);
}

const { HOST = '' } = process.env;
const port = process.argv[2] ?? process.env.PORT ?? '';
if (port === '' || port === '0') end(0, 'not asked: PORT does not say where');

const host = EVERYWHERE.has(HOST) ? '127.0.0.1' : HOST;
setTimeout(() => end(1, `no answer in ${ANSWER_MS_MAX} ms`), ANSWER_MS_MAX);
get({ host, port, path: '/healthz', agent: false }, ({ statusCode }) =>
  end(statusCode === 200 ? 0 : 1, `answered ${statusCode}`),
).on('error', (error) => end(1, error.message));
