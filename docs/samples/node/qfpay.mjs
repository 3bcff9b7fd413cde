// QFPay in JavaScript: sign, call, and cancel to a proved answer. Node 18 or newer, no package.

import { createHash, timingSafeEqual } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

// --8<-- [start:settings]
const URL = process.env.QFPAY_URL;
const APP_CODE = process.env.QFPAY_APP_CODE;
const CLIENT_KEY = process.env.QFPAY_CLIENT_KEY; // never printed, never sent
const MCHID = process.env.QFPAY_MCHID ?? ""; // only if QFPay gave you one
const PAUSE = Number(process.env.QFPAY_PAUSE ?? 3); // seconds between two queries
const JOURNAL = process.env.QFPAY_JOURNAL ?? "orders.json"; // your database
// --8<-- [end:settings]

// --8<-- [start:sign]
/** Sort by name, join the plain values, append the key, hash the UTF-8 bytes. */
function sign(params) {
  const text = Object.keys(params).sort().map((name) => `${name}=${params[name]}`).join("&");
  return createHash("md5").update(text + CLIENT_KEY, "utf8").digest("hex").toUpperCase();
}
// --8<-- [end:sign]

// --8<-- [start:verify]
/** Is this answer or notification QFPay's? Give the raw bytes, not parsed JSON. */
function verify(body, signature) {
  const digest = createHash("md5").update(body).update(CLIENT_KEY, "utf8").digest();
  const given = Buffer.from(signature, "hex");
  return given.length === digest.length && timingSafeEqual(given, digest);
}
// --8<-- [end:verify]

// --8<-- [start:call]
/** No usable answer. It may have happened: query before anything else. */
class OutcomeUnknown extends Error {}

/** Send one request, once, and return the answer; 0000 is only one of many. */
async function call(endpoint, params) {
  const sent = Object.fromEntries(Object.entries(params).filter(([, value]) => value !== ""));
  if (MCHID) sent.mchid = MCHID;
  let reply, body;
  try {
    reply = await fetch(`${URL}/trade/v1/${endpoint}`, {
      method: "POST",
      body: new URLSearchParams(sent),
      headers: { "X-QF-APPCODE": APP_CODE, "X-QF-SIGN": sign(sent), "X-QF-SIGNTYPE": "MD5" },
      signal: AbortSignal.timeout(60_000),
    });
    body = Buffer.from(await reply.arrayBuffer());
  } catch (error) {
    throw new OutcomeUnknown(`no answer from ${endpoint}`, { cause: error });
  }
  if (reply.status !== 200) throw new OutcomeUnknown(`HTTP ${reply.status} from ${endpoint}`);
  if (!verify(body, reply.headers.get("X-QF-SIGN") ?? ""))
    throw new OutcomeUnknown(`the answer from ${endpoint} is not signed by QFPay`);
  return JSON.parse(body);
}

/** An amount is a whole number of the smallest unit; 25.00 is a mistake, 2500 is meant. */
function units(txamt) {
  if (!/^[1-9][0-9]*$/.test(txamt)) throw new RangeError(`txamt is ${txamt}: not a whole number`);
  return String(txamt);
}
// --8<-- [end:call]

// --8<-- [start:payment]
/** Ask for money. txamt is an integer in the smallest unit: 2500 is 25.00 HKD. */
function payment(pay_type, txamt, txcurrcd, out_trade_no, txdtm, goods_name = "", auth_code = "") {
  return call("payment", {
    pay_type, txamt: units(txamt), txcurrcd, out_trade_no, txdtm, goods_name, auth_code,
  });
}
// --8<-- [end:payment]

// --8<-- [start:query]
/** Ask what became of an order. The row decides, not the outer respcd. */
function query(out_trade_no) {
  return call("query", { out_trade_no });
}
// --8<-- [end:query]

// --8<-- [start:reversal]
/** Call off an unpaid order: Alipay, and WeChat Pay when the shop scans (CPM). */
function reversal(out_trade_no, txamt, txdtm) {
  return call("reversal", { out_trade_no, txamt: units(txamt), txdtm });
}
// --8<-- [end:reversal]

// --8<-- [start:close]
/** Call off an unpaid order: WeChat Pay when the payer scans (MPM), other wallets. */
function close(out_trade_no, txamt, txdtm) {
  return call("close", { out_trade_no, txamt: units(txamt), txdtm });
}
// --8<-- [end:close]

// --8<-- [start:refund]
/** Refund. syssn is the payment's, out_trade_no a new one for the refund. */
function refund(syssn, out_trade_no, txamt, txdtm) {
  return call("refund", { syssn, out_trade_no, txamt: units(txamt), txdtm });
}
// --8<-- [end:refund]

// --8<-- [start:capture]
/** Charges a hold, all of it or a part. syssn is the hold's, out_trade_no a new one. For the hold of a card leave out_trade_no and txdtm out. */
function capture(syssn, out_trade_no, txamt, txdtm) {
  return call("authtrade", { syssn, out_trade_no, txamt: units(txamt), txdtm });
}
// --8<-- [end:capture]

// --8<-- [start:release]
/** Gives back what is still held. syssn and out_trade_no are the hold's. */
function release(syssn, out_trade_no, txamt, txdtm) {
  return call("unfreeze", { syssn, out_trade_no, txamt: units(txamt), txdtm });
}
// --8<-- [end:release]

// --8<-- [start:cancel]
const DEAD = ["1142", "1181", "1263", "1264"];
const FAILED = ["1147", "1201", "1202", "1203", "1204", "1205", "1212", "1250", "1294", "2005"];
const UNCLEAR = ["1100", "1101", "1254"]; // the gateway does not know either

