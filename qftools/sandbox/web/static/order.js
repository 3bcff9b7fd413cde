// One order on one clock, or the list of all orders.
import { $, ask, both, can, day, drawing, facts, finding, h, key, lang, mono, pill, say, source, statePill, titled } from "./page.js";
import { ofOrder } from "./stream.js";

const pane = $("order");
const OPEN = ["created", "waiting", "paying", "cancelling", "hold pending", "hold cancelling"];
const ACTS = ["pay", "type_password", "decline", "no_balance", "walk_away"];
const PAGE = 50;
let shown = null; // the number of the order; null: the list
let skipped = 0; // orders that are newer than those listed
let text = "";

export const showing = () => shown;

export async function show(number) {
  if (number !== shown) { text = ""; pane.scrollTop = 0; }
  shown = number;
  try {
    const value = number === null
      ? await ask("GET", `/orders?${new URLSearchParams({ limit: PAGE + 1, offset: skipped })}`)
      : await ask("GET", `/orders/${encodeURIComponent(number)}/timeline?lang=${lang}`);
    const now = JSON.stringify([value, skipped]);
    if (shown !== number || now === text) return;
    text = now;
    const focused = pane.contains(document.activeElement) ? document.activeElement.id : "";
    pane.replaceChildren(...(number === null ? all(value) : one(value)));
    if (focused) $(focused)?.focus();
  } catch (error) {
    if (shown !== number) return;
    if (text) await show(null); // it was on the books until now
    else pane.replaceChildren(back(), h("p", { class: "empty" }, error.message));
  }
}

const back = () => h("p", {}, h("a", { href: "#orders" }, `← ${say("tab_orders")}`));
const linkOf = (order) => `#order/${encodeURIComponent(order.out_trade_no || order.syssn)}`;

function all(orders) {
  const row = (order) => h("li", {}, h("a", { class: "row", href: linkOf(order) },
    h("span", { class: "lead" }, order.amount), h("span", { class: "side" }, order.order_type === "payment" ? null : pill(say(`type_${order.order_type}`), "plain"), statePill(order.state)),
    h("span", { class: "under" }, `${both(order.wallet_name) || order.wallet} ${order.pay_type} · `, mono(order.out_trade_no)), h("span", { class: "when" }, day(order.sysdtm))));
  const turn = (id, words, by) => h("button", { id, onclick: () => { skipped = Math.max(0, skipped + by); show(null); } }, say(words));
  return [
    h("h2", { class: "head" }, say("tab_orders")),
    orders.length ? h("ul", { class: "orders" }, orders.slice(0, PAGE).map(row))
      : h("p", { class: "empty" }, say("no_orders"), h("code", {}, `${document.body.dataset.url}/trade/v1/payment`)),
    h("p", { class: "acts" }, skipped ? turn("newer-orders", "newer_ones", -PAGE) : null, orders.length > PAGE ? turn("older-orders", "older_ones", PAGE) : null),
  ].filter(Boolean);
}

function one({ order, records, whole, steps, drawing: svg, findings }) {
  const number = order.out_trade_no || order.syssn;
  const isOpen = order.order_type === "payment" && OPEN.includes(order.state);
  const act = (name) => h("button", {
    class: name === "pay" ? "main" : undefined, id: `act-${name}`,
    onclick: () => ask("POST", `/payer/${order.syssn}`, { act: name }).then(() => show(shown)),
  }, say(`act_${name}`));
  const moves = (step) => step.moves.map((move) => `${say(`state_${key(move.before)}`)} → ${say(`state_${key(move.after)}`)}`).join(", ");
  const nameOf = (step) => {
    if (step.kind === "call") return h("a", { href: `#exchange/${step.number}` }, `#${step.number} ${step.what}`);
    if (step.kind === "notification") return h("a", { href: `#notification/${step.number}` }, `n${step.number} ${say(`result_${step.what}`)}`);
    return say(`event_${key(step.what)}`, step.what);
  };
  const picture = drawing(svg);
  return [
    h("header", { class: "head" }, back(), h("h2", {}, mono(number), " ", statePill(order.state)),
      h("p", {}, h("b", {}, order.amount), ` · ${both(order.wallet_name) || order.wallet} ${order.pay_type}`)),
    isOpen && can("POST /payer/{number}") ? titled(say("as_payer"), h("div", { class: "acts" }, ACTS.map(act),
      h("a", { class: "button", href: `/payer/${order.syssn}?lang=${lang}`, target: "_blank", rel: "noopener" }, say("payer_page")))) : null,
    findings.map((found) => finding(found, false)),
    titled(say("timeline"), whole ? null : h("p", { class: "soft" }, say("not_whole")), h("div", { class: "drawing" }, picture)),
    titled(say("books_say"), h("ol", { class: "steps" }, steps.filter((step) => step.moves.length || step.kind !== "call").map((step) => h("li", {},
      h("span", { class: "when" }, step.at), h("span", {}, nameOf(step)), h("span", { class: "soft" }, moves(step))))),
    facts([["syssn", mono(order.syssn)], [say("placed"), order.sysdtm], [say("pays"), order.paydtm], [say("expires"), isOpen ? order.expires : ""],
      [say("paid_amount"), String(order.paid)], [say("refunded_amount"), String(order.refunded)],
      [say("query_shows"), h("span", {}, mono(`respcd ${order.respcd}`), " · ", mono(`cancel ${order.cancel}`))]])),
    records.length ? titled(say("related"), facts(records.map((record) => [say(`type_${record.order_type}`, record.order_type), h("span", {}, record.amount, " ", statePill(record.state), " ", mono(record.syssn))]))) : null,
    h("div", { class: "acts" },
      h("button", { id: "calls-of-order", onclick: () => { ofOrder(number); dispatchEvent(new CustomEvent("pane", { detail: "stream" })); } }, say("calls_of_order")),
      h("a", { class: "button", id: "evidence", href: `${source}/orders/${encodeURIComponent(number)}/evidence?lang=${lang}`, download: "" }, say("evidence_file"))),
  ].flat().filter(Boolean);
}
