// The frame around the pages: navigation, the state of the connection, light and dark, keys.

import { h, show, setText } from './dom.js';
import * as router from './router.js';
import * as status from './live.js';
import { dateTime } from './format.js';

// A page's module: `title(params)` and default function mount(root, {params, query}) → {update(live)?, query(query)?, destroy()?}
// `query` is called instead of a new mount where only the query changed.
const pages = [
  { name: 'Overview', path: '', pattern: /^$/, key: 'o', load: () => import('./views/overview.js') },
  { name: 'Graph', path: 'graph', pattern: /^graph$/, key: 'g', load: () => import('./views/graph.js') },
  { name: 'Metrics', path: 'explore/metrics', pattern: /^explore\/metrics$/, key: 'm', load: () => import('./views/explore/metrics.js') },
  { name: 'Logs', path: 'explore/logs', pattern: /^explore\/logs$/, key: 'l', load: () => import('./views/explore/logs.js') },
  { name: 'Traces', path: 'explore/traces', pattern: /^explore\/traces(?:\/([0-9a-f]+))?$/, key: 't', load: () => import('./views/explore/traces.js') },
  { name: 'Configuration', path: 'configuration', pattern: /^configuration$/, key: 'c', load: () => import('./views/configuration.js') },
  { pattern: /^component\/(.+)$/, load: () => import('./views/component.js') },
  { pattern: /^debug\/(.+)$/, load: () => import('./views/tap.js') },
];

const view = document.getElementById('view');
const nav = document.getElementById('nav');
const banner = document.getElementById('banner');
const keys = document.getElementById('keys');
let current = { path: null, page: null, mounted: null };
let turn = 0;

async function changed() {
  const { path, query } = router.here();
  for (const anchor of nav.children) {
    const on = anchor.dataset.path === '' ? path === '' : path.startsWith(anchor.dataset.path);
    if (on) anchor.setAttribute('aria-current', 'page');
    else anchor.removeAttribute('aria-current');
  }
  if (path === current.path && current.mounted?.query) return current.mounted.query(query);
  const mine = ++turn;
  current.mounted?.destroy?.();
  current = { path, page: null, mounted: null };
  const page = pages.find(one => one.pattern.test(path));
  if (!page) {
    document.title = 'Not found · Troupe';
    show(view, h('div', { class: 'empty' }, h('h1', {}, 'There is no such page'), h('a', { href: './' }, 'To the overview')));
    return;
  }
  const params = page.pattern.exec(path).slice(1);
  let module;
  try {
    module = await page.load();
  } catch {
    if (mine === turn) show(view, h('p', { class: 'note bad' }, 'This page could not be loaded: the collector cannot be reached. It is tried again when it is back.'));
    current.path = null;
    return;
  }
  if (mine !== turn) return;
  document.title = `${module.title(params)} · Troupe`;
  const root = h('div', { class: 'page' });
  show(view, root);
  current.page = page;
  current.mounted = module.default(root, { params, query }) ?? {};
  if (status.live.status) current.mounted.update?.(status.live);
  view.focus({ preventScroll: true });
  scrollTo(0, 0);
}

function showState(live) {
  const lost = live.state === 'lost';
  const notReady = live.status && !live.status.ready;
  const failed = live.status?.load && !live.status.load.ok;
  banner.hidden = !(lost || notReady || failed);
  banner.className = lost || failed ? 'bad' : 'busy';
  if (lost) {
    setText(banner, `✕ No connection since ${dateTime(live.since)}: ${live.error}. It is tried again every two seconds; what is shown may be old.`);
  } else if (notReady) {
    setText(banner, '… The collector is starting: its configuration is not running yet.');
  } else if (failed) {
    if (!banner.querySelector('a')) show(banner, '✕ The last reload failed; the configuration before it goes on. ', h('a', { href: 'configuration' }, 'What was wrong'));
  }
  document.body.classList.toggle('stale', lost);
  if (live.status) setText(document.getElementById('where'), `${live.status.instance} · ${live.status.version}`);
}

function theme() {
  const wanted = localStorage.getItem('theme');
  if (wanted) document.documentElement.dataset.theme = wanted;
  document.getElementById('theme').addEventListener('click', () => {
    const dark = document.documentElement.dataset.theme
      ? document.documentElement.dataset.theme === 'dark'
      : matchMedia('(prefers-color-scheme: dark)').matches;
    const next = dark ? 'light' : 'dark';
    document.documentElement.dataset.theme = next;
    localStorage.setItem('theme', next);
    dispatchEvent(new Event('themechange'));
  });
}

function keyboard() {
  show(keys, h('h2', {}, 'Keyboard'), h('dl', { class: 'pairs' },
    pages.filter(one => one.key).map(one => [h('dt', {}, h('kbd', {}, 'g'), ' ', h('kbd', {}, one.key)), h('dd', {}, one.name)]),
    h('dt', {}, h('kbd', {}, '/')), h('dd', {}, 'Search'),
    h('dt', {}, h('kbd', {}, '?')), h('dd', {}, 'This list'),
    h('dt', {}, h('kbd', {}, 'Esc')), h('dd', {}, 'Close')),
    h('p', {}, h('a', { href: 'assets/LICENSES', target: '_blank' }, 'Licences of what this page uses')),
    h('form', { method: 'dialog' }, h('button', {}, 'Close')));
  let first = '';
  document.addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, select, textarea, dialog')) return;
    if (first === 'g') {
      first = '';
      const page = pages.find(one => one.key === event.key);
      if (page) return router.go(page.path);
    }
    if (event.key === 'g') {
      first = 'g';
      setTimeout(() => { first = ''; }, 1000);
    } else if (event.key === '?') {
      keys.showModal();
    } else if (event.key === '/') {
      const search = view.querySelector('input[type=search]');
      if (search) {
        event.preventDefault();
        search.focus();
      }
    }
  });
}

show(nav, pages.filter(one => one.name).map(one =>
  h('a', { href: router.link(one.path), dataset: { path: one.path }, title: `g ${one.key}` }, one.name)));
theme();
keyboard();
router.begin(changed);
let wasLost = false;
status.listen(live => {
  showState(live);
  if (wasLost && live.state === 'live' && current.path === null) changed();
  wasLost = live.state === 'lost';
  if (live.status) current.mounted?.update?.(live);
});
status.begin();
