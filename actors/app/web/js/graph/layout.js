// Where nodes and arcs go: dagre's layered layout, left to right, and the curves between.

let loading;

/** dagre is a plain script; it is fetched when a graph is first looked at. */
export function load() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = new URL('assets/lib/dagre.js', document.baseURI);
    script.onload = () => resolve(globalThis.dagre);
    script.onerror = () => {
      loading = undefined;
      script.remove();
      reject(new Error('the layout library could not be loaded'));
    };
    document.head.append(script);
  });
  return loading;
}

export const node = { width: 208, height: 64 };
const label = { width: 104, height: 30 };
const many = 60;  // nodes; above it a layout that is quicker, and closer together

/** The ends of arcs are spread over a node's side in the order of where they go: fewer crossings, and each can be hit. */
function ports(arcs, places, own, other) {
  const byNode = new Map();
  for (const arc of arcs) byNode.set(arc[own], [...(byNode.get(arc[own]) ?? []), arc]);
  const offsets = new Map();
  for (const group of byNode.values()) {
    group.sort((a, b) => places.get(a[other]).y - places.get(b[other]).y);
    const step = Math.min(14, (node.height - 12) / group.length);
    group.forEach((arc, i) => offsets.set(arc.key, (i - (group.length - 1) / 2) * step));
  }
  return offsets;
}

/** A smooth line through the points that leaves and arrives level and never overshoots (Fritsch and Carlson, 1980). */
function curve(points) {
  const slope = (a, b) => (b.y - a.y) / ((b.x - a.x) || 1);
  const slopes = points.map((at, i) => {
    if (i === 0 || i === points.length - 1) return 0;
    const before = slope(points[i - 1], at), after = slope(at, points[i + 1]);
    return before * after <= 0 ? 0 : (2 * before * after) / (before + after);
  });
  let path = `M${points[0].x},${points[0].y}`;
  for (let i = 1; i < points.length; ++i) {
    const a = points[i - 1], b = points[i], third = (b.x - a.x) / 2.5;
    path += `C${a.x + third},${a.y + slopes[i - 1] * third} ${b.x - third},${b.y - slopes[i] * third} ${b.x},${b.y}`;
  }
  return path.replace(/(\.\d)\d+/g, '$1');
}

/** → {places: Map node → {x, y} (its centre), paths: Map arc → {path, tip: {x, y, ahead}, label: {x, y, trouble: {x, y}}}, width, height} */
export async function lay({ nodes, arcs }) {
  const dagre = await load();
  const crowded = nodes.size > many;
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', nodesep: crowded ? 10 : 22, edgesep: 8, ranksep: crowded ? Math.min(600, 100 + nodes.size) : 44, marginx: 12, marginy: 12, ranker: crowded ? 'longest-path' : 'network-simplex' });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const key of nodes.keys()) graph.setNode(key, { ...node });
  // A label in dagre doubles the ranks. Among many nodes it is put where the arc begins instead.
  for (const arc of arcs.values()) graph.setEdge(arc.from, arc.to, arc.data && !crowded ? { ...label, labelpos: 'c' } : {});
  dagre.layout(graph);
  const places = new Map([...nodes.keys()].map(key => [key, { x: graph.node(key).x, y: graph.node(key).y }]));
  const list = [...arcs.values()];
  const leave = ports(list, places, 'from', 'to'), arrive = ports(list, places, 'to', 'from');
  const paths = new Map();
  for (const arc of list) {
    const laid = graph.edge(arc.from, arc.to);
    const from = places.get(arc.from), to = places.get(arc.to);
    const ahead = from.x <= to.x ? 1 : -1;  // a cycle has one that goes back
    const start = { x: from.x + (ahead * node.width) / 2, y: from.y + leave.get(arc.key) };
    const tip = { x: to.x - (ahead * node.width) / 2, y: to.y + arrive.get(arc.key), ahead };
    const end = { x: tip.x - ahead * 7, y: tip.y };  // the line ends inside its arrowhead
    const between = laid.points.slice(1, -1).filter(one => (one.x - start.x) * ahead > 24 && (end.x - one.x) * ahead > 24);
    const points = [start, ...between, end];
    const middle = points[points.length >> 1];
    const half = points.length > 2 ? middle : { x: (start.x + end.x) / 2, y: (start.y + end.y) / 2 };
    const label = laid.x !== undefined ? { x: laid.x, y: laid.y, trouble: { x: laid.x, y: laid.y + 15 } } : { x: start.x + ahead * 44, y: start.y + 2, trouble: half };
    paths.set(arc.key, { path: curve(points), tip, label });
  }
  const { width, height } = graph.graph();
  return { places, paths, width: Math.max(width, 1), height: Math.max(height, 1) };
}
