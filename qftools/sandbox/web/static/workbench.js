// The workbench: three panes, what the address names, and the look that is taken again and again.
import { $, about, ask, say } from "./page.js";
import * as controls from "./controls.js";
import * as inspector from "./inspector.js";
import * as order from "./order.js";
import * as stream from "./stream.js";

const PAUSE = 100; // milliseconds between two looks
let seen = "";
let exchange = ""; // the link of the call that is shown

// In front of another gateway: where the calls go, and that they are real where money can move.
if (about.tap) {
  $("url").textContent = `${about.url} → ${about.tap}`;
  $("no-money").hidden = true;
}
if (about.real) {
  document.body.dataset.real = about.tap;
  document.title = `${say("real")} · ${document.title}`;
  $("real").hidden = false;
  $("real").textContent = say("real_is").replace("{url}", about.tap);
}

function pane(name) {
  document.body.dataset.pane = name;
  for (const button of document.querySelectorAll(".panes button")) button.setAttribute("aria-current", String(button.dataset.pane === name));
}

// -- what the address names: #exchange/17, #notification/3, #order/A1, #orders, #faults, #report --
async function route() {
  const [kind, rest = ""] = location.hash.slice(1).split("/");
  const name = decoded(rest);
  if (kind === "order" && name) { pane("order"); await order.show(name); return; }
  if (kind === "orders") { pane("order"); await order.show(null); return; }
  if ((kind === "exchange" || kind === "notification") && name) {
    const isChosen = exchange !== location.hash;
    exchange = location.hash;
    stream.select(exchange);
    if (isChosen && !document.activeElement?.closest("#list")) pane("inspector");
    const item = await inspector.show(exchange);
    if (item?.order) await order.show(item.order); // the order of each call stands beside it
    return;
  }
  if (["faults", "controls", "report"].includes(kind)) controls.open(kind);
  pane("stream");
}

function decoded(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

// -- the look --------------------------------------------------------------------------------
async function look() {
  const turn = stream.moment();
  try {
    const state = await ask("GET", stream.live(seen));
    $("offline").hidden = true;
    controls.update(state);
    if (turn !== stream.moment() || !state.items) return;
    seen = state.seen;
    stream.update(state);
    const [kind, number] = exchange.slice(1).split("/"); // what is no longer kept stays as it was read
    if (kind === "notification" || Number(number) > state.forgotten) await inspector.show(exchange);
    await order.show(order.showing());
  } catch {
    $("offline").hidden = false;
  }
}

// At once: what another look brings of an older filter is left out.
function now() {
  seen = "";
  return look();
}

for (const button of document.querySelectorAll(".panes button")) button.addEventListener("click", () => pane(button.dataset.pane));
addEventListener("pane", (event) => pane(event.detail));
addEventListener("hashchange", route);
document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey || event.altKey) return;
  const writes = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "Escape" && event.target === $("q")) { stream.clear(); $("list").focus(); }
  if (writes) return;
  if (event.key === "Enter" && event.target.closest?.("#list")) { pane("inspector"); $("inspector").focus(); }
  if (event.key === "o" && exchange) { pane("order"); $("order").focus(); }
  if (event.key === "i" && exchange) { pane("inspector"); $("inspector").focus(); }
});
$("list").addEventListener("click", (event) => { if (event.target.closest("a")) pane("inspector"); });
$("language").addEventListener("click", (event) => { event.currentTarget.href = `?lang=${event.currentTarget.hreflang}${location.hash}`; });

stream.start(now);
controls.start(now);
inspector.nothing();
order.show(null);
pane("stream");
await now();
route();

(async function forever() {
  for (;;) {
    if (!document.hidden) await look();
    await new Promise((wake) => setTimeout(wake, PAUSE));
  }
})();
