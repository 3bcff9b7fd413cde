// QFPay in JavaScript: sign, call, and cancel to a proved answer. Node 18 or newer, no package.

import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

// --8<-- [start:settings]
const URL = process.env.QFPAY_URL;
const APP_CODE = process.env.QFPAY_APP_CODE;
const CLIENT_KEY = process.env.QFPAY_CLIENT_KEY; // never printed, never sent
const MCHID = process.env.QFPAY_MCHID ?? ""; // only if QFPay gave you one
const PAUSE = Number(process.env.QFPAY_PAUSE ?? 3); // seconds between two queries
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

const [what, ...words] = process.argv.slice(2);
const calls = { payment, query, reversal, close, refund };
try {
  if (what === "sign") {
    const pairs = words.map((word) => [word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)]);
    console.log(sign(Object.fromEntries(pairs)));
  } else if (what === "verify") {
    console.log(verify(readFileSync(words[0]), words[1]) ? "genuine" : "not genuine");
  } else if (what === "cancel") {
    console.log(await cancel(...words));
  } else {
    console.log(JSON.stringify(await calls[what](...words)));
  }
} catch (error) {
  const hint = error instanceof OutcomeUnknown ? "; query before anything else" : "";
  console.error(`${error.message}${hint}`);
  process.exitCode = 1;
}
