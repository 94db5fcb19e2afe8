// What the collector is doing, asked every two seconds while somebody looks: components, edges, and their rates.

import { getJson } from './api.js';
import { rates } from './rate.js';

const every = 2000;
const window_ms = 10000;  // what is going on right now: over this long

const listeners = new Set();
let history = [];  // answers of the last `window_ms`, oldest first
const counters = rates();
let timer;
let asking = false;

/**
 * state: 'connecting' | 'live' | 'lost'; status: the last answer of api/v0/web/status (stays when the connection is
 * lost); error: why it is lost; since: when that was noticed.
 */
export const live = { state: 'connecting', status: null, error: '', since: 0, restarted: 0 };

/** Calls f(live) now, if there is something, and after each change; returns a function that ends it. */
export function listen(f) {
  listeners.add(f);
  if (live.status || live.state !== 'connecting') f(live);
  return () => listeners.delete(f);
}

const edgeKey = edge => `${edge.from}\n${edge.to}`;

/** Per second, over the window; null while there is nothing to compare with. */
function perSecond(old, now, elapsed_ms) {
  return old === undefined || elapsed_ms <= 0 || now < old ? null : ((now - old) * 1000) / elapsed_ms;
}

/** Adds to each edge `rate` (settled items per second), `pushRate` and `dropRate`, to each component `in`, `out` and `busy`. */
function addRates(status) {
  const before = history[0];
  const elapsed = before ? status.now_ms - before.now_ms : 0;
  const edgesBefore = new Map((before?.edges ?? []).map(edge => [edgeKey(edge), edge]));
  const componentsBefore = new Map((before?.components ?? []).map(one => [one.id, one]));
  const incoming = new Map(), outgoing = new Map();
  const steady = (name, value) => counters.see(name, value, status.now_ms);
  const add = (map, id, value) => value !== null && map.set(id, (map.get(id) ?? 0) + value);
  for (const edge of status.edges) {
    const old = edgesBefore.get(edgeKey(edge));
    edge.rate = steady(`settled\n${edgeKey(edge)}`, edge.settled.items);
    edge.pushRate = steady(`pushed\n${edgeKey(edge)}`, edge.pushed.items);
    const drops = edge => Object.values(edge.dropped).reduce((sum, one) => sum + one.items, 0);
    edge.droppedItems = drops(edge);
    edge.dropRate = perSecond(old && drops(old), edge.droppedItems, elapsed);
    edge.stuck = elapsed > 4000 && edge.in_flight.items > 0 && (old?.in_flight.items ?? 0) > 0 && old.settled.items === edge.settled.items;
    add(incoming, edge.to, edge.pushRate);
    add(outgoing, edge.from, edge.pushRate);
  }
  for (const one of status.components) {
    const old = componentsBefore.get(one.id);
    // What crosses the border of the process counts where there is such: what a source reads, what a writer sends.
    one.in = steady(`received\n${one.id}`, one.outside?.received) || null;
    one.out = steady(`delivered\n${one.id}`, one.outside?.delivered);
    if (incoming.has(one.id)) one.in = incoming.get(one.id);
    if (outgoing.has(one.id)) one.out = outgoing.get(one.id);
    one.busy = perSecond(old?.busy_seconds, one.busy_seconds, elapsed);
  }
  status.cpu = perSecond(before?.process.cpu_seconds, status.process.cpu_seconds, elapsed);
  counters.sweep();
}

function take(status) {
  if (live.status && live.status.started_ms !== status.started_ms) {
    history = [];
    counters.forget();
    ++live.restarted;
  }
  addRates(status);
  history.push(status);
  while (history.length > 1 && status.now_ms - history[0].now_ms > window_ms) history.shift();
  if (history.length > 1 && status.now_ms <= history[history.length - 2].now_ms) history = [status];  // its clock was set
  live.state = 'live';
  live.status = status;
  live.error = '';
}

async function ask() {
  if (asking) return;
  asking = true;
  clearTimeout(timer);
  try {
    take(await getJson('api/v0/web/status', {}, { timeout: 5000 }));
  } catch (error) {
    if (live.state !== 'lost') live.since = Date.now();
    live.state = 'lost';
    live.error = error.message;
  }
  asking = false;
  for (const f of [...listeners]) f(live);
  if (!document.hidden) timer = setTimeout(ask, every);
}

/** Asks at once: something was changed. */
export const refresh = ask;

export function begin() {
  document.addEventListener('visibilitychange', () => !document.hidden && ask());
  ask();
}

export const component = id => live.status?.components.find(one => one.id === id);
export const stores = () => (live.status?.components ?? []).filter(one => one.name === 'store.local');
