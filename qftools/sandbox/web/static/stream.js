// The stream: every call and notification, newest first. Only what is seen is in the page.
import { $, ask, both, can, day, faultWord, h, key, mono, pill, say, signatureWord } from "./page.js";

const PAGE = 100;
const CHIPS = ["failed", "signature", "danger", "finding", "fault", "notification", "replay"];
const list = $("list");
const rows = $("rows");
const ROW = 58; // pixels, as in the style sheet
const filter = { q: "", only: new Set(), endpoint: "", order: "" };
const drawn = new Map(); // position -> row
let pages = new Map(); // first index -> items
let asking = new Set();
let state = null;
let until = "";
let selected = "";
let ofTop = true; // whether the last look asked for the newest
let held = false; // while the pointer is down on a row: it must not move away
let turn = 0; // answers to an older filter are left out

const hrefOf = (item) => (item.kind === "call" ? `#exchange/${item.number}` : `#notification/${item.id}`);
const itemAt = (index) => pages.get(index - (index % PAGE))?.[index % PAGE];
const isAtTop = () => !held && list.scrollTop < ROW / 2;

export function query(more) {
  const values = { q: filter.q, only: [...filter.only].join(","), endpoint: filter.endpoint, order: filter.order, ...more };
  const given = Object.entries(values).filter(([, value]) => value !== "" && value !== 0);
  return `/stream?${new URLSearchParams(given)}`;
}

// What the page asks for again and again: at the top the newest, else how much is new.
export function live(seen) {
  ofTop = isAtTop();
  return query({ seen, limit: PAGE, ...(ofTop ? {} : { until, limit: 1 }) });
}
export const moment = () => turn;

export function update(now) {
  state = now;
  if (ofTop || !until) {
    until = now.until;
    pages = new Map([[0, now.items]]);
    asking = new Set();
  } else {
    for (const first of pages.keys()) { // a call may have changed since
      if (Math.abs(first - list.scrollTop / ROW) < 2 * PAGE) need(first); else pages.delete(first);
    }
  }
  rows.style.height = `${now.matching * ROW}px`;
  $("newer").hidden = !now.newer;
  $("newer").textContent = say("newer").replace("{n}", now.newer);
  const all = now.kept + now.notifications;
  const narrowed = isNarrowed();
  $("count").textContent = [
    (narrowed ? say("count_of") : say("count_all")).replace("{n}", now.matching + now.newer).replace("{all}", all),
    now.forgotten ? say("count_forgotten").replace("{n}", now.forgotten) : "",
  ].filter(Boolean).join(" · ");
  $("count-stream").textContent = all || "";
  chips(now.counts);
  empty(now, narrowed);
  draw();
}

const isNarrowed = () => Boolean(filter.q || filter.only.size || filter.endpoint || filter.order);

function empty(now, narrowed) {
  const nothing = now.matching + now.newer === 0;
  $("empty").hidden = !nothing;
  if (!nothing) return;
  $("empty").replaceChildren(...(narrowed
    ? [h("span", {}, say("nothing_found")), h("button", { onclick: clear }, say("show_all"))]
    : [h("span", {}, say("no_exchanges")), h("code", {}, `${document.body.dataset.url}/trade/v1/payment`)]));
}

// -- rows -----------------------------------------------------------------------------
function draw() {
  if (!state) return;
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - 6);
  const last = Math.min(state.matching, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + 6);
  const wanted = new Map();
  for (let index = first; index < last; index += 1) {
    const item = itemAt(index);
    if (!item) need(index - (index % PAGE));
    wanted.set(item?.position ?? `slot ${index}`, { item, index });
  }
  for (const [name, { element }] of drawn) if (!wanted.has(name)) { element.remove(); drawn.delete(name); }
  for (const [name, { item, index }] of wanted) {
    const text = item ? JSON.stringify(item) + (hrefOf(item) === selected) : "";
    let row = drawn.get(name);
    if (row?.text !== text) {
      const element = item ? rowOf(item) : h("div", { class: "slot", role: "listitem" }, say("loading"));
      const focused = row?.element.contains(document.activeElement);
      if (row) row.element.replaceWith(element); else rows.append(element);
      if (focused) element.querySelector("a")?.focus({ preventScroll: true });
      row = { element, text };
      drawn.set(name, row);
    }
    if (row.index === index && row.of === state.matching) continue;
    Object.assign(row, { index, of: state.matching });
    row.element.style.transform = `translateY(${index * ROW}px)`;
    row.element.setAttribute("aria-setsize", state.matching);
    row.element.setAttribute("aria-posinset", index + 1);
    const link = row.element.querySelector("a");
    if (link) link.tabIndex = hrefOf(item) === selected || (!selected && index === 0) ? 0 : -1;
  }
}

