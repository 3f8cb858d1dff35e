import { messageOf, RuntimeRefusal, UnavailableError } from '../../errors.ts';

/** The engine has understood and says no. The status tells what it has to say no to: see its API. */
export class EngineRefusal extends RuntimeRefusal {
  readonly status: number;

  constructor(status: number, message: string, cause: unknown) {
    super(message, cause);
    this.status = status;
  }
}

/** As the driver tells an answer that is no success. */
interface AnswerError {
  readonly statusCode: number;
  readonly json: unknown;
}

/** What the raft store says where the service was changed after it was read, with a status of no meaning. */
const OUT_OF_SEQUENCE = 'update out of sequence';

/** No manager that decides, too much to do, no answer behind a proxy. */
const BUSY_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** With 500 the engine says both that it could not ask the others and that something is wrong: its words tell which. */
const BUSY = /\b(leader|raft|quorum|deadline exceeded|connection|transport|unavailable|canceled|EOF)\b/i;

/**
 * @returns EngineRefusal where the engine has answered, UnavailableError where it has not, or only that its swarm has
 *   nobody to decide.
 */
export function engineError(engine: string, error: unknown): EngineRefusal | UnavailableError {
  if (!isAnswer(error))
    return new UnavailableError(`Docker at ${engine} does not answer: ${messageOf(error)}`, error);
  const said = readable(saidBy(error));
  const isBusy =
    BUSY_STATUSES.has(error.statusCode) || (error.statusCode === 500 && BUSY.test(saidBy(error)));
  return isBusy
    ? new UnavailableError(`Docker at ${engine} does not answer: ${said}`, error)
    : new EngineRefusal(error.statusCode, said, error);
}

export function isStatus(error: unknown, status: number): boolean {
  return error instanceof EngineRefusal && error.status === status;
}

/** Somebody was faster. */
export function isOutOfSequence(error: unknown): boolean {
  return error instanceof EngineRefusal && error.message === OUT_OF_SEQUENCE;
}

/** Without what the engine's parts say to each other. */
export function readable(message: string): string {
  return message.replaceAll(/rpc error: code = \w+ desc = /g, '').trim();
}

function isAnswer(error: unknown): error is AnswerError {
  return typeof (error as Partial<AnswerError> | undefined)?.statusCode === 'number';
}

function saidBy({ json, statusCode }: AnswerError): string {
  const message = (json as { readonly message?: unknown } | null)?.message;
  return typeof message === 'string' && message !== '' ? message : `status ${statusCode}`;
}
