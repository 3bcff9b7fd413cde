// The live parts of the pages. Nothing is sent anywhere; each page says the same without them.

import { canonical, md5, sha256 } from "./digests.mjs";

const zh = document.documentElement.lang.startsWith("zh");
const say = (chinese, english) => (zh ? chinese : english);

/** An element with its properties and children; text is text, never HTML. */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

function labelled(words, field) {
  return make("label", {}, words, field);
}

/** Data that the build put beside the part. */
function data(part) {
  return JSON.parse(part.parentElement.querySelector(`script[data-for="${part.dataset.live}"]`).textContent);
}

const PARTS = {
  signing(part) {
    const params = make("textarea", { rows: 5, spellcheck: false });
    params.value = "mchid=ZaMVg12345\ntxamt=100\ntxcurrcd=HKD\ngoods_name=龙井茶";
    const key = make("input", { value: "abcd1234", spellcheck: false, autocomplete: "off" });
    const text = make("output");
    const digest = make("output", { id: "qf-md5" });
    const longer = make("output", { id: "qf-sha256" });
    const body = make("output");
    const show = () => {
      const pairs = params.value
        .split("\n")
        .filter((line) => line.includes("="))
        .map((line) => [line.slice(0, line.indexOf("=")).trim(), line.slice(line.indexOf("=") + 1)]);
      const joined = canonical(pairs);
      text.replaceChildren(joined, make("mark", { textContent: key.value }));
      digest.textContent = md5(joined + key.value);
      longer.textContent = sha256(joined + key.value);
      body.textContent = new URLSearchParams(pairs).toString();
    };
    params.addEventListener("input", show);
    key.addEventListener("input", show);
    part.replaceChildren(
      labelled(say("参数，每行一个 名=值", "Parameters, one name=value a line"), params),
      labelled(say("密钥（用示例的就好，不要填真的）", "Key (keep the example; never a real one)"), key),
      labelled(say("签名原文：排序、拼接，末尾接密钥", "Signed text: sorted, joined, the key at the end"), text),
      labelled("X-QF-SIGN · MD5", digest),
      labelled("X-QF-SIGN · SHA256", longer),
      labelled(say("发送的请求体：签名之后才编码", "Body that is sent: encoded after signing"), body),
    );
    show();
  },

  codes(part) {
    const wanted = make("input", { type: "search", autocomplete: "off" });
    const count = make("output");
    const sections = [...document.querySelectorAll(".md-content h3[id]")].map((heading) => {
      const elements = [heading];
      let next = heading.nextElementSibling;
      for (; next && !/^H[123]$/.test(next.tagName); next = next.nextElementSibling) elements.push(next);
      return { elements, words: elements.map((element) => element.textContent).join(" ").toLowerCase() };
    });
    wanted.addEventListener("input", () => {
      const words = wanted.value.trim().toLowerCase().split(/\s+/);
      let shown = 0;
      for (const section of sections) {
        const fits = words.every((word) => section.words.includes(word));
        section.elements.forEach((element) => element.classList.toggle("qf-hidden", !fits));
        shown += fits;
      }
      count.textContent = say(`${shown} 个代码`, `${shown} codes`);
    });
    part.append(labelled(say("筛选：代码或文字，例如 114、退款", "Filter: digits or words, such as 114, refund"), wanted), count);
  },

  route(part) {
    const rows = data(part);
    const choice = make("select", {}, ...rows.map((row) => make("option", { value: row.code, textContent: `${row.code} ${row.name}` })));
    const call = make("output", { id: "qf-call" });
    const reason = make("output");
    const show = () => {
      const row = rows.find(({ code }) => code === choice.value);
      call.textContent = row.call ? `POST /trade/v1/${row.call}` : say("不能撤销", "cannot be cancelled");
      reason.textContent = row.reason;
    };
    choice.addEventListener("change", show);
    part.append(labelled(say("选一个支付类型，看用哪个接口撤销", "Choose a pay type, and see what cancels it"), choice), call, reason);
    show();
  },
};

for (const part of document.querySelectorAll("[data-live]")) {
  PARTS[part.dataset.live](part);
  part.hidden = false;
}

// What goes on beyond the edge of a box fades there: the style sheet draws it, where it is is said here.
const WIDE = ".md-typeset table:not([class]), .md-typeset__scrollwrap, .md-typeset pre > code, .qf-scroll, .qf-still";
function hint(element) {
  const box = element.closest(".md-typeset__scrollwrap") ?? element; // a table is wrapped some time later
  const sides = [box.scrollLeft > 1 && "left", box.scrollLeft + box.clientWidth < box.scrollWidth - 1 && "right"].filter(Boolean);
  box.toggleAttribute("data-more", sides.length > 0);
  if (sides.length) box.dataset.more = sides.join(" ");
}
const resized = new ResizeObserver((changes) => changes.forEach(({ target }) => hint(target)));
for (const box of document.querySelectorAll(WIDE)) resized.observe(box);
document.addEventListener("scroll", ({ target }) => target.matches?.(WIDE) && hint(target), { capture: true, passive: true });

// No builder gives the boxes of a checklist a label.
for (const box of document.querySelectorAll(".task-list-item input")) box.ariaLabel = say("完成", "done");

for (const element of document.querySelectorAll(".qf-story")) import("./story.mjs").then(({ play }) => play(element));

// A reader whose browser asks for no Chinese is offered the same page in English.
const twin = document.querySelector(".md-select__link[hreflang=en]");
if (zh && twin && !navigator.languages.some((language) => language.startsWith("zh"))) {
  const offer = make("a", { href: twin.href, textContent: "Read this page in English" });
  document.querySelector(".md-content__inner")?.prepend(make("p", { className: "qf-offer", lang: "en" }, offer));
}