/** What the books say: PAID, REFUNDED, CANCELLED, FAILED, OPEN, or UNKNOWN. */
async function look(out_trade_no) {
  let answer;
  try {
    answer = await query(out_trade_no);
  } catch (error) {
    if (error instanceof OutcomeUnknown) return "UNKNOWN";
    throw error;
  }
  if (answer.respcd !== "0000")
    throw new Error(`the query was refused: ${answer.respcd} ${answer.resperr}`);
  if (answer.data.length === 0) return "UNKNOWN"; // it may still be on its way
  const row = answer.data[0];
  if (row.respcd === "0000")
    return { 1: "CANCELLED", 2: "CANCELLED", 3: "REFUNDED" }[row.cancel] ?? "PAID";
  if (DEAD.includes(row.respcd)) return "CANCELLED";
  if (FAILED.includes(row.respcd)) return "FAILED";
  return ["1143", "1145"].includes(row.respcd) ? "OPEN" : "UNKNOWN";
}

/** Query, call off if it is still open, query until the answer is final. */
async function cancel(out_trade_no, txamt, txdtm, how) {
  let answered = false;
  let refused = false;
  for (let tries = 0; tries < 40; tries++) {
    const state = await look(out_trade_no);
    if (state !== "OPEN" && state !== "UNKNOWN") return state;
    if (state === "OPEN" && refused) return "NOT_CANCELLABLE";
    if (state === "OPEN" && !answered) {
      try {
        const reply = await (how === "reversal" ? reversal : close)(out_trade_no, txamt, txdtm);
        answered = !UNCLEAR.includes(reply.respcd); // no verdict in any case: look again
        refused = answered && !["0000", "1143", "1145"].includes(reply.respcd);
        if (reply.respcd === "0000" || refused) continue;
      } catch (error) {
        if (!(error instanceof OutcomeUnknown)) throw error; // it may have worked: look again
      }
    }
    await sleep(PAUSE * 1000);
  }
  return "UNRESOLVED"; // not failed: resume later, and do not charge again
}
// --8<-- [end:cancel]

// --8<-- [start:shop]
const CLOSED = ["800201"]; // WeChat Pay MPM is called off by close, the others by reversal

/** Sell once. A sale that the journal has was sent already: ask, and never charge again. */
async function shop(number, txamt, txcurrcd, pay_type, auth_code = "") {
  const orders = existsSync(JOURNAL) ? JSON.parse(readFileSync(JOURNAL)) : {};
  if (!(number in orders)) {
    const beijing = new Date(Date.now() + 8 * 3600_000).toISOString();
    orders[number] = `${beijing.slice(0, 10)} ${beijing.slice(11, 19)}`;
    note(orders); // before the request is sent
    try {
      await payment(pay_type, txamt, txcurrcd, number, orders[number], "", auth_code);
    } catch (error) {
      if (!(error instanceof OutcomeUnknown)) throw error; // charged or not: the query tells
    }
  }
  let state = "UNKNOWN";
  for (let tries = 0; tries < 40; tries++) { // the payer has two minutes
    state = await look(number);
    if (state !== "OPEN" && state !== "UNKNOWN") break;
    await sleep(PAUSE * 1000);
  }
  if (state === "OPEN" || state === "UNKNOWN")
    state = await cancel(number, txamt, orders[number], CLOSED.includes(pay_type) ? "close" : "reversal");
  return { PAID: "paid", CANCELLED: "not paid", FAILED: "not paid", REFUNDED: "not paid" }[state] ?? "unknown";
}

/** Written as a whole, on the disk before anything is sent. */
function note(orders) {
  const file = openSync(`${JOURNAL}.new`, "w");
  writeSync(file, JSON.stringify(orders));
  fsyncSync(file);
  closeSync(file);
  renameSync(`${JOURNAL}.new`, JOURNAL);
}
// --8<-- [end:shop]

// --8<-- [start:server]
/** Notifications: checked, asked about, and only then acknowledged. */
const server = createServer(async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const body = Buffer.concat(pieces);
  if (request.url === "/checkout") {
    const form = Object.fromEntries(new URLSearchParams(body.toString()));
    response.end(await shop(form.number, form.amount, form.currency, form.pay_type, form.auth_code));
  } else if (!verify(body, request.headers["x-qf-sign"] ?? "")) {
    response.writeHead(403).end(); // not QFPay's
  } else if ((await look(JSON.parse(body).out_trade_no)) === "UNKNOWN") {
    response.writeHead(503).end(); // QFPay sends it again
  } else {
    response.end("SUCCESS"); // here: book what the query says, once
  }
});
// --8<-- [end:server]

const [what, ...words] = process.argv.slice(2);
const calls = { payment, query, reversal, close, refund, capture, release };
try {
  if (what === "sign") {
    const pairs = words.map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]);
    console.log(sign(Object.fromEntries(pairs)));
  } else if (what === "verify") {
    console.log(verify(readFileSync(words[0]), words[1]) ? "genuine" : "not genuine");
  } else if (what === "cancel") {
    console.log(await cancel(...words));
  } else if (what === "shop") {
    console.log(await shop(...words));
  } else if (what === "serve") {
    server.listen(Number(words[0]), "127.0.0.1");
  } else {
    console.log(JSON.stringify(await calls[what](...words)));
  }
} catch (error) {
  const hint = error instanceof OutcomeUnknown ? "; query before anything else" : "";
  console.error(`${error.message}${hint}`);
  process.exitCode = 1;
}
