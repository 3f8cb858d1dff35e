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

/**
 * @returns EngineRefusal where the engine has answered, UnavailableError where it has not, or only that its swarm has
 *   nobody to decide.
 */
export function engineError(engine: string, error: unknown): EngineRefusal | UnavailableError {
  if (!isAnswer(error))
    return new UnavailableError(`Docker at ${engine} does not answer: ${messageOf(error)}`, error);
  const said = readable(saidBy(error));
  const isBusy = error.statusCode >= 500 || error.statusCode === 429;
  return isBusy && said !== OUT_OF_SEQUENCE
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
