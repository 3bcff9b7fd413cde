// One call, or one notification: what came, what was signed, what was answered, why, and what next.
import { $, about, ask, both, can, faultWord, facts, finding, h, key, mono, options, pill, pretty, say, signatureWord, titled } from "./page.js";
import { movesOf } from "./stream.js";

const pane = $("inspector");
let shown = ""; // the link of what is shown
let text = ""; // as it was drawn last
const open = new Set(); // what the reader has unfolded
const copy = { form: "curl", resign: "no" };

export async function show(link) {
  const [kind, number] = link.slice(1).split("/");
  const isNew = link !== shown;
  shown = link;
  if (isNew) {
    text = "";
    pane.scrollTop = 0;
    pane.replaceChildren(h("p", { class: "empty", role: "status" }, say("loading")));
  }
  let item;
  try {
    item = await ask("GET", kind === "exchange" ? `/exchanges/${number}` : `/notifications/${number}`);
  } catch (error) {
    if (shown === link) pane.replaceChildren(h("p", { class: "empty" }, error.message));
    return null;
  }
  if (shown !== link) return null;
  const now = JSON.stringify(item);
  if (now !== text) {
    text = now;
    const focused = pane.contains(document.activeElement) ? document.activeElement.id : "";
    pane.replaceChildren(...(kind === "exchange" ? call(item) : notice(item)));
    if (focused) $(focused)?.focus();
  }
  return item;
}

export function nothing() {
  shown = "";
  pane.replaceChildren(h("p", { class: "empty" }, say("nothing_chosen")));
}

const fold = (name, title, ...children) => {
  const details = h("details", { open: open.has(name) }, h("summary", {}, title), ...children);
  details.addEventListener("toggle", () => { details.open ? open.add(name) : open.delete(name); });
  return details;
};

// -- a call -----------------------------------------------------------------------------
function call(item) {
  const named = [item.out_trade_no, item.syssn].filter(Boolean);
  const numbers = item.orders.length ? [...new Set(item.orders.map((order) => order.out_trade_no || order.syssn))] : item.order ? named : [];
  const why = item.explanation;
  const wrong = item.signature !== "ok" && item.signature !== "unread";
  return [
    h("header", { class: "head" },
      h("h2", {}, `#${item.number} `, h("span", { class: "mono" }, item.endpoint || `${item.method} ${item.path}`)),
      h("p", {},
        item.fate === "answer" ? pill(item.status === 200 ? item.respcd : `HTTP ${item.status}`, { success: "good", progress: "waiting" }[item.respcd_kind] ?? "bad") : pill(say(`reply_${item.fate}`), "bad"), " ",
        item.respcd ? `${both(item.respcd_text)} ` : "",
        h("span", { class: wrong ? "wrong" : "ok" }, wrong ? "✗ " : item.signature === "ok" ? "✓ " : "", signatureWord(item.signature)),
        item.fault ? [" ", pill(`${say("fault")}: ${faultWord(item.fault)}`, "bad")] : null),
      h("p", { class: "soft" }, item.at, movesOf(item) ? ` · ${movesOf(item)}` : "",
        item.replay_of ? [" · ", h("a", { href: `#exchange/${item.replay_of}` }, say("replay_of").replace("{n}", item.replay_of))] : null),
      numbers.length ? h("p", { class: "evidence" }, numbers.slice(0, 6).map((number) => h("a", { class: "pill link", href: `#order/${encodeURIComponent(number)}` }, `${say("pane_order")} ${number}`))) : named.length ? h("p", { class: "mono small soft" }, named.join(" ")) : null),
    why ? h("section", { class: "why" }, h("h3", {}, say("why_refused")),
      h("p", {}, why.proved ? pill(say("proved"), "good") : pill(say("not_proved"), "waiting"), " ", h("b", {}, both(why.cause))),
      h("p", {}, why.proved ? h("strong", {}, `${say("how_to_mend")} `) : null, both(why.fix)), mend(why.code),
      fold("diagnosis", say("whole_diagnosis"), h("pre", {}, both(why.text)))) : null,
    signed(item, wrong),
    again(item, wrong),
    item.findings.map((found) => finding(found, !why)),
    titled(say("request"), h("p", { class: "mono small" }, `${item.request.method} ${item.request.url}`),
      fields(item.request.fields), fold("headers", say("headers"), fields(item.request.headers)), fold("body", say("body_sent"), h("pre", {}, item.request.body || "–"))),
    titled(say("answer"), item.reply_signature ? h("p", { class: item.reply_signature === "ok" ? "ok" : "wrong" }, say(`reply_signature_${item.reply_signature}`)) : null, ...reply(item)),
    copies(item),
  ].flat();
}

