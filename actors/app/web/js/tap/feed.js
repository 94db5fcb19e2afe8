// The stream of a component's data: opened, split into items, opened again when it ends.

import { stream } from '../api.js';

const separator = '|;|';
const longestPause = 10000;

/**
 * on: {items([text]), state(name, detail)}; names: 'opening', 'open', 'ended' (detail: seconds until the next try),
 * 'refused' (detail: {error, seconds}). → {restart(parameters), retry(), stop()}
 */
export function feed(path, on) {
  let turn = 0, abort, timer, parameters;

  function again(name, detail, failures) {
    const seconds = Math.min(longestPause, 1000 * 2 ** failures) / 1000;
    on.state(name, { ...detail, seconds });
    timer = setTimeout(() => run(failures + 1), seconds * 1000);
  }

  async function run(failures) {
    const mine = ++turn;
    abort?.abort();
    clearTimeout(timer);
    abort = new AbortController();
    let rest = '';
    on.state('opening');
    try {
      for await (const piece of stream(path, parameters, abort.signal)) {
        if (mine !== turn) return;
        on.state('open');
        failures = 0;
        const items = (rest + piece).split(separator);
        rest = items.pop();
        if (items.length) on.items(items.map(one => one.trim()).filter(Boolean));
      }
      if (mine !== turn) return;
      if (rest.trim()) on.items([rest.trim()]);
      again('ended', {}, failures);
    } catch (error) {
      if (mine !== turn || abort.signal.aborted) return;
      again(error.status ? 'refused' : 'ended', { error: error.message, status: error.status }, failures);
    }
  }

  return {
    restart(wanted) {
      parameters = wanted;
      run(0);
    },
    /** Now instead of later: there is reason to hope. */
    retry: () => run(0),
    stop() {
      ++turn;
      abort?.abort();
      clearTimeout(timer);
    },
  };
}
