// What can be done to the gateway: faults, clock, snapshots, notifications, reset; and its report.
import { $, about, ask, both, can, faultWord, finding, h, mono, options, pill, say } from "./page.js";

let refresh = () => {};
let listed = "";

async function send(method, path, body, said, thanks = "") {
  try {
    const value = await ask(method, path, body);
    if (said) { said.textContent = thanks; said.className = ""; }
    refresh();
    return value;
  } catch (error) {
    if (said) { said.textContent = error.message; said.className = "wrong"; }
    return null;
  }
}

const groupOf = (fault) => (fault.on[0] === "notification" ? say("of_notifications") : fault.on.length > 4 ? say("endpoint_all") : fault.on.join(", "));
const armed = (fault) => h("li", {},
  h("span", {}, h("b", {}, faultWord(fault.name)), " ", h("span", { class: "soft" }, groupOf(fault)), fault.order ? [" · ", mono(fault.order)] : null),
  h("span", { class: "soft" }, fault.times === null ? say("always") : say("times_left").replace("{n}", fault.times), " · ", say("struck").replace("{n}", fault.struck)),
  h("button", { id: `disarm-${fault.id}`, onclick: () => send("DELETE", `/faults/${fault.id}`) }, say("disarm")));

export function update(state) {
  $("clock").textContent = state.clock.beijing;
  $("clock-kind").textContent = say(`clock_${state.clock.kind}`, state.clock.kind);
  if (!state.items) return;
  $("armed").textContent = state.faults.length || "";
  $("armed").className = state.faults.length ? "pill waiting" : "";
  const now = JSON.stringify([state.faults, state.snapshots]);
  if (now !== listed) lists(state);
  listed = now;
  if (document.activeElement !== $("notify-url")) $("notify-url").value = state.notify_url;
  const { grade, findings } = state.report;
  $("grade").textContent = findings || "✓";
  $("grade").className = `pill ${grade}`;
  $("grade").title = say(`grade_${grade}`);
}

function lists(state) {
  $("faults").replaceChildren(...(state.faults.length ? state.faults.map(armed) : [h("li", { class: "soft" }, say("no_faults"))]));
  $("snapshots").replaceChildren(...state.snapshots.map((name) => h("button", {
    id: `restore-${name}`, onclick: () => send("POST", "/restore", { snapshot: name }),
  }, say("snapshot_restore").replace("{n}", name))));
}

async function report() {
  $("report").showModal();
  $("findings").replaceChildren(h("p", { class: "empty" }, say("loading")));
  const told = await ask("GET", "/report");
  $("findings").replaceChildren(
    h("p", { class: "soft" }, `${told.exchanges} ${say("report_looked")}${told.forgotten ? ` · ${say("count_forgotten").replace("{n}", told.forgotten)}` : ""}`),
    ...(told.findings.length ? told.findings.map((found) => finding(found)) : [h("p", { class: "empty" }, pill(say("grade_clean"), "clean"), h("span", {}, say("report_empty")))]));
}

export const open = (name) => (name === "report" ? report() : $("controls").showModal());

export function start(look) {
  refresh = look;
  for (const part of document.querySelectorAll("[data-needs]")) part.hidden = !can(part.dataset.needs);
  for (const button of document.querySelectorAll("[data-advance]")) {
    button.addEventListener("click", () => send("POST", "/clock", { advance: Number(button.dataset.advance) }));
  }
  $("open-report").addEventListener("click", report);
  $("open-controls").addEventListener("click", () => open("controls"));
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => { if (event.target === dialog || event.target.closest("a")) dialog.close(); });
  }
  if (!about.faults) return;
  $("fault-real").hidden = !about.real; // what a lost reply did would be unknown, and is real
  const { calls, notifications } = about.faults;
  $("fault-name").append(
    h("optgroup", { label: say("of_calls") }, calls.map((name) => h("option", { value: `call:${name}` }, faultWord(name)))),
    ...(notifications.length ? [h("optgroup", { label: say("of_notifications") }, notifications.map((name) => h("option", { value: `notice:${name}` }, faultWord(name))))] : []));
  $("fault-name").value = "call:lost after"; // the one that every integration must survive
  $("fault-on").append(...options(["*", "cancel", "payment", "query", "reversal", "close", "refund", "authtrade", "unfreeze"],
    (name) => ({ "*": say("endpoint_all"), cancel: say("endpoint_cancel") })[name] ?? name));
  $("fault-name").addEventListener("change", () => { $("fault-on").disabled = $("fault-name").value.startsWith("notice:"); });
  $("fault-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const [kind, name] = $("fault-name").value.split(":");
    const body = { name, times: Number($("fault-times").value) || null, order: $("fault-order").value.trim() || null };
    if (kind === "call") send("POST", "/faults", { ...body, on: $("fault-on").value, confirm: $("fault-confirm").value.trim() }, $("fault-said"));
    else send("POST", "/notification-faults", body, $("fault-said"));
  });
  $("snapshot").addEventListener("click", () => send("POST", "/snapshot", {}));
  $("notify-form").addEventListener("submit", (event) => {
    event.preventDefault();
    send("POST", "/notifications", { url: $("notify-url").value.trim() }, $("notify-said"), say("saved"));
  });
  $("reset").addEventListener("click", () => { if (confirm(say("reset_sure"))) send("POST", "/reset", {}); });
}
