// Which store is asked, and what to say where there is none or where it holds nothing.

import { getJson } from '../../api.js';
import { h, show } from '../../dom.js';
import { live, stores } from '../../live.js';
import { link } from '../../router.js';

const patience = 20000;  // a store answers one question at a time, each within five seconds

/** The label of the store that a query names, else of the first; undefined: there is none. */
export function chosenStore(name) {
  const labels = stores().map(one => one.label);
  return labels.includes(name) ? name : labels[0];
}

/** Asks a store: askStore('default', 'samples', {match: 'up'}, signal). */
export const askStore = (label, path, parameters, signal) =>
  getJson(`api/v0/store/${encodeURIComponent(label)}/${path}`, parameters, { signal, timeout: patience });

/** The collector's time: the browser's clock may be off. */
export const now = () => live.status?.now_ms ?? 0;

/** A choice among several stores; nothing to see where there is one. */
export function storeChoice(onChange) {
  const select = h('select', { 'aria-label': 'Store', onchange: () => onChange(select.value) });
  const element = h('label', { class: 'field', hidden: true }, 'Store', select);
  let known = '';
  return {
    element,
    set(label) {
      const labels = stores().map(one => one.label);
      element.hidden = labels.length < 2;
      if (known !== labels.join('\n')) {
        show(select, labels.map(one => h('option', { value: one }, one)));
        known = labels.join('\n');
      }
      if (label) select.value = label;
    },
  };
}

const firstRun = `store.local "default" { }

prometheus.exporter.self "default" { }

prometheus.scrape "default" {
	targets    = prometheus.exporter.self.default.targets
	forward_to = [store.local.default.receiver]
}

logging {
	write_to = [store.local.default.logs_receiver]
}

tracing {
	sampling_fraction = 1
	write_to          = [store.local.default.input]
}`;

export const noStore = () => h('div', { class: 'note' },
  h('h2', {}, 'There is no store to look into'),
  h('p', {}, 'Metrics, logs and traces are shown from a ', h('code', {}, 'store.local'),
    ': an embedded store under the storage path. Add one to the configuration and send to it what it should keep. ',
    'This keeps what the collector sees of itself:'),
  h('pre', {}, firstRun),
  h('p', {}, 'Then ', h('a', { href: link('configuration') }, 'check and reload the configuration'), '.'));

const ways = {
  metrics: ['receiver', 'prometheus.scrape', 'forward_to'],
  logs: ['logs_receiver', 'loki.source.file', 'forward_to'],
  traces: ['input', 'otelcol.receiver.otlp', 'traces'],
};

/** For a store that has none of a signal. */
export function nothingKept(label, signal) {
  const [name, from, argument] = ways[signal];
  return h('div', { class: 'empty' },
    h('p', {}, `Nothing kept yet: store.local.${label} has no ${signal}.`),
    h('p', {}, 'Send it some, for example from ', h('code', {}, from), ' with ',
      h('code', {}, `${argument} = [store.local.${label}.${name}]`), '.'));
}

/**
 * What a page of a store waits for: while there is no store it shows `missing`, how to add one; once there is one it calls
 * start(). → {ready, look()}; look() is called whenever that may have changed.
 */
export function withStore(root, store, missing, start) {
  show(root, h('p', { class: 'quiet' }, 'Loading…'));
  const place = {
    ready: false,
    look() {
      if (!live.status) return;
      if (!store()) {
        place.ready = false;
        if (!root.contains(missing)) show(root, missing);
      } else if (!place.ready) {
        place.ready = true;
        start();
      }
    },
  };
  return place;
}
