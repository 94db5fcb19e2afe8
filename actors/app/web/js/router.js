// Addresses and pages: every state that is worth a link is in the address; back and forward work.

const base = new URL(document.baseURI).pathname;

/** What is malformed stays as it is. */
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Path below the prefix without a slash at its start, and the query. */
export function here() {
  const path = location.pathname.startsWith(base) ? location.pathname.slice(base.length) : '';
  return { path: path.split('/').map(decoded).join('/'), query: new URLSearchParams(location.search) };
}

/** An address for an <a href>: link('explore/logs', {query: '{a="b"}'}). Ids keep their dots. */
export function link(path, query = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') search.set(name, value);
  }
  const text = search.toString();
  return (path.split('/').map(encodeURIComponent).join('/') || './') + (text ? `?${text}` : '');
}

let onChange = () => {};

/** Goes to link(path, query); replace: without a step in the history. */
export function go(path, query = {}, { replace = false } = {}) {
  const to = new URL(link(path, query), document.baseURI);
  if (to.href === location.href) return;
  history[replace ? 'replaceState' : 'pushState']({}, '', to);
  onChange();
}

/** Changes the query without making the page anew: what the page shows follows it already. */
export function remember(query, { push = false } = {}) {
  const to = new URL(link(here().path, query), document.baseURI);
  if (to.href !== location.href) history[push ? 'pushState' : 'replaceState']({}, '', to);
}

export function begin(changed) {
  onChange = changed;
  addEventListener('popstate', changed);
  document.addEventListener('click', event => {
    const anchor = event.target.closest?.('a[href]');
    if (!anchor || event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey ||
        event.altKey || anchor.target || anchor.hasAttribute('download') || anchor.getAttribute('href').startsWith('#')) return;
    const to = new URL(anchor.href);
    if (to.origin !== location.origin || !to.pathname.startsWith(base) || /^(api|metrics|-)(\/|$)/.test(to.pathname.slice(base.length))) return;
    event.preventDefault();
    if (to.href !== location.href) history.pushState({}, '', to);
    onChange();
  });
  changed();
}
