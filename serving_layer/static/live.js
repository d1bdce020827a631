// The live page: asks the same API as everybody, once a second. Decimals stay text; they are never made floats to be shown.
const at = (id) => document.getElementById(id);
const state = { views: [], etags: new Map(), paused: false };
const words = (name) => name.replaceAll("_", " ");
const grouped = (digits) => digits.replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
const shown = (value) => {
  if (value === null || value === undefined) return "–";
  const [, sign, whole, rest] = /^(-?)(\d+)(\..*)?$/.exec(String(value)) ?? [];
  return whole === undefined ? String(value) : sign + grouped(whole) + (rest ?? "");
};
const exact = (value) => { // order of exact decimals without floats
  const [, sign, whole, rest = ""] = /^(-?)(\d+)\.?(\d*)$/.exec(String(value)) ?? [];
  return whole === undefined ? null : BigInt(sign + whole + rest.padEnd(18, "0"));
};

async function ask(path) {
  const known = state.etags.get(path);
  const reply = await fetch(path, { headers: known ? { "If-None-Match": known.tag } : {}, cache: "no-store" });
  if (reply.status === 304) return known.body;
  const body = await reply.json();
  if (!reply.ok) throw new Error(`${body.title ?? "Error"}: ${body.detail ?? reply.status}`);
  if (reply.headers.get("ETag")) state.etags.set(path, { tag: reply.headers.get("ETag"), body });
  return body;
}

function fill(select, options) {
  const before = select.value;
  select.replaceChildren(...options.map(([value, text]) => new Option(text, value)));
  if (options.some(([value]) => value === before)) select.value = before;
}

const make = (tag, text, name) => Object.assign(document.createElement(tag), { textContent: text ?? "", className: name ?? "" });

function cards(list, pairs) {
  list.replaceChildren(...pairs.map(([name, value]) => {
    const card = document.createElement("div");
    card.append(make("dt", name), make("dd", value));
    return card;
  }));
}

const age = (from, now) => {
  const seconds = Math.max(0, (Date.parse(now) - Date.parse(from)) / 1000);
  if (!Number.isFinite(seconds)) return "–";
  if (seconds < 90) return `${seconds.toFixed(1)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
};

function bars(meta, status) {
  const { batch, merged } = meta.coverage;
  at("bars").replaceChildren(...Object.keys(merged).map((p) => {
    const end = Math.max(merged[p], status?.log_end?.[p] ?? 0, 1);
    const row = make("div", "", "bar");
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("viewBox", "0 0 1000 10");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `partition ${p}: ${batch[p]} from batch, ${merged[p] - batch[p]} from speed, ${end - merged[p]} waiting`);
    for (const [from, to, name] of [[0, batch[p], "batch"], [batch[p], merged[p], "speed"]]) {
      const rect = document.createElementNS(svg.namespaceURI, "rect");
      rect.setAttribute("x", (1000 * from) / end);
      rect.setAttribute("width", (1000 * (to - from)) / end);
      rect.setAttribute("height", 10);
      rect.setAttribute("class", name);
      svg.append(rect);
    }
    row.append(make("span", `partition ${p}`), svg);
    row.append(make("span", `batch [0, ${batch[p]}) · speed [${batch[p]}, ${merged[p]})`, "where"));
    return row;
  }));
}

function table(view, body, measure, top) {
  const measures = view.measures.map((m) => m.name);
  const dims = view.dimensions.map((d) => d.name).filter((d) => body.data.length === 0 || d in body.data[0]);
  const key = (row) => exact(row[measure]);
  const rows = [...body.data].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    return x === y ? 0 : x === null ? 1 : y === null ? -1 : x < y ? 1 : -1;
  }).slice(0, top);
  const head = document.createElement("tr");
  for (const name of [...dims, ...measures]) {
    const cell = make("th", words(name), measures.includes(name) ? "number" : "");
    cell.scope = "col";
    if (name === measure) cell.setAttribute("aria-sort", "descending");
    head.append(cell);
  }
  const lines = rows.map((row) => {
    const line = document.createElement("tr");
    for (const name of dims) line.append(make("td", row[name] === null ? "(none)" : String(row[name])));
    for (const name of measures) line.append(make("td", shown(row[name]), "number"));
    return line;
  });
  at("rows").tHead.replaceChildren(head);
  at("rows").tBodies[0].replaceChildren(...lines);
  const more = body.meta.next_cursor ? " (the first 10 000 groups were compared)" : "";
  at("caption").textContent = `${rows.length} of ${body.data.length} groups, highest ${words(measure)} first${more}`;
}

function freshness(meta, contract, now) {
  cards(at("fresh"), [
    ["newest event counted", meta.as_of ? `${age(meta.as_of, now)} ago` : "–"],
    ["events waiting", shown(contract?.lag)],
    ["release", meta.release === null ? "none yet" : `#${meta.release}`],
    ["release published", contract?.release ? `${age(contract.release.published, now)} ago` : "–"],
    ["groups from batch / speed", `${shown(meta.parts.batch_rows)} / ${shown(meta.parts.speed_rows)}`],
    ["holes · overlaps", `${contract?.counters?.hole ?? 0} · ${contract?.counters?.overlap ?? 0}`],
  ]);
}

