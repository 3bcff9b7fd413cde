// The live flow: walks the graph of stories that the build has made. Nothing is sent anywhere.

const data = fetch(new URL("stories.json", import.meta.url)).then((answer) => answer.json());
const still = matchMedia("(prefers-reduced-motion: reduce)");
const LANES = ["merchant", "gateway", "wallet", "payer"];
const PACE = 750; // milliseconds between the acts of a story that plays by itself

/** An element with its properties and children; text is text, never HTML. */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Root and acts of an address such as 800201.slow.nnrpn; null where it is no story. */
function parsed(address, roots) {
  const [, root, acts] = /^(\d{6}\.\w+)\.?([a-z]*)$/.exec(address) ?? [];
  return root in roots ? { root, acts } : null;
}

export async function play(element) {
  const { roots, amounts, nodes, views, steps, parts, lines, words, open, say: both } = await data;
  const zh = element.dataset.lang === "zh";
  const say = both[element.dataset.lang];
  const find = (name) => element.querySelector(name);
  const list = find(".qf-parts");
  const [payType, wallet] = element.querySelectorAll("select");
  const addressed = document.querySelector(".qf-story") === element; // the first of a page
  let root, acts, timer;

  /** The node after each act; ends at the first act that is not possible. */
  function path() {
    const way = [{ node: roots[root], step: null }];
    for (const letter of acts) {
      const edge = nodes[way.at(-1).node][1][letter];
      if (!edge) break;
      way.push({ step: edge[0], node: edge[1] });
    }
    return way;
  }

  function line([start, end, said, look]) {
    const lanes = LANES.map((lane) => say.lanes[lane]);
    const who = start === end ? "" : `${lanes[start]} → ${lanes[end]}: `;
    const item = make("li", { className: `${end < start ? "to-left" : "to-right"} ${look}` },
      make("span", {}, make("span", { className: "qf-unseen", textContent: who }), words[said][zh ? 0 : 1]));
    item.style.setProperty("--from", Math.min(start, end));
    item.style.setProperty("--to", Math.max(start, end));
    return item;
  }

  function clock(at) {
    const two = (number) => String(number).padStart(2, "0");
    return `${Math.floor(at / 3600)}:${two(Math.floor(at / 60) % 60)}:${two(Math.floor(at) % 60)}`;
  }

  function draw() {
    const way = path();
    const drawn = [];
    let began = 0;
    for (const { step } of way.slice(1)) {
      const [seconds, shown] = steps[step];
      for (const [name, after, own] of shown.map((number) => parts[number])) {
        drawn.push(make("li", {}, make("b", {}, `${name} `, make("time", { textContent: clock(began + after) })),
          make("ol", {}, ...own.map((number) => line(lines[number])))));
      }
      began += seconds;
    }
    const kept = list.children.length;
    list.replaceChildren(...drawn);
    drawn.slice(kept).forEach((item) => item.classList.add("new"));
    list.scrollTop = list.scrollHeight;
    tell(nodes[way.at(-1).node]);
  }

  function tell([view, edges]) {
    const [knows, books, next, ended] = views[view];
    find(".qf-knows").textContent = say.knows[knows];
    find(".qf-books").textContent = say.books[books];
    find(".qf-truth").dataset.agree = open.includes(books) || say.knows[knows] === say.books[books] || (ended && ended[1] !== "unknown") ? "yes" : "";
    find(".qf-phone-wallet").textContent = say.wallets[payType.value];
    find(".qf-phone-amount").textContent = amounts[root];
    find(".qf-phone-says").textContent = say.phone[books || "none"];
    find(".qf-payer-phone").dataset.books = books;
    const [name, ...said] = find(".qf-ended").children;
    const of = (number) => (number === undefined ? "" : words[number][zh ? 0 : 1]);
    find(".qf-ended").dataset.charged = ended ? ended[1] : "";
    name.textContent = ended ? ended[0] : say.none;
    said[0].textContent = ended ? `${of(ended[2])} ${of(ended[3])}`.trim() : "";
    said[1].textContent = ended ? of(ended[4]) : say.hint;
    const focused = document.activeElement;
    for (const button of element.querySelectorAll("[data-act]")) button.disabled = !(button.dataset.act in edges);
    const [step] = next.split(" ");
    find("[data-act=n]").textContent = step ? `${say.next}: ${say.step[step]}` : say.next;
    find("[data-do=back]").disabled = find("[data-do=again]").disabled = !acts;
    if (focused.disabled) find(acts ? "[data-do=back]" : "[data-act=n]").focus(); // a hand on the keyboard stays here
  }

  /** Show a story; play it act by act where *slowly* and the reader does not mind motion. */
  function show(story, slowly = false) {
    clearTimeout(timer);
    root = story.root;
    [payType.value] = root.split(".");
    offer();
    wallet.value = root.split(".")[1];
    acts = slowly && !still.matches ? "" : story.acts;
    draw();
    const on = () => {
      acts = story.acts.slice(0, acts.length + 1);
      draw();
      if (acts.length < story.acts.length) timer = setTimeout(on, PACE);
    };
    if (acts.length < story.acts.length) timer = setTimeout(on, PACE);
  }

  /** What the reader does by hand goes into the address, so that it can be kept and passed on. */
  function by_hand(next) {
    clearTimeout(timer);
    acts = next;
    draw();
    if (addressed) history.replaceState(null, "", `#${root}.${acts}`);
  }

  function offer() {
    for (const option of wallet.options) option.disabled = option.hidden = !(`${payType.value}.${option.value}` in roots);
  }

  element.addEventListener("click", ({ target }) => {
    const { act, do: what, story } = target.closest("button")?.dataset ?? {};
    if (act) by_hand(acts.slice(0, path().length - 1) + act);
    if (what === "back") by_hand(acts.slice(0, -1));
    if (what === "again") by_hand("");
    if (story) {
      if (addressed) history.pushState(null, "", `#${story}`);
      show(parsed(story, roots), true);
    }
  });
  element.addEventListener("change", () => {
    offer();
    if (wallet.selectedOptions[0]?.disabled !== false) wallet.value = "good";
    root = `${payType.value}.${wallet.value}`;
    by_hand("");
  });
  const linked = () => (addressed ? parsed(location.hash.slice(1), roots) : null);
  addEventListener("hashchange", () => {
    const story = linked();
    if (!story) return;
    element.scrollIntoView();
    show(story, true);
  });
  find(".qf-choose").hidden = false;
  show(linked() ?? parsed(element.dataset.story, roots), linked() !== null);
  if (linked()) requestAnimationFrame(() => element.scrollIntoView());
}
