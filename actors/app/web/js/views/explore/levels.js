// The level of a log line: found in what comes with the line or in its text, shown as a sign and a word; and the question
// for lines of some levels, which the store knows nothing about: by a label where a stream has one, else by the text.

import { h } from '../../dom.js';

// In the order of weight. `words`: as the field writes it.
export const levels = [
  { name: 'error', sign: '✕', words: ['error', 'err', 'fatal', 'critical', 'crit', 'panic', 'alert', 'emerg', 'emergency'] },
  { name: 'warn', sign: '▲', words: ['warn', 'warning'] },
  { name: 'info', sign: 'i', words: ['info', 'information', 'notice'] },
  { name: 'debug', sign: '·', words: ['debug', 'trace', 'dbg', 'verbose'] },
];
const byWord = new Map(levels.flatMap(one => one.words.map(word => [word, one.name])));
export const levelLabels = ['level', 'detected_level', 'severity', 'severity_text', 'lvl', 'loglevel'];

const key = '(?:level|lvl|severity|severity_text|loglevel)';
const inText = new RegExp(`\\b${key}"?\\s*[=:]\\s*"?([a-z]+)\\b`, 'i');
const looked_at = 2000;

/** The name of a level, or '' where none is known. */
export function levelOf(line, labels, metadata) {
  for (const from of [metadata, labels]) {
    for (const name of levelLabels) {
      const known = from?.[name] && byWord.get(from[name].toLowerCase());
      if (known) return known;
    }
  }
  const found = inText.exec(line.length > looked_at ? line.slice(0, looked_at) : line);
  return (found && byWord.get(found[1].toLowerCase())) || '';
}

export function levelMark(name) {
  const level = levels.find(one => one.name === name);
  return h('span', { class: `level level-${name || 'other'}` }, h('span', { 'aria-hidden': 'true' }, level?.sign ?? ''), h('span', {}, name || '–'));
}

const wordsOf = names => levels.filter(one => names.includes(one.name)).flatMap(one => one.words).join('|');

/** RE2 has no "and": one expression for lines that match both, whichever comes first. */
const both = (a, b) => `(?s:(?:${a}).*(?:${b}))|(?s:(?:${b}).*(?:${a}))`;

/**
 * The questions whose answers together are the lines of these levels: [{query, contains, regex, …}].
 * labels: names of the streams' labels; add(text, name, op, value) adds a matcher to a selector.
 */
export function questionsFor(question, names, labels, add) {
  if (names.length === 0) return [question];
  const words = wordsOf(names);
  const text = `(?i:\\b${key}"?\\s*[=:]\\s*"?(?:${words})\\b)`;
  const regex = question.regex ? both(text, question.regex) : text;
  const label = levelLabels.find(one => labels.includes(one));
  if (!label) return [{ ...question, regex }];
  return [
    { ...question, query: add(question.query, label, '=~', `(?i:${words})`) },
    { ...question, query: add(question.query, label, '=', ''), regex },
  ];
}