// The mend as a program, in the reader's language.
let program = "python";
function mend(code) {
  if (!Object.keys(code).length) return null;
  const out = h("pre", {}, both(code[program]));
  const choice = h("select", { id: "mend-in", "aria-label": say("mend_in") }, options(Object.keys(code), (name) => FORMS[name] ?? name));
  choice.value = program;
  choice.addEventListener("change", () => { program = choice.value; out.textContent = both(code[program]); });
  return fold("mend", say("mend_in"), choice, out);
}

// Both texts under each other; what differs is marked in both.
function signed(item, wrong) {
  if (!item.signed) return null;
  const pieces = wrong ? item.explanation?.compared ?? [] : [];
  const behind = h("span", { class: "ghost" }, say("client_key"));
  const line = (mine) => h("pre", { class: "signed" }, pieces.map((piece) => piece.same
    ?? (piece[mine] ? h("mark", { class: mine }, piece[mine]) : null)), mine === "wanted" ? behind : null);
  const texts = pieces.length
    ? [h("p", { class: "soft" }, say("gateway_hashes")), line("wanted"), h("p", { class: "soft" }, say("you_hashed")), line("given")]
    : [h("p", { class: "soft" }, say("gateway_hashes")), h("pre", { class: "signed" }, item.signed.text, behind)];
  const signatures = facts([[say("signature_came"), mono(item.sign || "–")], wrong ? [say("signature_right"), mono(item.signed.signature)] : ["", ""]]);
  return wrong ? titled(say("signed_text"), ...texts, signatures) : h("section", {}, fold("signed", say("signed_text"), ...texts, signatures));
}

function fields(rows) {
  if (!rows.length) return h("p", { class: "soft" }, "–");
  return h("dl", { class: "fields" }, rows.flatMap((row) => [h("dt", {}, mono(row.name)),
    h("dd", {}, h("span", { class: "mono value" }, row.value === "" ? '""' : row.value),
      row.meaning ? h("span", { class: "meaning", title: row.source ? `[${row.source}]` : undefined }, both(row.meaning)) : null)]));
}

function reply(item) {
  if (!item.reply) return [h("p", { class: "wrong" }, item.error ?? say("no_reply"))];
  const { fields: plain, rows, more_rows: more, body, headers } = item.reply;
  return [
    plain.length ? fields(plain) : null,
    rows.map((row, place) => h("div", { class: "row-of-data" }, h("h4", {}, `data[${place}]`), fields(row))),
    more ? h("p", { class: "soft" }, say("more_rows").replace("{n}", more)) : null,
    fold("reply-headers", say("headers"), fields(headers)),
    plain.length ? fold("reply", say("body_came"), h("pre", {}, pretty(body))) : h("pre", {}, body),
  ].flat();
}

// -- send it again ------------------------------------------------------------------------
async function send(item, way, said) {
  try {
    const made = await ask("POST", `/exchanges/${item.number}/replay`, { way });
    location.hash = `#exchange/${made.number}`;
    pane.focus(); // the button goes
  } catch (error) { said.textContent = error.message; }
}

