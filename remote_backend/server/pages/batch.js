"use strict";
(() => {
  const batch = document.getElementById("batch");
  if (!batch?.hasAttribute("data-live")) return;
  const LEAST_PAUSE = 3000;
  let etag = "";

  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  const duration = (seconds) =>
    seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${`${seconds % 60}`.padStart(2, "0")}s`;
  const showTimes = () => {
    for (const node of all("[data-since]")) {
      const seconds = Math.round((Date.now() - Date.parse(node.dataset.since)) / 1000);
      node.textContent = duration(Math.max(0, seconds));
    }
  };

  // What was opened or closed stays so: a fold is known by the titles around it.
  const keyOf = (details) => {
    const titles = [];
    for (let node = details; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") titles.push(node.querySelector("summary").textContent);
    }
    return titles.join("\n");
  };
  const replace = (page) => {
    const wasOpen = new Map(all("details").map((details) => [keyOf(details), details.open]));
    for (const selector of ["#batch", "header .tiles", "main"]) {
      const [fresh, old] = [page.querySelector(selector), document.querySelector(selector)];
      if (fresh && old) old.replaceWith(fresh);
    }
    for (const details of all("details")) {
      const open = wasOpen.get(keyOf(details));
      if (open !== undefined) details.open = open;
    }
    document.title = page.title;
    showTimes();
    document.dispatchEvent(new Event("report-replaced"));
  };

  const isConfirming = () => document.querySelector("#batch .confirm[open]") !== null;
  const poll = async () => {
    const began = Date.now();
    try {
      const headers = etag ? { "If-None-Match": etag } : {};
      const response = await fetch(location.href, { headers, cache: "no-store" });
      if (response.status === 200 && !isConfirming()) {
        const text = await response.text();
        replace(new DOMParser().parseFromString(text, "text/html"));
        etag = response.headers.get("ETag") ?? "";
      }
    } catch {
      // The server may be restarting; the next poll will show.
    }
    // A report that takes long is read less often.
    const pause = Math.max(LEAST_PAUSE, 5 * (Date.now() - began));
    if (document.getElementById("batch").hasAttribute("data-live")) setTimeout(poll, pause);
  };
  showTimes();
  setInterval(showTimes, 1000);
  setTimeout(poll, LEAST_PAUSE);
})();
