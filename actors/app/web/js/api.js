// Asking the collector. Everything is relative to <base>, so a path prefix needs nothing more.

export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;  // 0: there was no answer
  }
}

/** The API's own words, where an error has some. */
function wordsOf(text, status) {
  try {
    const said = JSON.parse(text);
    if (said.error) return said.error;
  } catch { /* plain text */ }
  return text.trim().slice(0, 2000) || `the collector answered ${status}`;
}

export function url(path, parameters = {}) {
  const made = new URL(path, document.baseURI);
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined || value === null || value === '') continue;
    for (const one of [value].flat()) made.searchParams.append(name, one);
  }
  return made;
}

async function ask(address, { method = 'GET', signal, timeout = 10000 } = {}) {
  const patience = AbortSignal.timeout(timeout);
  let answer;
  try {
    answer = await fetch(address, {
      method,
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
      credentials: 'same-origin',
    });
    const text = await answer.text();
    if (!answer.ok) throw new ApiError(wordsOf(text, answer.status), answer.status);
    return text;
  } catch (error) {
    if (error instanceof ApiError || signal?.aborted) throw error;
    throw new ApiError(patience.aborted ? `no answer within ${timeout / 1000} s` : 'the collector cannot be reached', 0);
  }
}

/** JSON of a path, such as getJson('api/v0/web/status'); throws ApiError, or an AbortError by `options.signal`. */
export async function getJson(path, parameters, options) {
  return JSON.parse(await ask(url(path, parameters), options));
}

export async function postJson(path, parameters, options) {
  return JSON.parse(await ask(url(path, parameters), { timeout: 60000, ...options, method: 'POST' }));
}

export async function post(path, options) {
  return ask(url(path), { timeout: 60000, ...options, method: 'POST' });
}

/** Pieces of a body as they come, the first one empty when the answer begins; ends when the stream does. The caller aborts by `signal`. */
export async function* stream(path, parameters, signal) {
  const answer = await fetch(url(path, parameters), { signal, credentials: 'same-origin' });
  if (!answer.ok) throw new ApiError(wordsOf(await answer.text(), answer.status), answer.status);
  yield '';
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}
