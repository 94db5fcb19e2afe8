// What a log line says in parts: logfmt or JSON.

const most_text = 256 << 10;
const most_fields = 100;
const pair = /([\w.@/-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))(?=\s|$)/y;

function logfmt(line) {
  const found = [];
  let at = 0;
  while (at < line.length && found.length < most_fields) {
    while (line[at] === ' ') ++at;
    pair.lastIndex = at;
    const one = pair.exec(line);
    if (!one) {
      // A word without a value is no field; a text with a few pairs in it has them all the same.
      const blank = line.indexOf(' ', at);
      if (blank < 0) break;
      at = blank + 1;
      continue;
    }
    found.push([one[1], one[2] === undefined ? one[3] : one[2].replace(/\\(.)/g, (all, c) => ({ n: '\n', t: '\t' }[c] ?? c))]);
    at = pair.lastIndex;
  }
  return found;
}

/** [[name, text]], in the order of the line. */
export function fieldsOf(line) {
  if (line.trimStart().startsWith('{') && line.length <= most_text) {
    try {
      const read = JSON.parse(line);
      return Object.entries(read).slice(0, most_fields).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]);
    } catch { /* it only looks like it */ }
  }
  return logfmt(line.length > most_text ? line.slice(0, most_text) : line);
}

const namesTrace = name => /traceid$/.test(name.replace(/[_.-]/g, '').toLowerCase());
const isTrace = value => /^[0-9a-f]{32}$/i.test(value);

/** The trace that a line belongs to, if it says so: by what comes with it, or by its fields. */
export function traceOf(pairs) {
  return pairs.find(([name, value]) => namesTrace(name) && isTrace(value))?.[1].toLowerCase();
}