async function need(first) {
  if (asking.has(first)) return;
  asking.add(first);
  const asked = turn;
  try {
    const part = await ask("GET", query({ until, offset: first, limit: PAGE }));
    if (asked !== turn || part.until !== until) return;
    pages.set(first, part.items);
    draw();
  } catch { /* the next look says that nothing answers */ } finally { asking.delete(first); }
}

function outcome(item) {
  if (item.kind === "notification") return pill(say(`notice_${key(item.state)}`), { acknowledged: "good", waiting: "waiting", "given up": "bad" }[item.state] ?? "plain");
  if (item.fate !== "answer") return pill(say(`reply_${item.fate}`, item.fate), "bad");
  if (item.status !== 200) return pill(`HTTP ${item.status}`, "bad");
  return pill(item.respcd, { success: "good", progress: "waiting" }[item.respcd_kind] ?? "bad");
}

const stateWord = (state) => say(`state_${key(state)}`, state);
export function movesOf(item) {
  const moved = item.orders.filter((order) => order.before !== order.after);
  return moved.slice(0, 2).map((order) => (order.before ? `${stateWord(order.before)} → ` : "") + stateWord(order.after)).join(", ");
}

function underOf(item) {
  if (item.kind === "notification") {
    const last = item.attempts.at(-1);
    return [`n${item.id}`, last ? say(`result_${last.result}`) : item.url ? "" : say("notice_no_address"), item.attempts.length > 1 ? say("deliveries").replace("{n}", item.attempts.length) : ""];
  }
  return [`#${item.number}`, item.replay_of ? say("replay_of").replace("{n}", item.replay_of) : "",
    item.signature === "ok" || item.signature === "unread" ? "" : signatureWord(item.signature), item.fault ? faultWord(item.fault) : "",
    movesOf(item) || both(item.respcd_text)];
}

function rowOf(item) {
  const failed = item.flags.includes("failed");
  const isCall = item.kind === "call";
  const name = isCall ? item.endpoint || `${item.method} ${item.path}` : `${say("notification")} ${say(`type_${item.notify_type}`, item.notify_type)}`;
  const link = h("a", {
    class: `row${failed ? " failed" : ""}${isCall ? "" : " notice"}`, href: hrefOf(item),
    "aria-current": hrefOf(item) === selected ? "true" : undefined,
  },
  h("span", { class: "lead" }, h("b", { class: "endpoint" }, name), " ", mono(item.out_trade_no || item.orders?.[0]?.out_trade_no || item.syssn)),
  h("span", { class: "side" },
    item.grade ? h("span", { class: `pin ${item.grade}`, title: say(`grade_${item.grade}`) }, "⚑", h("span", { class: "unseen" }, say(`grade_${item.grade}`))) : null, outcome(item)),
  h("span", { class: "under" }, underOf(item).filter(Boolean).join(" · ")),
  h("span", { class: "when" }, day(item.at ?? item.made_at)));
  return h("div", { class: "slot", role: "listitem" }, link);
}

// -- what is asked for -------------------------------------------------------------------
let refresh = () => {};
function changed() {
  turn += 1;
  if (state) state.newer = 0;
  pages = new Map();
  asking = new Set();
  until = "";
  list.scrollTop = 0;
  for (const [, row] of drawn) row.element.remove();
  drawn.clear();
  refresh();
}

