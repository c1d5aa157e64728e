import { withTimeout } from './timeout'
import { describeValue, isSignableText } from './validate'

/**
 * Calls an application's function that returns the text of a challenge.
 *
 * @param owner - the class or function whose option "message" it is
 * @param timeout - in milliseconds
 * @throws {TypeError} when the function returned no text
 * @throws whatever the function throws, or an error when it times out
 * @internal
 */
export async function callMessage<Request extends object>(
  owner: string,
  message: (req: Request) => unknown,
  req: Request,
  timeout: number,
): Promise<string> {
  const timedOut = `${owner}: option "message" did not return within ${timeout} ms`
  const text: unknown = await withTimeout(timeout, timedOut, () => message(req))
  if (isSignableText(text)) return text
  throw new TypeError(`${owner}: option "message" must return a non-empty string; got ${describeValue(text)}`)
}
