// The console: asks the control API what changed, and shows it. All data goes in as text.
const lang = document.body.dataset.lang;
const $ = (id) => document.getElementById(id);
const words = await (await fetch("/static/words.json")).json();
const say = (name, fallback = name) => words[name]?.[lang] ?? fallback;
const both = (text) => (text && typeof text === "object" ? text[lang] : text) ?? "";

// -- making elements: never from markup --------------------------------------------
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}
const pill = (text, kind) => h("span", { class: `pill ${kind}` }, text);
const statePill = (state) => {
  const key = state.replaceAll(" ", "_");
  return pill(say(`state_${key}`, state), state.replaceAll(" ", "-"));
};
const facts = (pairs) => h("dl", { class: "facts" },
  pairs.filter(([, value]) => value !== "" && value !== null && value !== undefined)
    .flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
const titled = (title, ...children) => h("div", {}, h("h3", {}, title), ...children);
const mono = (text) => h("span", { class: "mono" }, text);
const day = (time) => time.slice(11) || time;

// -- asking ------------------------------------------------------------------------
async function ask(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: { "Accept-Language": lang, ...(method === "GET" ? {} : { "Content-Type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const value = await answer.json();
  if (!answer.ok) throw new Error(value.error?.message ?? String(answer.status));
  return value;
}

// -- rows that open ------------------------------------------------------------------
const open = new Set();
const kept = {}; // panel -> key -> the row as it was drawn last
const full = new Map(); // exchanges that were asked for in full

function draw(panel, items, key, head, more, empty) {
  const list = $(panel).querySelector(".rows");
  const before = kept[panel] ?? new Map();
  const now = new Map();
  const rows = items.map((item) => {
    const id = `${panel}-${key(item)}`;
    const text = JSON.stringify(item) + open.has(id) + (full.get(id) ?? "");
    const old = before.get(id);
    const row = old?.text === text ? old.row : rowOf(id, item, head, more, kept[panel] && !old);
    now.set(id, { text, row });
    return row;
  });
  kept[panel] = now;
  const focused = document.activeElement?.id;
  list.replaceChildren(...(rows.length ? rows : [h("li", { class: "empty" }, ...empty)]));
  if (focused && document.activeElement?.id !== focused) $(focused)?.focus();
}

function rowOf(id, item, head, more, isNew) {
  const isOpen = open.has(id);
  const button = h("button", {
    class: "row", id, type: "button", "aria-expanded": String(isOpen), "aria-controls": `${id}-more`,
    onclick: () => { isOpen ? open.delete(id) : open.add(id); redraw(); },
  }, ...head(item));
  return h("li", { class: isNew ? "new" : undefined }, button,
    isOpen ? h("div", { class: "more", id: `${id}-more` }, ...more(item, id)) : null);
}

// -- orders --------------------------------------------------------------------------
const OPEN = ["created", "waiting", "paying", "cancelling"];
const ACTS = ["pay", "type_password", "decline", "no_balance", "walk_away"];

const orderHead = (order) => [
  h("span", { class: "lead" }, order.amount),
  h("span", { class: "side" },
    order.order_type === "payment" ? null : pill(say(`type_${order.order_type}`), "plain"), statePill(order.state)),
  h("span", { class: "under" }, `${both(order.wallet_name) || order.wallet} ${order.pay_type} · `, mono(order.out_trade_no)),
  h("span", { class: "when" }, day(order.sysdtm)),
];

const orderMore = (order) => [
  order.order_type === "payment" && OPEN.includes(order.state)
    ? titled(say("as_payer"), h("div", { class: "acts" },
      ACTS.map((act) => h("button", {
        type: "button", class: act === "pay" ? "main" : undefined, id: `act-${act}-${order.syssn}`,
        onclick: () => send("POST", `/sandbox/payer/${order.syssn}`, { act }),
      }, say(`act_${act}`))),
      h("a", { class: "button", href: `/payer/${order.syssn}?lang=${lang}`, target: "_blank", rel: "noopener" }, say("payer_page"))))
    : null,
  facts([
    ["out_trade_no", mono(order.out_trade_no)],
    ["syssn", mono(order.syssn)],
    ["orig_syssn", order.orig_syssn && mono(order.orig_syssn)],
    ["mchid", order.mchid && mono(order.mchid)],
    [say("placed"), order.sysdtm],
    [say("pays"), order.paydtm],
    [say("expires"), OPEN.includes(order.state) ? order.expires : ""],
    [say("paid_amount"), order.paid ? String(order.paid) : ""],
    [say("refunded_amount"), order.refunded ? String(order.refunded) : ""],
    [say("query_shows"), h("span", {}, mono(`respcd ${order.respcd}`), " · ", mono(`cancel ${order.cancel}`))],
  ]),
];

// -- exchanges -------------------------------------------------------------------------
const signatureWord = (verdict) => say(`signature_${verdict.replaceAll(" ", "_")}`, verdict);
const outcome = (item) => {
  if (item.fate !== "answer") return item.fault ? null : pill(say(`reply_${item.fate}`, item.fate), "bad");
  if (item.status !== 200) return pill(`HTTP ${item.status}`, "bad");
  return pill(item.respcd, { success: "good", progress: "waiting" }[item.respcd_kind] ?? "bad");
};
const movesOf = (item) => item.orders.map((order) => (order.before === order.after || !order.before
  ? say(`state_${order.after.replaceAll(" ", "_")}`)
  : `${say(`state_${order.before.replaceAll(" ", "_")}`)} → ${say(`state_${order.after.replaceAll(" ", "_")}`)}`)).join(", ");

const whatOf = (item) => (item.orders.length ? h("span", { class: "moved" }, movesOf(item)) : both(item.respcd_text));
const exchangeHead = (item) => [
  h("span", {}, h("span", { class: "endpoint" }, item.endpoint || `${item.method} ${item.path}`), "  ",
    h("span", { class: item.signature === "ok" ? "ok" : "wrong" }, item.signature === "ok" ? "✓ " : "✗ ", signatureWord(item.signature))),
  h("span", { class: "side" }, item.fault ? pill(`${say("fault")}: ${say(`fault_${item.fault.replaceAll(" ", "_")}`, item.fault)}`, "bad") : null, outcome(item)),
  h("span", { class: "under" }, `#${item.number}`, ...(whatOf(item) ? [" · ", whatOf(item)] : []),
    item.out_trade_no || item.syssn ? [" · ", mono(item.out_trade_no || item.syssn)] : null),
  h("span", { class: "when" }, day(item.at)),
];

function exchangeMore(item, id) {
  if (!full.has(id)) {
    ask("GET", `/sandbox/exchanges/${item.number}`).then((value) => { full.set(id, JSON.stringify(value)); redraw(); }, () => {});
    return [h("p", {}, say("loading"))];
  }
  const whole = JSON.parse(full.get(id));
  const wrong = whole.signature !== "ok" && whole.signed;
  const why = whole.explanation;
  return [
    why ? titled(say("why_refused"), h("p", {}, both(why.cause)), h("p", {}, why.proved ? h("strong", {}, say("how_to_mend"), " ") : null, both(why.fix))) : null,
    item.respcd ? facts([["respcd", h("span", {}, mono(item.respcd), " ", both(item.respcd_text))]]) : null,
    wrong ? titled(say("signed_text"), h("div", { class: "text" }, whole.signed.text)) : null,
    wrong ? facts([[say("signature_came"), mono(whole.sign || "–")], [say("signature_right"), mono(whole.signed.signature)]]) : null,
    Object.keys(whole.params).length ? titled(say("parameters"), facts(Object.entries(whole.params).map(([name, value]) => [name, mono(value || '""')]))) : null,
    titled(say("answer"), h("pre", {}, pretty(whole.answer) || say("no_reply"))),
  ];
}
function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}

// -- notifications -----------------------------------------------------------------------
const NOTICE = { acknowledged: "good", waiting: "waiting", "given up": "bad", "no address": "plain" };
const noticeHead = (item) => [
  h("span", { class: "lead" }, say(`type_${item.notify_type}`), " ", mono(item.out_trade_no)),
  h("span", { class: "side" }, pill(say(`notice_${item.state.replaceAll(" ", "_")}`), NOTICE[item.state])),
  h("span", { class: "under" }, item.url ? mono(item.url) : say("notice_no_address")),
  h("span", { class: "when" }, item.due ? `${say("next_at")} ${day(item.due)}` : day(item.made_at)),
];
const noticeMore = (item) => [
  item.attempts.length ? facts(item.attempts.map((done) => [done.at,
    [done.retry ? `${say("retry")} ${done.retry}` : say("first_delivery"), say(`result_${done.result}`),
      done.status ? `HTTP ${done.status}` : "", done.result === "acknowledged" ? "" : done.reply,
      done.fault ? `${say("fault")}: ${say(`fault_${done.fault.replaceAll(" ", "_")}`)}` : ""].filter(Boolean).join(" · ")])) : null,
  h("pre", {}, pretty(item.body)),
  h("div", { class: "acts" }, h("button", { type: "button", id: `again-${item.id}`, onclick: () => send("POST", `/sandbox/notifications/${item.id}`, {}) }, say("send_again"))),
];

// -- faults --------------------------------------------------------------------------------
const { faults: KNOWN } = await ask("GET", "/sandbox");
const faultWord = (name) => say(`fault_${name.replaceAll(" ", "_")}`, name);
const option = (value, text) => h("option", { value }, text);
$("fault-name").append(
  h("optgroup", { label: say("of_calls") }, KNOWN.calls.map((name) => option(`call:${name}`, faultWord(name)))),
  h("optgroup", { label: say("of_notifications") }, KNOWN.notifications.map((name) => option(`notice:${name}`, faultWord(name)))));
$("fault-name").value = "call:lost after"; // the one that every integration must survive
$("fault-on").append(option("*", say("endpoint_all")), option("cancel", say("endpoint_cancel")),
  ...["payment", "query", "reversal", "close", "refund"].map((name) => option(name, name)));
$("fault-name").addEventListener("change", () => { $("fault-on").disabled = $("fault-name").value.startsWith("notice:"); });

$("fault-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const [kind, name] = $("fault-name").value.split(":");
  const body = { name, times: Number($("fault-times").value) || null, order: $("fault-order").value.trim() || null };
  const path = kind === "call" ? "/sandbox/faults" : "/sandbox/notification-faults";
  await send("POST", path, kind === "call" ? { ...body, on: $("fault-on").value } : body, $("fault-said"));
});
const faultHead = (fault) => [
  h("span", { class: "lead" }, faultWord(fault.name)),
  h("span", { class: "side" }, pill(fault.times === null ? say("always") : say("times_left").replace("{n}", fault.times), "waiting")),
  h("span", { class: "under" }, fault.on.length === 5 ? say("endpoint_all") : fault.on.join(", "), fault.order ? [" · ", mono(fault.order)] : null),
  h("span", { class: "when" }, say("struck").replace("{n}", fault.struck)),
];
const faultMore = (fault) => [h("div", { class: "acts" }, h("button", {
  type: "button", id: `disarm-${fault.id}`, onclick: () => send("DELETE", `/sandbox/faults/${fault.id}`),
}, say("disarm")))];

$("notify-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  await send("POST", "/sandbox/notifications", { url: $("notify-url").value.trim() }, $("notify-said"), say("saved"));
});

// -- report ----------------------------------------------------------------------------------
const findingHead = (finding) => [
  h("span", { class: "lead" }, both(finding.title)),
  h("span", { class: "side" }, pill(say(`grade_${finding.grade}`), finding.grade)),
  h("span", { class: "under" }, finding.order ? mono(finding.order) : "", finding.order ? " · " : "", both(finding.detail)),
];
const findingMore = (finding) => [
  h("div", { class: "finding" }, h("p", {}, both(finding.detail)), h("p", {}, both(finding.why))),
  titled(say("do_instead"), h("p", {}, both(finding.advice))),
  facts([[say("rule_source"), finding.source], [say("evidence"), h("span", { class: "evidence" },
    finding.exchanges.map((number) => h("button", { type: "button", class: "pill", onclick: () => reveal(number) }, `#${number}`)))]]),
];

// -- the page ------------------------------------------------------------------------------------
let current = null;
let seen = "";
let report = null;
let reportOf = "";

function redraw() {
  if (!current) return;
  draw("orders", current.orders, (item) => item.syssn, orderHead, orderMore,
    [h("span", {}, say("no_orders")), h("code", {}, `${document.body.dataset.url}/trade/v1/payment`)]);
  draw("exchanges", current.exchanges, (item) => item.number, exchangeHead, exchangeMore, [say("no_exchanges")]);
  draw("notifications", current.notifications, (item) => item.id, noticeHead, noticeMore, [say("no_notifications")]);
  draw("faults", current.faults, (item) => item.id, faultHead, faultMore, [say("no_faults")]);
  draw("report", report?.findings ?? [], (item) => `${item.rule}-${item.order}-${item.exchanges[0] ?? ""}`, findingHead, findingMore,
    [pill(say("grade_clean"), "clean"), h("span", {}, say("report_empty"))]);
  for (const name of ["orders", "exchanges", "notifications", "faults"]) $(`count-${name}`).textContent = current[name].length || "";
  const found = current.report.findings;
  $("count-report").textContent = found || "";
  $("count-report").className = current.report.grade === "danger" ? "bad" : "";
}

async function look() {
  try {
    const state = await ask("GET", `/sandbox/state?seen=${encodeURIComponent(seen)}`);
    $("offline").hidden = true;
    $("clock").textContent = state.clock.beijing;
    $("clock-kind").textContent = say(`clock_${state.clock.kind}`, state.clock.kind);
    if (state.orders) { current = state; seen = state.seen; redraw(); }
    if (document.body.dataset.tab === "report" && reportOf !== seen) {
      reportOf = seen;
      report = await ask("GET", "/sandbox/report");
      redraw();
    }
  } catch {
    $("offline").hidden = false;
  }
}

async function send(method, path, body, said, thanks = "") {
  try {
    await ask(method, path, body);
    if (said) { said.textContent = thanks; said.className = ""; }
  } catch (error) {
    if (said) { said.textContent = error.message; said.className = "bad"; }
  }
  await look();
}

function reveal(number) {
  const id = `exchanges-${number}`;
  open.add(id);
  show("exchanges");
  redraw();
  $(id)?.scrollIntoView({ block: "center" });
  $(id)?.focus({ preventScroll: true });
}

function show(tab) {
  document.body.dataset.tab = tab;
  for (const panel of document.querySelectorAll(".panel")) panel.classList.toggle("shown", panel.id === tab);
  for (const button of document.querySelectorAll("[role=tab]")) {
    const chosen = button.dataset.tab === tab;
    button.setAttribute("aria-selected", String(chosen));
    button.tabIndex = chosen ? 0 : -1;
    if (chosen) button.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  history.replaceState(null, "", `#${tab}`);
  look();
}

const tabs = [...document.querySelectorAll("[role=tab]")];
for (const tab of tabs) {
  tab.addEventListener("click", () => show(tab.dataset.tab));
  tab.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const visible = tabs.filter((other) => other.offsetParent);
    const next = visible[(visible.indexOf(tab) + step + visible.length) % visible.length];
    next.focus();
    show(next.dataset.tab);
  });
}
for (const button of document.querySelectorAll("[data-advance]")) {
  button.addEventListener("click", () => send("POST", "/sandbox/clock", { advance: Number(button.dataset.advance) }));
}
$("reset").addEventListener("click", () => { if (confirm(say("reset_sure"))) send("POST", "/sandbox/reset", {}); });
$("language").addEventListener("click", (event) => { event.currentTarget.href = `?lang=${event.currentTarget.hreflang}${location.hash}`; });

const wide = matchMedia("(min-width: 1080px)");
const asked = location.hash.slice(1);
const known = tabs.map((tab) => tab.dataset.tab);
show(known.includes(asked) && !(wide.matches && asked === "orders") ? asked : wide.matches ? "exchanges" : "orders");
wide.addEventListener("change", () => { if (wide.matches && document.body.dataset.tab === "orders") show("exchanges"); });

(async function forever() {
  for (;;) {
    if (!document.hidden) await look();
    await new Promise((wake) => setTimeout(wake, 1000));
  }
})();