function warn(lines) {
  at("warning").hidden = lines.length === 0;
  at("warning").textContent = lines.join(" ");
}

async function refresh() {
  const view = state.views[Number(at("view").value)];
  const [group, measure] = [at("group").value, at("measure").value];
  const roll = group === "*" ? "" : `&dimensions=${encodeURIComponent(group)}`;
  const [body, total, status] = await Promise.all([
    ask(`${view.path}?limit=10000${roll}`), view.rolls_up ? ask(`${view.path}?dimensions=`) : { data: [] }, ask("/v1/status"),
  ]);
  const contract = status.contracts[view.contract];
  at("about").textContent = view.description;
  cards(at("totals"), view.measures.map((m) => [words(m.name), shown(total.data[0]?.[m.name])]));
  freshness(body.meta, contract, status.now);
  bars(body.meta, contract);
  table(view, body, measure, Number(at("top").value));
  const lacks = body.meta.lacks.map((l) => `Partition ${l.partition} lacks [${l.from}, ${l.to}).`);
  const gaps = body.meta.gaps.map((l) => `Partition ${l.partition} lost [${l.from}, ${l.to}) for good: no figure has it.`);
  const incomplete = body.meta.complete ? [] : ["These figures are incomplete."];
  warn([...incomplete, ...lacks, ...gaps, ...(contract?.problems ?? [])]);
  at("foot").textContent = `Contract ${body.meta.contract.id} ${body.meta.contract.version} · asked at ${status.now}`;
  document.body.dataset.state = "live";
}

function chosen() {
  const view = state.views[Number(at("view").value)];
  fill(at("measure"), view.measures.map((m) => [m.name, words(m.name)]));
  const every = ["*", view.dimensions.map((d) => words(d.name)).join(" and ")];
  fill(at("group"), view.dimensions.length < 2 || !view.rolls_up ? [every] : [every, ...view.dimensions.map((d) => [d.name, words(d.name)])]);
}

async function turn() {
  try {
    if (state.views.length === 0) {
      const { contracts } = await ask("/v1/views");
      state.views = contracts.flatMap((c) => c.views.map((v) => ({ ...v, contract: c.id })));
      fill(at("view"), state.views.map((v, i) => [String(i), `${v.contract}: ${words(v.name)}`]));
      chosen();
    }
    if (!state.paused) await refresh();
  } catch (error) {
    document.body.dataset.state = "error";
    warn([`No fresh figures: ${error.message}. What is shown may be old; trying again every second.`]);
  }
  setTimeout(turn, 1000);
}

at("view").addEventListener("change", () => { chosen(); refresh().catch((error) => warn([error.message])); });
for (const id of ["measure", "group", "top"]) at(id).addEventListener("change", () => refresh().catch((error) => warn([error.message])));
at("pause").addEventListener("click", () => {
  state.paused = !state.paused;
  at("pause").setAttribute("aria-pressed", String(state.paused));
  at("pause").textContent = state.paused ? "Go on" : "Pause";
});
at("choice").addEventListener("submit", (event) => event.preventDefault());
turn();
