// What every pane uses: words, elements, and the way to ask. All data goes in as text.
export const lang = document.body.dataset.lang;
export const source = document.body.dataset.source;
export const $ = (id) => document.getElementById(id);
const words = await (await fetch(new URL("words.json", import.meta.url))).json();
export const say = (name, fallback = name) => words[name]?.[lang] ?? fallback;
export const both = (text) => (text && typeof text === "object" ? text[lang] : text) ?? "";
export const key = (name) => name.replaceAll(" ", "_");

// An element; never made from markup.
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return element;
}
export const pill = (text, kind, title) => h("span", { class: `pill ${kind}`, title }, text);
export const mono = (text) => h("span", { class: "mono" }, text);
export const titled = (title, ...children) => h("section", {}, h("h3", {}, title), ...children);
export const facts = (pairs) => h("dl", { class: "facts" },
  pairs.filter(([, value]) => value !== "" && value !== null && value !== undefined)
    .flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
export const statePill = (state) => pill(say(`state_${key(state)}`, state), state.replaceAll(" ", "-"));
export const day = (time) => time.slice(11) || time;
export const faultWord = (name) => say(`fault_${key(name)}`, name);
export const signatureWord = (verdict) => say(`signature_${key(verdict)}`, verdict);
export const options = (names, word) => names.map((name) => h("option", { value: name }, word(name)));
export function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

// A drawing of the server's, which has escaped all that is in it; no script of a parsed page runs.
export function drawing(svg) {
  return document.adoptNode(new DOMParser().parseFromString(svg, "text/html").body.firstElementChild);
}

export async function ask(method, path, body) {
  const answer = await fetch(source + path, {
    method,
    headers: { "Accept-Language": lang, ...(method === "GET" ? {} : { "Content-Type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error?.message ?? String(answer.status));
  return value;
}

// What this is, and what can be done here: nothing else is offered.
export const about = await ask("GET", "");
export const can = (call) => {
  const [method, path] = call.split(" ");
  return about.calls.includes(`${method} ${source}${path}`);
};

// A finding of the report, with links to the calls that show it.
export const finding = (found, open = true) => h("details", { class: `finding ${found.grade}`, open },
  h("summary", {}, pill(say(`grade_${found.grade}`), found.grade), " ", h("b", {}, both(found.title))),
  h("p", {}, both(found.detail)),
  h("p", { class: "soft" }, both(found.why)),
  h("p", {}, h("b", {}, `${say("do_instead")}: `), both(found.advice), h("span", { class: "soft" }, ` [${found.source}]`)),
  h("p", { class: "evidence" },
    found.order ? h("a", { class: "pill link", href: `#order/${encodeURIComponent(found.order)}` }, found.order) : null,
    found.exchanges.map((number) => h("a", { class: "pill link", href: `#exchange/${number}` }, `#${number}`)),
    found.notifications.map((number) => h("a", { class: "pill link", href: `#notification/${number}` }, `n${number}`))));
