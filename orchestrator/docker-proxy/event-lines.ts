import { Transform } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** One event of the engine has some hundred characters; a line without an end is none. */
const LINE_CHARACTERS_MAX = 1024 * 1024;

/**
 * Lets lines through as they come, each as `shown` has it or not at all.
 *
 * @param shown Told a line without its end. @returns undefined to leave it out.
 */
export function eventLines(shown: (line: string) => string | undefined): Transform {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > LINE_CHARACTERS_MAX) return done(new Error('an event of the engine has no end'));
      const told = lines.map(shown).filter((line) => line !== undefined);
      done(null, told.length === 0 ? undefined : `${told.join('\n')}\n`);
    },
  });
}
