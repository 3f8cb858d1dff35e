import sniffEncoding from 'html-encoding-sniffer';
import { RunFailure } from '../run-failure.ts';

/**
 * The text of an HTML page, by the encoding that a browser would find: byte order mark, then `charset` of the
 * content type, then `<meta>`. Where nothing says it: UTF-8 if it is that without a flaw, else windows-1252.
 *
 * @see https://html.spec.whatwg.org/multipage/parsing.html#determining-the-character-encoding
 */
export async function decodeHtml(bytes: Uint8Array, charset: string | undefined): Promise<string> {
  const undeclared = 'utf-8?';
  const encoding = sniffEncoding(bytes, {
    ...(charset === undefined ? {} : { transportLayerEncodingLabel: charset }),
    defaultEncoding: undeclared,
  });
  if (encoding !== undeclared) return decode(bytes, encoding);
  return decodeUtf8(bytes) ?? decode(bytes, 'windows-1252');
}

/**
 * The text of a JSON document: UTF-8 as RFC 8259 wants, with or without a byte order mark; else what the
 * header or the mark says.
 *
 * @throws {RunFailure} It is none of them.
 */
export async function decodeJson(bytes: Uint8Array, charset: string | undefined): Promise<string> {
  const text = decodeUtf8(bytes);
  if (text !== undefined) return text;
  const encoding = sniffEncoding(bytes, {
    xml: true,
    ...(charset === undefined ? {} : { transportLayerEncodingLabel: charset }),
  });
  if (encoding === 'UTF-8') throw new RunFailure('BAD_CONTENT', 'The answer is not valid UTF-8.');
  return decode(bytes, encoding);
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

async function decode(bytes: Uint8Array, encoding: string): Promise<string> {
  if (encoding === 'UTF-8') return new TextDecoder().decode(bytes);
  // Not the platform's decoder: Node 20 reads windows-1252 as Latin-1, and lacks some encodings.
  const { TextDecoder: WhatwgTextDecoder } = await import('@exodus/bytes/encoding.js');
  try {
    return new WhatwgTextDecoder(encoding).decode(bytes);
  } catch (cause) {
    throw new RunFailure('BAD_CONTENT', `The page is in an encoding that cannot be read: ${encoding}.`, {
      cause,
    });
  }
}
