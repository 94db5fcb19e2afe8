// The configuration as it runs: its text with the health of its blocks, what the last load said, and loading it again.

import { h, setText, show } from '../dom.js';
import { getJson, post, postJson } from '../api.js';
import { component, live, refresh } from '../live.js';
import { link } from '../router.js';
import { count, dateTime, oneLine } from '../format.js';
import { bodyView, differences, isSecret } from '../body.js';

export const title = () => 'Configuration';

const token = new RegExp([
  String.raw`(?<comment>//[^\n]*|/\*[^]*?(?:\*/|$))`,
  String.raw`(?<secret>"?\(secret\)"?)`,
  String.raw`(?<string>"(?:\\.|[^"\\\n])*"?|\`[^\`]*\`?)`,
  String.raw`(?<number>\b\d[\d.]*(?:[eE][+-]?\d+)?)`,
  String.raw`(?<name>[A-Za-z_]\w*)`,
  String.raw`[^]`].join('|'), 'g');

/** What follows the first word of a block. */
const opensBlock = /^(?:\.\w+)*[ \t]*(?:"[^"\n]*"[ \t]*)?\{/;

/** Lines of [class or '', text]; a comment or a raw string may go over several. */
function tokenLines(text) {
  const lines = [[]];
  let begins = true;  // nothing but space stands before it on the line
  for (const match of text.matchAll(token)) {
    const groups = match.groups, end = match.index + match[0].length;
    let kind = Object.keys(groups).find(name => groups[name] !== undefined) ?? '';
    if (kind === 'name') {
      kind = /^(true|false|null)$/.test(match[0]) ? 'word' : begins && opensBlock.test(text.slice(end, end + 300)) ? 'block' : '';
    }
    // A dotted name of a block is one.
    if (match[0] === '.' && lines[lines.length - 1].at(-1)?.[0] === 'block') kind = 'block', begins = true;
    else if (/\S/.test(match[0])) begins = false;
    match[0].split('\n').forEach((part, n) => {
      if (n > 0) {
        lines.push([]);
        begins = match[0] === '\n';
      }
      if (!part) return;
      const line = lines[lines.length - 1], last = line.at(-1);
      if (last && last[0] === kind) last[1] += part;
      else line.push([kind, part]);
    });
  }
  return lines;
}

/** One file: numbered lines, and at the head of each block how it is. */
function fileView(file, index) {
  const lines = tokenLines(file.text.replace(/\r\n/g, '\n').replace(/\n$/, ''));
  const rows = lines.map((parts, n) => h('div', { class: 'config-line' },
    h('a', { class: 'line-number', href: link('configuration', { file: file.name, line: n + 1 }), tabindex: '-1', 'aria-label': `Line ${n + 1}`, dataset: { line: n + 1 } }),
    h('code', {}, parts.map(([kind, text]) => (kind ? h('span', { class: `token-${kind}` }, text) : text)))));
  const signs = new Map();
  let blocks = [], drawn;
  return {
    name: file.name, text: file.text, rows,
    element: h('section', { class: 'config-file', 'aria-label': file.name }, h('h2', {}, file.name), h('div', { class: 'config-code', dataset: { index } }, rows)),
    setBlocks(all) {
      blocks = all;
      drawn = undefined;
      for (const sign of signs.values()) sign.remove();
      signs.clear();
      for (const block of blocks) {
        const row = rows[block.line - 1];
        if (!row) continue;
        const sign = h('a', { class: 'block-sign', href: link(`component/${block.id}`), title: `To ${block.id}` }, h('span', {}));
        row.append(sign);
        signs.set(block.id, sign);
      }
    },
    drawHealth() {
      const now = JSON.stringify(blocks.map(block => component(block.id)?.health));
      if (now === drawn) return;
      drawn = now;
      for (const row of rows) row.classList.remove('troubled');
      for (const block of blocks) {
        const one = component(block.id), sign = signs.get(block.id);
        if (!sign) continue;
        const state = one?.health.state ?? 'unknown', text = sign.firstChild;
        text.className = `health ${state}`;
        setText(text, state);
        sign.setAttribute('aria-label', `${block.id}: ${state}`);
        sign.title = `${block.id}${one?.health.message ? `: ${one.health.message}` : ''}`;
        if (state === 'unhealthy' || state === 'exited') rows.slice(block.line - 1, block.end_line).forEach(row => row.classList.add('troubled'));
      }
    },
  };
}

const signOf = { error: ['✕', 'bad'], warning: ['▲', 'warn'] };

function diagnosticList(diagnostics) {
  if (!diagnostics?.length) return null;
  return h('ul', { class: 'diagnostics' }, diagnostics.map(one => {
    const [sign, colour] = signOf[one.severity] ?? signOf.error;
    return h('li', {}, h('span', { class: colour }, `${sign} ${one.severity} `),
      one.file ? h('a', { href: link('configuration', { file: one.file, line: one.line }) }, `${one.file}:${one.line}:${one.column}`) : null,
      one.file ? ': ' : null, one.message);
  }));
}

