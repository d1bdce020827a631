// Renders openapi.json without any library from elsewhere.
const make = (tag, text, ...children) => {
  const made = Object.assign(document.createElement(tag), { textContent: text ?? "" });
  made.append(...children);
  return made;
};
const resolve = (document_, schema) =>
  schema?.$ref ? schema.$ref.slice(2).split("/").reduce((at, name) => at[name], document_) : schema;
const kind = (schema) => {
  if (schema.anyOf) return schema.anyOf.map(kind).join(" or ");
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.items) return `list of ${kind(schema.items)}`;
  return [schema.type, schema.format, schema.enum?.join(" | "), schema.default === undefined ? "" : `default ${schema.default}`]
    .filter(Boolean).join(", ") || "object";
};

function grid(title, names, rows) {
  const head = make("tr", "", ...names.map((name) => Object.assign(make("th", name), { scope: "col" })));
  const table = make("table", "", make("caption", title), make("thead", "", head),
    make("tbody", "", ...rows.map((row) => make("tr", "", ...row.map((cell) => make("td", cell))))));
  const box = make("div", "", table);
  box.className = "scroll";
  box.tabIndex = 0;
  return box;
}

function fields(document_, operation) {
  const model = resolve(document_, operation.responses["200"]?.content?.["application/json"]?.schema);
  const row = resolve(document_, model?.properties?.data?.items);
  return Object.entries(row?.properties ?? {}).map(([name, schema]) => [name, kind(schema), schema.description ?? ""]);
}

function operation(document_, path, said) {
  const section = make("section", "", make("h2", `GET ${path}`), make("p", said.summary ?? ""));
  section.append(make("p", "", Object.assign(make("a", "Try it"), { href: path })));
  const parameters = (said.parameters ?? []).map((p) => [p.name, kind(p.schema), p.description ?? ""]);
  if (parameters.length) section.append(grid("Parameters", ["name", "type", "meaning"], parameters));
  const answer = fields(document_, said);
  if (answer.length) section.append(grid("A row of the answer", ["field", "type", "meaning"], answer));
  return section;
}

const place = document.getElementById("operations");
try {
  const reply = await fetch("/openapi.json");
  const document_ = await reply.json();
  document.getElementById("about").textContent = document_.info.description;
  place.replaceChildren(...Object.entries(document_.paths).map(([path, item]) => operation(document_, path, item.get)));
  document.body.dataset.state = "live";
} catch (error) {
  place.replaceChildren(make("p", `openapi.json could not be read: ${error.message}`));
}
