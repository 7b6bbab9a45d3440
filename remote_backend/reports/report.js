"use strict";
const tools = document.getElementById("tools");
const search = document.getElementById("search");
const boxes = [...document.querySelectorAll("[data-filter]")];
const groups = [...document.querySelectorAll("details.group")];
function show() {
  const wanted = search.value.trim().toLowerCase();
  const kinds = new Set(boxes.filter((box) => box.checked).map((box) => box.dataset.filter));
  for (const group of groups) {
    const head = group.querySelector("summary").textContent.toLowerCase();
    const list = group.querySelector("ul.changes");
    const all = head.includes(wanted) || (list && list.textContent.toLowerCase().includes(wanted));
    let any = false;
    for (const one of group.querySelectorAll("details.workspace")) {
      one.hidden = !(all || one.dataset.name.toLowerCase().includes(wanted));
      any = any || !one.hidden;
    }
    group.hidden = !kinds.has(group.dataset.kind) || !any;
  }
}
tools.hidden = false;
search.addEventListener("input", show);
boxes.forEach((box) => box.addEventListener("change", show));
