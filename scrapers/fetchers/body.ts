import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib';
import { RunFailure } from '../run-failure.ts';

/** What we say that we can decode. Zstandard has to wait for Node 22. */
export const ACCEPT_ENCODING = 'gzip, br, deflate';

const decoders: Readonly<Record<string, (bytes: Buffer, bytesMax: number) => Promise<Buffer>>> = {
  gzip: (bytes, maxOutputLength) => promisify(gunzip)(bytes, { maxOutputLength }) as Promise<Buffer>,
  br: (bytes, maxOutputLength) => promisify(brotliDecompress)(bytes, { maxOutputLength }) as Promise<Buffer>,
  // The name means zlib's format; some servers send the bare one.
  deflate: (bytes, maxOutputLength) =>
    promisify(hasZlibHeader(bytes) ? inflate : inflateRaw)(bytes, { maxOutputLength }) as Promise<Buffer>,
};

/**
 * Reads a body to its end and undoes its content encodings.
 *
 * @param contentEncoding The header, as it came.
 * @param bytesMax For the body as sent, and after each decoding: a small bomb does not grow beyond it.
 * @throws {RunFailure} TOO_LARGE, BAD_CONTENT, or CONNECTION_FAILED where it was cut off.
 */
export async function readBody(body: Readable, contentEncoding: string, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bytesMax) throw tooLarge(bytesMax);
    chunks.push(chunk);
  }
  return decodeContent(Buffer.concat(chunks, size), contentEncoding, bytesMax);
}

async function decodeContent(body: Buffer, contentEncoding: string, bytesMax: number): Promise<Buffer> {
  const names = contentEncoding
    .toLowerCase()
    .split(',')
    .map((name) => name.trim().replace(/^x-/, ''))
    .filter((name) => name !== '' && name !== 'identity');
  // Nobody encodes more than twice: a longer list is made to keep us busy.
  if (names.length > 2) throw new RunFailure('BAD_CONTENT', 'The answer is compressed again and again.');
  let bytes = body;
  for (const name of names.reverse()) {
    if (bytes.length === 0) return bytes;
    const decoder = decoders[name];
    if (!decoder)
      throw new RunFailure('BAD_CONTENT', `The answer is encoded as "${name}", which is unknown.`);
    try {
      bytes = await decoder(bytes, bytesMax);
    } catch (cause) {
      throw decodingFailure(cause, name, bytesMax);
    }
  }
  return bytes;
}

function decodingFailure(cause: unknown, name: string, bytesMax: number): RunFailure {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(bytesMax);
  if (code === 'Z_BUF_ERROR') {
    return new RunFailure('CONNECTION_FAILED', 'The answer ends before its compressed data does.', {
      retryable: true,
      cause,
    });
  }
  return new RunFailure('BAD_CONTENT', `The answer says it is compressed with ${name}, and is not.`, {
    cause,
  });
}

/** @see https://www.rfc-editor.org/rfc/rfc1950#section-2.2 */
function hasZlibHeader(bytes: Buffer): boolean {
  const [cmf = 0, flg = 0] = bytes;
  return (cmf & 0x0f) === 8 && ((cmf << 8) | flg) % 31 === 0;
}

function tooLarge(bytesMax: number): RunFailure {
  const limit = 'PAGE_BYTES_MAX';
  return new RunFailure('TOO_LARGE', `The page is larger than ${bytesMax} bytes, the limit ${limit}.`, {
    limit,
  });
}
