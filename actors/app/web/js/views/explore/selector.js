// Selectors such as up{job="a", instance=~"b.*"}: read into matchers and written again. The API judges what is right.

const metricName = /^[A-Za-z_:][\w:]*/;
const condition = /^([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*("(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'|`[^`]*`)\s*(?:,|(?=\}))/;

export const operators = ['=', '!=', '=~', '!~'];

const escapes = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\', '"': '"', "'": "'" };
const escape = /\\(?:([abfnrtv\\"'])|(?:x([\dA-Fa-f]{2})|u([\dA-Fa-f]{4})|U00((?:0[\dA-Fa-f]|10)[\dA-Fa-f]{4}))|([0-3][0-7]{2}))/g;
const unquote = text => (text[0] === '`' ? text.slice(1, -1) : text.slice(1, -1).replace(escape, (all, letter, x, u, long, octal) =>
  (letter ? escapes[letter] : String.fromCodePoint(octal ? parseInt(octal, 8) : parseInt(x ?? u ?? long, 16)))));
const quote = text => `"${text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`;

/** [{name, op, value}], a metric's name as __name__; null: it can't be read, only sent as it is. */
export function parse(text) {
  let rest = text.trim();
  const all = [];
  const named = metricName.exec(rest);
  if (named) {
    all.push({ name: '__name__', op: '=', value: named[0] });
    rest = rest.slice(named[0].length).trimStart();
  }
  if (rest === '') return all;
  if (rest[0] !== '{') return null;
  for (rest = rest.slice(1).trimStart(); rest[0] !== '}';) {
    const found = condition.exec(rest);
    if (!found) return null;
    all.push({ name: found[1], op: found[2], value: unquote(found[3]) });
    rest = rest.slice(found[0].length).trimStart();
  }
  return rest.slice(1).trim() === '' ? all : null;
}

export function format(matchers) {
  const named = matchers.find(one => one.name === '__name__' && one.op === '=' && metricName.exec(one.value)?.[0] === one.value);
  const rest = matchers.filter(one => one !== named);
  const text = rest.map(one => `${one.name}${one.op}${quote(one.value)}`).join(', ');
  return (named?.value ?? '') + (text ? `{${text}}` : '');
}

/** With a matcher more, in place of one of the same name and operator. */
export function withMatcher(text, name, op, value) {
  const all = (parse(text) ?? []).filter(one => !(one.name === name && one.op === op && (op === '=' || one.value === value)));
  return format([...all, { name, op, value }]);
}

/** A selector of exactly these labels. */
export const selectorOf = labels => format(Object.entries(labels).map(([name, value]) => ({ name, op: '=', value })));