function again(item, wrong) {
  if (!can("POST /exchanges/{number}/replay") || !item.endpoint) return null;
  const said = h("output", { role: "status", class: "wrong" });
  const ways = Object.fromEntries(about.replays.map((way) => [way.name, way]));
  const button = (name, main) => h("button", { id: `replay-${key(name)}`, class: main ? "main" : undefined, title: both(ways[name].why), onclick: () => send(item, name, said) }, both(ways[name].words));
  const choice = h("select", { id: "break", "aria-label": say("break_it") }, ["signature", "fault"].map((kind) => h("optgroup", { label: say(`break_${kind}`) },
    options(about.replays.filter((way) => way.kind === kind).map((way) => way.name), (name) => both(ways[name].words)))));
  choice.value = "lost after";
  return titled(say("send_it_again"),
    h("div", { class: "acts" }, wrong ? button("right", true) : null, button("as it was"), wrong ? null : button("right"),
      h("span", { class: "joined" }, choice, h("button", { id: "break-it", onclick: () => send(item, choice.value, said) }, say("break_it")))), said);
}

// -- copy it --------------------------------------------------------------------------------
const FORMS = { curl: "cURL", cmd: "cURL (Windows)", http: "HTTP", python: "Python", php: "PHP", java: "Java", node: "Node.js", har: "HAR", postman: "Postman" };
function copies(item) {
  const out = h("pre", { id: "copy-text", tabindex: "0" });
  const said = h("output", { role: "status", class: "soft" });
  const form = h("select", { id: "copy-form", "aria-label": say("copy_as") }, options(about.copies, (name) => FORMS[name] ?? name));
  const resign = h("input", { type: "checkbox", id: "copy-resign" });
  form.value = copy.form;
  resign.checked = copy.resign === "yes";
  async function write() {
    copy.form = form.value;
    const program = ["curl", "python", "php", "java", "node"].includes(form.value);
    resign.disabled = !program;
    copy.resign = program && resign.checked ? "yes" : "no";
    said.textContent = "";
    try {
      out.textContent = (await ask("GET", `/exchanges/${item.number}/copy?${new URLSearchParams(copy)}`)).text;
    } catch (error) { out.textContent = error.message; }
  }
  async function take() {
    if (!out.textContent) await write();
    try {
      await navigator.clipboard.writeText(out.textContent);
      said.textContent = say("copied");
    } catch { // no permission, or no secure address: leave it marked
      getSelection().selectAllChildren(out);
      said.textContent = say("marked");
    }
  }
  form.addEventListener("change", write);
  resign.addEventListener("change", write);
  const details = fold("copy", say("copy_as"),
    h("div", { class: "acts" }, form, h("button", { id: "copy", onclick: take }, say("copy")), h("label", { class: "check" }, resign, say("sign_anew")), said), out);
  details.addEventListener("toggle", () => { if (details.open && !out.textContent) write(); });
  if (details.open) write();
  return h("section", {}, details);
}

// -- a notification --------------------------------------------------------------------------
function notice(item) {
  const delivery = (done) => [done.at, [done.retry ? `${say("retry")} ${done.retry}` : say("first_delivery"), say(`result_${done.result}`),
    done.status ? `HTTP ${done.status}` : "", done.result === "acknowledged" ? "" : done.reply, done.fault ? `${say("fault")}: ${faultWord(done.fault)}` : ""].filter(Boolean).join(" · ")];
  return [
    h("header", { class: "head" }, h("h2", {}, `n${item.id} ${say("notification")} ${say(`type_${item.notify_type}`, item.notify_type)}`),
      h("p", {}, say(`notice_${key(item.state)}`), item.due ? ` · ${say("next_at")} ${item.due}` : ""),
      h("p", { class: "evidence" }, h("a", { class: "pill link", href: `#order/${encodeURIComponent(item.out_trade_no || item.syssn)}` }, `${say("pane_order")} ${item.out_trade_no || item.syssn}`))),
    ...item.findings.map((found) => finding(found, true)),
    titled(say("deliveries_are"), h("p", { class: "mono small" }, item.url || say("notice_no_address")), facts(item.attempts.map(delivery))),
    can("POST /notifications/{id}") ? h("div", { class: "acts" }, h("button", { id: "again", onclick: () => ask("POST", `/notifications/${item.id}`, {}).then(() => show(shown)) }, say("send_again"))) : null,
    titled(say("body_sent"), h("pre", {}, pretty(item.body))),
  ].filter(Boolean);
}