export function clear() {
  Object.assign(filter, { q: "", endpoint: "", order: "" });
  filter.only.clear();
  $("q").value = "";
  changed();
}

export function ofOrder(number) {
  filter.order = number;
  changed();
}

function toggle(set, name) {
  if (!set.delete(name)) set.add(name);
}

// A chip stays the same element while its number changes: a press on it must not be lost.
const made = new Map();
function chip(name, words, count, pressed, press) {
  if (!made.has(name)) {
    made.set(name, h("button", { class: "chip", "data-chip": name, onclick: () => { press(); changed(); } }, words, " ", h("b")));
  }
  const button = made.get(name);
  button.setAttribute("aria-pressed", String(pressed));
  button.lastChild.textContent = count;
  return button;
}

function chips(counts) {
  const flags = CHIPS.filter((name) => counts[name] || filter.only.has(name) || name === "failed" || name === "signature").map((name) => chip(
    name, say(`chip_${name}`), counts[name] ?? 0, filter.only.has(name), () => toggle(filter.only, name)));
  const endpoints = Object.entries(counts.endpoints ?? {}).filter(([name]) => name).map(([name, count]) => chip(
    `endpoint-${name}`, name, count, filter.endpoint === name, () => { filter.endpoint = filter.endpoint === name ? "" : name; }));
  const order = filter.order ? [chip(`order-${filter.order}`, `${say("merchant_order")} ${filter.order}`, "×", true, () => { filter.order = ""; })] : [];
  const wanted = [...order, ...flags, ...endpoints];
  if (wanted.some((button, place) => $("chips").children[place] !== button) || $("chips").children.length !== wanted.length) {
    const focused = document.activeElement;
    $("chips").replaceChildren(...wanted);
    if (wanted.includes(focused)) focused.focus();
  }
}

export function select(hash) {
  selected = hash;
  draw();
  for (const [first, items] of pages) {
    const place = items.findIndex((item) => hrefOf(item) === hash);
    if (place >= 0) return reveal(first + place);
  }
}

function reveal(index) {
  const top = index * ROW;
  if (top < list.scrollTop) list.scrollTop = top;
  else if (top + ROW > list.scrollTop + list.clientHeight) list.scrollTop = top + ROW - list.clientHeight;
  draw();
}

async function move(step) {
  if (!state?.matching) return;
  let index = [...drawn.values()].find((row) => itemAt(row.index) && hrefOf(itemAt(row.index)) === selected)?.index;
  index = index === undefined ? 0 : Math.min(state.matching - 1, Math.max(0, index + step));
  reveal(index);
  if (!itemAt(index)) await need(index - (index % PAGE));
  const item = itemAt(index);
  if (!item) return;
  history.replaceState(null, "", hrefOf(item));
  dispatchEvent(new HashChangeEvent("hashchange"));
  drawn.get(item.position)?.element.querySelector("a")?.focus({ preventScroll: true });
}

export function start(look) {
  refresh = look;
  filter.q = $("q").value.trim(); // typed before this page was ready
  let typed = 0;
  $("q").addEventListener("input", () => {
    clearTimeout(typed);
    typed = setTimeout(() => { filter.q = $("q").value.trim(); changed(); }, 120);
  });
  list.addEventListener("scroll", () => { draw(); if (isAtTop() && state?.newer) changed(); }, { passive: true });
  new ResizeObserver(() => draw()).observe(list);
  $("newer").addEventListener("click", changed);
  list.addEventListener("pointerdown", () => { held = true; });
  addEventListener("pointerup", () => { held = false; });
  addEventListener("pointercancel", () => { held = false; });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const writes = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "/" && !writes) { event.preventDefault(); dispatchEvent(new CustomEvent("pane", { detail: "stream" })); $("q").focus(); }
    const inList = list.contains(event.target) || event.target === $("q") || event.target === document.body;
    const step = { ArrowDown: 1, ArrowUp: -1, ...(writes ? {} : { j: 1, k: -1 }), PageDown: 8, PageUp: -8 }[event.key];
    if (step && (inList || event.key === "j" || event.key === "k")) { event.preventDefault(); move(step); }
  });
}
