// Bodies of Alloy's JSON form (arguments, exports, debug information): reading, showing and comparing them.

import { h, show } from './dom.js';
import { component } from './live.js';
import { link } from './router.js';
import { count } from './format.js';

const secret = '(secret)';
const long = 10;  // more values than this are folded at first

/** Attributes of a body by name, as values of the language. */
export const attributes = body => new Map((body ?? []).filter(one => one.type === 'attr').map(one => [one.name, one.value]));

/** As values of JavaScript; what it has no such for (functions, capsules) is its text. */
export function plain(value) {
  if (value === undefined || value === null) return null;
  if (value.type === 'array') return (value.value ?? []).map(plain);
  if (value.type === 'object') return Object.fromEntries((value.value ?? []).map(one => [one.key, plain(one.value)]));
  return value.value ?? null;
}

const isName = text => /^[A-Za-z_]\w*$/.test(text);
const keyText = key => (isName(key) ? key : JSON.stringify(key));

/** A value in one line, as the language writes it. */
export function valueText(value) {
  if (value === undefined || value === null || value.type === 'null') return 'null';
  if (value.type === 'array') return `[${(value.value ?? []).map(valueText).join(', ')}]`;
  if (value.type === 'object') return `{${(value.value ?? []).map(one => `${keyText(one.key)} = ${valueText(one.value)}`).join(', ')}}`;
  if (value.type === 'string') return value.value === secret ? secret : JSON.stringify(value.value);
  return String(value.value);
}

const blockText = block => (block.label ? `${block.name} "${block.label}"` : block.name);

/** What is exported by a component that runs leads to it. */
function reference(text) {
  const parts = text.split('.');
  for (let n = parts.length - 1; n > 0; --n) {
    const id = parts.slice(0, n).join('.');
    if (component(id)) return h('a', { href: link(`component/${id}`) }, text);
  }
  return text;
}

function scalar(value) {
  if (value?.value === secret) return h('span', { class: 'secret', title: 'Secrets are never shown' }, secret);
  if (value?.type === 'string') {
    // Several lines are legible as what the language calls a raw string.
    const raw = value.value.includes('\n') && !value.value.includes('`');
    return h('span', { class: 'token-string' }, raw ? `\`${value.value}\`` : JSON.stringify(value.value));
  }
  if (value?.type === 'number') return h('span', { class: 'token-number' }, valueText(value));
  if (value?.type === 'capsule') return h('span', { class: 'token-word' }, reference(String(value.value)));
  return h('span', { class: 'token-word' }, valueText(value));
}

/** What can be folded remembers it by its path, so that an update leaves it as it was. */
function fold(begin, end, size, children, path, opened, unit = 'values') {
  const open = opened.get(path) ?? size <= long;
  return h('details', { open, ontoggle: event => opened.set(path, event.target.open) },
    h('summary', {}, begin, h('span', { class: 'folded' }, ` ${count(size)} ${unit} ${end}`)),
    h('div', { class: 'fold-inner' }, children), h('div', {}, end));
}

function showValue(before, value, path, opened) {
  const items = value?.value ?? [];
  const nested = value?.type === 'array' || value?.type === 'object';
  if (!nested || items.length === 0 || (valueText(value).length < 60 && !/[[{]/.test(valueText(value).slice(1)))) {
    if (value?.type !== 'array' || items.length === 0) return h('div', {}, before, nested ? valueText(value) : scalar(value));
    return h('div', {}, before, '[', items.map((one, n) => [n > 0 && ', ', scalar(one)]), ']');
  }
  if (value.type === 'array') {
    return fold([before, '['], ']', items.length, items.map((one, n) => showValue([], one, `${path}/${n}`, opened)), path, opened);
  }
  return fold([before, '{'], '}', items.length,
    items.map(one => showValue([`${keyText(one.key)} = `], one.value, `${path}/${one.key}`, opened)), path, opened);
}

function showItems(body, path, opened) {
  return body.map((one, n) => {
    const here = `${path}/${one.name}/${n}`;
    if (one.type !== 'block') return showValue([h('span', { class: 'token-name' }, one.name), ' = '], one.value, here, opened);
    const begin = [h('span', { class: 'token-block' }, blockText(one)), ' {'];
    if (!one.body?.length) return h('div', {}, begin, ' }');
    return fold(begin, '}', one.body.length, showItems(one.body, here, opened), here, opened, 'lines');
  });
}

/** Shows a body in the language's look; update(body) touches the page only where the body changed. */
export function bodyView(nothing) {
  const opened = new Map();
  const element = h('div', { class: 'alloy-body mono' });
  let shown;
  return {
    element,
    update(body) {
      const text = JSON.stringify(body ?? []);
      if (text === shown) return;
      shown = text;
      show(element, body?.length ? showItems(body, '', opened) : h('p', { class: 'quiet' }, nothing));
    },
  };
}

/** Paths of a body, in order, to one line of text each: `endpoint.basic_auth.username` → `"a"`. */
function flatten(body, prefix, into) {
  const seen = new Map();
  for (const one of body ?? []) {
    let path = prefix + (one.label ? `${one.name}["${one.label}"]` : one.name);
    const nth = seen.get(path) ?? 0;
    seen.set(path, nth + 1);
    if (nth > 0) path += `[${nth}]`;
    if (one.type === 'block') {
      if (one.body?.length) flatten(one.body, `${path}.`, into);
      else into.set(path, '{ }');
    } else if (one.value?.type === 'object') {
      for (const pair of one.value.value ?? []) into.set(`${path}.${keyText(pair.key)}`, valueText(pair.value));
    } else {
      into.set(path, valueText(one.value));
    }
  }
  return into;
}

/** What differs: [{path, before, after}], texts, undefined where there is none. */
export function differences(before, after) {
  const old = flatten(before, '', new Map()), now = flatten(after, '', new Map());
  const paths = new Set([...old.keys(), ...now.keys()]);
  const found = [...paths].filter(path => old.get(path) !== now.get(path))
    .map(path => ({ path, before: old.get(path), after: now.get(path) }));
  if (found.length) return found;
  // Both sides look the same, yet something was updated: it is in what may not be seen.
  const secrets = [...now].filter(([, text]) => text.includes(secret)).map(([path]) => path);
  return secrets.length ? [{ path: secrets.join(' or '), before: secret, after: secret }] : [];
}

export const isSecret = text => text !== undefined && text.includes(secret);