const terminal = text => (text?.trim() ? h('pre', { class: 'terminal' }, text.replace(/\s+$/, '')) : null);

function changeItem(one) {
  const names = { added: ['+', 'good'], removed: ['−', 'bad'], updated: ['~', 'warn'] };
  const [sign, colour] = names[one.change] ?? ['~', 'warn'];
  const id = component(one.id) ? h('a', { href: link(`component/${one.id}`) }, one.id) : h('strong', {}, one.id);
  const head = [h('span', { class: colour }, `${sign} ${one.change}`), ' ', id];
  if (one.change !== 'updated') {
    const body = one.after ?? one.before;
    const view = bodyView('');
    view.update(body);
    return h('li', {}, head, body?.length ? h('details', {}, h('summary', {}, 'Its arguments'), view.element) : null);
  }
  const found = differences(one.before, one.after);
  return h('li', {}, head, found.length ? h('dl', { class: 'differences' }, found.map(part => [
    h('dt', { class: 'mono' }, part.path),
    h('dd', { class: 'mono' }, isSecret(part.before) && isSecret(part.after) && part.before === part.after ? '(secret) changed' : [
      part.before !== undefined && h('del', {}, oneLine(part.before)), part.before !== undefined && part.after !== undefined && ' ',
      part.after !== undefined && h('ins', {}, oneLine(part.after))]),
  ])) : h('p', { class: 'quiet' }, 'What it refers to changed, or its text in a way that does not matter.'));
}

function checkResult(result) {
  const made = [];
  if (!result.ok) {
    made.push(h('p', { class: 'bad' }, '✕ The file on disk cannot be loaded. Nothing was changed; lines below are those of the file on disk.'));
  } else if (result.same) {
    made.push(h('p', { class: 'good' }, '✓ The file on disk is what runs.'));
  } else {
    const n = result.changes.length;
    made.push(h('p', { class: 'good' }, n ? `✓ The file on disk is in order. A reload changes ${n} ${n === 1 ? 'component' : 'components'} and leaves ${count(result.unchanged)} as they are.`
      : `✓ The file on disk is in order. Its text differs, but a reload would leave all ${count(result.unchanged)} components as they are.`));
  }
  made.push(diagnosticList(result.diagnostics), terminal(result.text));
  if (result.changes?.length) made.push(h('ul', { class: 'changes' }, result.changes.map(changeItem)));
  return made;
}

/** Checking and loading; onReload() after each try, it says whether the page shows by itself that it failed. */
function loading(signal, onReload) {
  const result = h('div', { class: 'load-result', role: 'status', 'aria-live': 'polite' });
  const check = h('button', { type: 'button', onclick: doCheck }, 'Check the file on disk');
  const reload = h('button', { type: 'button', class: 'primary', disabled: true, title: 'After a check that found no errors', onclick: doReload }, 'Reload');
  let busy = false, checked = false;
  function setBusy(button, text) {
    busy = Boolean(text);
    for (const [one, name] of [[check, 'Check the file on disk'], [reload, 'Reload']]) {
      setText(one, busy && one === button ? text : name);
      if (busy && one === button) one.setAttribute('aria-busy', 'true');
      else one.removeAttribute('aria-busy');
    }
    check.disabled = busy;
    reload.disabled = busy || !checked;
  }
  async function during(button, text, work) {
    if (busy) return;
    setBusy(button, text);
    try {
      await work();
    } catch (error) {
      if (!signal.aborted) show(result, h('p', { class: 'bad' }, `✕ That did not work: ${error.message}`));
    }
    if (signal.aborted) return;
    setBusy(null, '');
    if (document.activeElement === document.body) button.focus({ preventScroll: true });  // a disabled button loses it
  }
  function doCheck() {
    return during(check, 'Checking…', async () => {
      checked = false;
      const answer = await postJson('api/v0/web/config/check', {}, { signal });
      checked = answer.ok;
      show(result, checkResult(answer));
    });
  }
  function doReload() {
    return during(reload, 'Reloading…', async () => {
      checked = false;
      let failed;
      try {
        await post('-/reload', { signal });
      } catch (error) {
        failed = error;
      }
      if (signal.aborted) return;
      const told = await onReload();
      if (!failed) {
        show(result, h('p', { class: 'good' }, '✓ The configuration was loaded and runs.'));
      } else if (failed.status === 400) {
        show(result, h('p', { class: 'bad' }, `✕ The reload failed; the configuration before it goes on.${told ? ' What was wrong stands above.' : ''}`), told ? null : terminal(failed.message));
      } else {
        throw failed;
      }
    });
  }
  return {
    element: h('div', {}, h('div', { class: 'tools' }, check, reload), result),
    /** Somebody else loaded: what was checked may not be so any more. */
    outdated() {
      if (busy || !checked) return;
      checked = false;
      setBusy(null, '');
      show(result, h('p', { class: 'quiet' }, 'The configuration was loaded again since the check.'));
    },
  };
}

