// One question at a time, and where its error is shown.

import { ApiError } from '../../api.js';
import { setText } from '../../dom.js';

/** Runs questions of one kind: a new one aborts the one before, whose answer nobody waits for any more. */
export function latest() {
  let current = null;
  return {
    get busy() { return current !== null; },
    stop() {
      current?.abort();
      current = null;
    },
    /** work(signal) → answer; then done(answer), or failed(error) unless it was aborted. */
    async run(work, done, failed) {
      this.stop();
      const mine = current = new AbortController();
      try {
        const answer = await work(mine.signal);
        if (mine.signal.aborted) return;
        current = null;
        done(answer);
      } catch (error) {
        if (mine.signal.aborted) return;
        current = null;
        if (!(error instanceof ApiError)) console.error(error);
        failed?.(error);
      }
    },
  };
}

/** Calls f once things have been quiet for a moment: typing must not ask at each key. */
export function settled(f, ms = 300) {
  let timer;
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(f, ms);
  };
  later.stop = () => clearTimeout(timer);
  return later;
}

/** No answer of the collector, or of a proxy in front of it: what is shown stays, and it is tried again. */
export const unreachable = error => [0, 502, 504].includes(error?.status);
/** Whether to ask the same again by itself: what was refused, or takes too long, would be so again. */
export const worthRepeating = error => !error || unreachable(error);

/**
 * Shows an error in the API's words beside the field that it is about: the API begins with the parameter's name.
 * fields: {parameter: show(text)}; `otherwise` gets what belongs to none; all others are cleared. null clears all.
 */
export function placeError(error, fields, otherwise) {
  const words = error?.message ?? '';
  let placed = false;
  for (const [name, put] of Object.entries(fields)) {
    const here = error?.status === 400 && !placed && new RegExp(`^${name}\\b`).test(words);
    put(here ? words : '');
    placed ||= here;
  }
  let rest = placed ? '' : words;
  if (unreachable(error)) rest = `✕ ${words}. What was loaded stays; it is tried again.`;
  else if (rest) rest = `✕ ${rest}`;
  setText(otherwise, rest);
  otherwise.hidden = rest === '';
}
