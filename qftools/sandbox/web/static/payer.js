// Follows the order: shows what became of it as soon as the books know.
"use strict";
const { syssn, state } = document.body.dataset;
let gone = false;

document.querySelector("form").addEventListener("submit", (event) => {
  if (gone) event.preventDefault(); // one press, one act
  gone = true;
});

async function look() {
  if (!document.hidden && !gone) {
    try {
      const answer = await fetch(`/payer/${encodeURIComponent(syssn)}`, { method: "HEAD" });
      if (answer.ok && answer.headers.get("X-Order-State") !== state) {
        gone = true;
        const url = new URL(location.href);
        url.searchParams.delete("turned_away");
        url.searchParams.delete("left");
        location.replace(url);
        return;
      }
    } catch {
      // The sandbox is away for a moment; the next look will tell.
    }
  }
  setTimeout(look, 1000);
}
setTimeout(look, 1000);
addEventListener("pageshow", () => { gone = false; });
