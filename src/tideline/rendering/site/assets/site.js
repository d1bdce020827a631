"use strict";
// Searches the contracts: names.js says which there are, search/XX.js which words (beginning with XX) lead where.
const tidelineSearch = (() => {
  const MOST = 50;
  const input = document.getElementById("q");
  const results = document.getElementById("results");
  const status = document.getElementById("status");
  const browse = [document.getElementById("browse"), document.getElementById("all")].filter(Boolean);
  const shards = new Map(); // beginning -> promise of its words
  const arrived = new Map(); // beginning -> who waits for it
  let contracts = [];
  let latest = 0;

  const plain = (text) => text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
  const wordsOf = (text) => plain(text).match(/[\p{L}\p{N}]{2,40}/gu) || [];
  const beginning = (word) => (/^[a-z0-9]{2}/.test(word) ? word.slice(0, 2) : "other");

  function load(name) {
    if (!shards.has(name)) {
      shards.set(name, new Promise((done) => {
        arrived.set(name, done);
        const script = document.createElement("script");
        script.src = `search/${name}.js`;
        script.onerror = () => done({}); // no word begins like this
        document.head.append(script);
      }));
    }
    return shards.get(name);
  }

  function scores(words, asked) {
    const found = new Map();
    for (const [word, lists] of Object.entries(words)) {
      if (!word.startsWith(asked)) continue;
      const whole = word === asked ? 2 : 1;
      lists.forEach((gaps, weak) => {
        let number = 0;
        for (const gap of gaps) {
          number += gap;
          found.set(number, Math.max(found.get(number) || 0, whole * (weak ? 1 : 3)));
        }
      });
    }
    return found;
  }

  async function search(text) {
    const mine = ++latest;
    const asked = [...new Set(wordsOf(text))].slice(0, 8);
    if (!asked.length) return show(null);
    const parts = await Promise.all(asked.map(async (word) => scores(await load(beginning(word)), word)));
    if (mine !== latest) return undefined; // somebody typed on
    const all = [...parts[0].keys()].filter((number) => parts.every((part) => part.has(number)));
    const score = (number) => parts.reduce((sum, part) => sum + part.get(number), 0);
    all.sort((a, b) => score(b) - score(a) || a - b);
    return show(all);
  }

  function make(tag, text, kind) {
    const made = document.createElement(tag);
    made.textContent = text;
    if (kind) made.className = kind;
    return made;
  }

  function item(number) {
    const [id, owner, tier, description, fields, personal] = contracts[number];
    const [domain, product] = id.split(".");
    const link = make("a", id);
    link.href = `contracts/${encodeURIComponent(domain)}/${encodeURIComponent(product)}.html`;
    const head = make("h2", "");
    head.append(link);
    const line = make("li", "");
    line.append(head, make("span", tier, `badge tier-${tier}`));
    if (personal) line.append(make("span", "personal data", "badge pii"));
    line.append(make("p", description), make("p", `${owner} · ${fields} fields`, "soft"));
    return line;
  }

  function show(numbers) {
    for (const part of browse) part.hidden = numbers !== null;
    results.replaceChildren(...(numbers || []).slice(0, MOST).map(item));
    const more = numbers && numbers.length > MOST ? `, the first ${MOST} are shown` : "";
    const none = `Nothing found in ${contracts.length} contracts; words are found by their beginning.`;
    status.textContent = !numbers ? "" : numbers.length ? `${numbers.length} of ${contracts.length} contracts${more}` : none;
  }

  function changed() {
    const text = input.value.trim();
    history.replaceState(null, "", text ? `#q=${encodeURIComponent(text)}` : location.pathname);
    search(text);
  }

  input.form.addEventListener("submit", (event) => event.preventDefault());
  input.addEventListener("input", changed);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== input) { event.preventDefault(); input.focus(); }
  });
  return {
    names(list) {
      contracts = list;
      const asked = /^#q=(.*)$/.exec(location.hash);
      if (asked) { input.value = decodeURIComponent(asked[1]); search(input.value); }
      document.body.dataset.state = "ready";
    },
    words(name, words) { arrived.get(name)?.(words); },
  };
})();
