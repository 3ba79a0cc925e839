/** Gives up on an answer that only drips: a limit on silence alone lets one byte a minute hold a lane for ever. */
import { TransportError } from './transport.ts';

const leastBytes = 64 * 1024;
/** Of the longest silence that is allowed: hooks that run for long send a few bytes now and then. */
const patience = 10;

export async function* brisk(chunks: AsyncIterable<Buffer>, silenceMs: number): AsyncGenerator<Buffer> {
  let [since, bytes] = [performance.now(), 0];
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes >= leastBytes) [since, bytes] = [performance.now(), 0];
    if (performance.now() - since > patience * silenceMs) {
      const seconds = Math.round((patience * silenceMs) / 1000);
      throw new TransportError('unreachable', `the server sent only ${bytes} bytes in ${seconds} s`);
    }
    yield chunk;
  }
}
