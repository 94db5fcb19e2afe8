// What is drawn: nodes and arcs out of the collector's status, alike components folded into one node. No DOM here.

const worst = { unhealthy: 3, exited: 2, unknown: 1, healthy: 0 };

/** Above this many components they are folded unless somebody says otherwise. */
export const foldAbove = 60;

export const arcKey = (from, to) => `${from}\n${to}`;

/** Data goes along status.edges; a reference nothing flows along points from the used one to its user. */
function links(status) {
  const known = new Set(status.components.map(one => one.id));
  const all = status.edges.filter(one => known.has(one.from) && known.has(one.to)).map(({ from, to }) => ({ from, to, data: true }));
  const seen = new Set(all.map(one => arcKey(one.from, one.to)));
  for (const user of status.components) {
    for (const used of user.uses) {
      if (!known.has(used) || seen.has(arcKey(user.id, used)) || seen.has(arcKey(used, user.id))) continue;
      seen.add(arcKey(used, user.id));
      all.push({ from: used, to: user.id, data: false });
    }
  }
  return all;
}

/** A short name for a text, for addresses: it need not be safe, only stable. */
function digest(text) {
  let sum = 2166136261;
  for (const sign of text) sum = Math.imul(sum ^ sign.codePointAt(0), 16777619);
  return (sum >>> 0).toString(36);
}

/** Which components look alike: the same kind between the same kinds. → Map id → key of its fold, of those with two or more. */
function folds(status, all) {
  const kind = new Map(status.components.map(one => [one.id, one.name]));
  const around = new Map(status.components.map(one => [one.id, new Set()]));
  for (const { from, to } of all) {
    around.get(from).add(`>${kind.get(to)}`);
    around.get(to).add(`<${kind.get(from)}`);
  }
  const byKey = new Map();
  for (const { id, name } of status.components) {
    const key = `${name}~${digest([...around.get(id)].sort().join())}`;
    byKey.set(key, [...(byKey.get(key) ?? []), id]);
  }
  const found = new Map();
  for (const [key, ids] of byKey) if (ids.length > 1) for (const id of ids) found.set(id, key);
  return found;
}

/** Changes when, and only when, the picture has another shape. */
export function shapeOf(status) {
  return status.components.map(one => `${one.id} ${one.uses}`).join('\n') + '\n\n' + status.edges.map(one => `${one.from} ${one.to}`).join('\n');
}

/**
 * fold: whether alike components are; unfolded: keys of folds and ids of components that are not.
 * nodes: Map key → {key, name, label, ids, fold: bool, sends, receives: whether data goes out or comes in}; the key of one component is its id.
 * arcs: Map key → {key, from, to, data: bool, inner: [keys of status.edges]}
 * foldOf: Map id → its fold, whether that is folded now or not; nodeOf: Map id → key of the node that stands for it.
 */
export function topology(status, fold, unfolded) {
  const all = links(status);
  const foldOf = folds(status, all);
  const folded = new Map();  // fold → ids that are in it now
  for (const { id } of status.components) {
    const key = foldOf.get(id);
    if (fold && key && !unfolded.has(key) && !unfolded.has(id)) folded.set(key, [...(folded.get(key) ?? []), id]);
  }
  const nodes = new Map(), nodeOf = new Map();
  for (const { id, name, label } of status.components) {
    const together = folded.get(foldOf.get(id));
    const inFold = together?.length > 1 && together.includes(id);
    const key = inFold ? foldOf.get(id) : id;
    nodeOf.set(id, key);
    if (!nodes.has(key)) nodes.set(key, inFold ? { key, name, label: `${together.length} components`, ids: together, fold: true } : { key, name, label, ids: [id], fold: false });
  }
  const arcs = new Map();
  for (const one of all) {
    const from = nodeOf.get(one.from), to = nodeOf.get(one.to);
    if (from === to) continue;
    const key = arcKey(from, to);
    let arc = arcs.get(key);
    if (!arc) arcs.set(key, arc = { key, from, to, data: false, inner: [] });
    arc.data ||= one.data;
    if (!one.data) continue;
    arc.inner.push(arcKey(one.from, one.to));
    nodes.get(from).sends = nodes.get(to).receives = true;
  }
  return { nodes, arcs, foldOf, nodeOf, canFold: foldOf.size > 0 };
}

const plus = (a, b) => (b === null || b === undefined ? a : (a ?? 0) + b);

/** Figures of a node's components together. */
export function figuresOf(node, components) {
  const sum = { state: 'healthy', message: '', bad: 0, in: null, out: null, busy: null, inbox: 0, waiting: 0, lost: 0, restarts: 0 };
  for (const id of node.ids) {
    const one = components.get(id);
    if (!one) continue;
    if (worst[one.health.state] > worst[sum.state]) sum.state = one.health.state;
    if (!node.fold) sum.message = one.health.message;
    if (one.health.state === 'unhealthy' || one.health.state === 'exited') ++sum.bad;
    for (const name of ['in', 'out', 'busy']) sum[name] = plus(sum[name], one[name]);
    sum.inbox += one.inbox;
    sum.restarts += one.restarts;
    sum.waiting += one.outside?.waiting ?? 0;
    sum.lost += one.outside?.lost ?? 0;
  }
  return sum;
}

/** Figures of an arc's edges together: rates, whether one is stuck, and the ledger. */
export function flowOf(arc, edges) {
  const none = () => ({ batches: 0, items: 0 });
  const add = (sum, more) => { sum.batches += more.batches, sum.items += more.items; };
  const sum = { edges: arc.inner.length, rate: null, pushRate: null, dropRate: null, droppedItems: 0, stuck: 0, pushed: none(), settled: none(), in_flight: none(), dropped: {}, unsettled_bytes: 0, resent: 0 };
  for (const key of arc.inner) {
    const one = edges.get(key);
    if (!one) continue;
    for (const name of ['rate', 'pushRate', 'dropRate']) sum[name] = plus(sum[name], one[name]);
    for (const name of ['pushed', 'settled', 'in_flight']) add(sum[name], one[name]);
    for (const [reason, amount] of Object.entries(one.dropped)) add(sum.dropped[reason] ??= none(), amount);
    for (const name of ['droppedItems', 'unsettled_bytes', 'resent']) sum[name] += one[name];
    if (one.stuck) ++sum.stuck;
  }
  return sum;
}

/** Everything that reaches the one node and everything the other reaches, along arcs: keys of nodes and arcs. */
export function lineage(reached, reaching, arcs) {
  const found = new Set([reached, reaching]);
  for (const [start, near, far] of [[reaching, 'from', 'to'], [reached, 'to', 'from']]) {
    const next = [start], seen = new Set(next);
    while (next.length) {
      const at = next.pop();
      for (const arc of arcs.values()) {
        if (arc[near] !== at) continue;
        found.add(arc.key).add(arc[far]);
        if (!seen.has(arc[far])) seen.add(arc[far]), next.push(arc[far]);
      }
    }
  }
  return found;
}