function lastLoad() {
  const facts = h('dl', { class: 'pairs' }), said = h('div');
  let shown = '';
  return {
    element: h('div', {}, facts, said),
    update(config) {
      const last = config.last_load;
      const now = JSON.stringify([config.path, config.hash, config.loaded_ms, last]);
      if (now === shown) return;
      shown = now;
      show(facts, h('dt', {}, 'File'), h('dd', { class: 'mono' }, config.path),
        h('dt', {}, 'Runs since'), h('dd', {}, dateTime(config.loaded_ms), ' ', h('span', { class: 'quiet mono', title: `Hash ${config.hash}` }, config.hash?.slice(0, 12))),
        last && [h('dt', {}, 'Last load'), h('dd', {}, h('span', { class: last.ok ? 'good' : 'bad' }, last.ok ? '✓ succeeded' : '✕ failed'),
          ` at ${dateTime(last.time_ms)}`, last.requested_by ? `, requested by ${last.requested_by}` : '',
          last.ok ? '' : '; the configuration before it goes on. Lines below are those of the file that failed.')]);
      show(said, diagnosticList(last?.diagnostics), terminal(last?.text));
    },
  };
}

export default function mount(root, { query: asked }) {
  const ended = new AbortController();
  const last = lastLoad();
  const change = loading(ended.signal, async () => {
    refresh();
    await load();
    return config?.last_load?.ok === false;
  });
  const trouble = h('p', { class: 'note bad', role: 'status', hidden: true });
  const lost = h('p', { class: 'note warn', role: 'status', hidden: true });
  const box = h('div', { class: 'files' }, h('p', { class: 'empty' }, 'Asking the collector…'));
  const contents = h('nav', { class: 'config-files', 'aria-label': 'Files', hidden: true });
  root.append(h('div', { class: 'configuration' }, h('section', { class: 'panel', 'aria-label': 'Loading' }, h('h1', {}, 'Configuration'), last.element, change.element), trouble, lost, contents, box));

  let files = [], config = null, wanted = asked, loaded = null, asking = false, again = false, tried = 0;

  /** Marks what the address asks for; scrolls there when it was asked just now. */
  function mark(scroll) {
    for (const file of files) for (const row of file.rows) row.classList.remove('marked');
    lost.hidden = true;
    if (!config) return;
    let file, from, to, what;
    if (wanted.get('at')) {
      const block = config.blocks.find(one => one.id === wanted.get('at'));
      what = `no block ${wanted.get('at')}`;
      if (block) file = files[block.file], from = block.line, to = block.end_line;
    } else if (wanted.get('line')) {
      const name = wanted.get('file');
      what = `no line ${wanted.get('line')} in ${name ?? 'the file'}`;
      file = name ? files.find(one => one.name === name) ?? files[/^\d+$/.test(name) ? name : -1] : files[0];
      from = to = Number(wanted.get('line'));
    } else {
      return;
    }
    const rows = file?.rows.slice(from - 1, to) ?? [];
    lost.hidden = rows.length > 0;
    setText(lost, `The running configuration has ${what}.`);
    rows.forEach(row => row.classList.add('marked'));
    if (scroll) (rows[0] ?? lost).scrollIntoView({ block: rows.length > 1 ? 'start' : 'center' });
  }
  function take(answer, first) {
    config = answer;
    const same = files.length === answer.files.length && files.every((file, n) => file.name === answer.files[n].name && file.text === answer.files[n].text);
    if (!same) {
      files = answer.files.map(fileView);
      show(box, files.map(file => file.element));
      contents.hidden = files.length < 2;
      show(contents, files.map(file => h('a', { href: link('configuration', { file: file.name, line: 1 }) }, file.name)));
    }
    files.forEach((file, n) => {
      file.setBlocks(answer.blocks.filter(one => one.file === n));
      file.drawHealth();
    });
    last.update(answer);
    mark(first);
  }
  async function load() {
    if (asking) {
      again = true;
      return;
    }
    asking = true;
    tried = Date.now();
    try {
      const answer = await getJson('api/v0/web/config', {}, { signal: ended.signal });
      trouble.hidden = true;
      take(answer, !config);
    } catch (error) {
      if (ended.signal.aborted) return;
      trouble.hidden = false;
      setText(trouble, `✕ The configuration could not be read: ${error.message}`);
      if (!config) show(box);
    }
    asking = false;
    if (again) {
      again = false;
      load();
    }
  }
  load();
  return {
    update({ state, status }) {
      files.forEach(file => file.drawHealth());
      const time = status.load?.time_ms ?? null;
      if (loaded !== null && time !== loaded) {
        change.outdated();
        load();
      } else if (state === 'live' && !asking && !trouble.hidden && Date.now() - tried > 3500) {
        load();
      }
      loaded = time ?? loaded;
    },
    query(query) {
      wanted = query;
      mark(true);
    },
    destroy() { ended.abort(); },
  };
}
