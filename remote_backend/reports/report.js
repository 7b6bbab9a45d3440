"use strict";
(() => {
  const element = (id) => document.getElementById(id);
  const all = (selector, inside = document) => [...inside.querySelectorAll(selector)];
  let [main] = all("main");
  const search = element("search");
  const hits = element("hits");
  let tiles = [];
  let groups = [];
  let names = 0;
  let changes = 0;
  let wanted = "";

  // The texts are read when they are needed first: opening the page does not wait for it.
  const nameOf = (item) => item.id.slice("ws=".length);
  const textOf = (node) => node.textContent.toLowerCase();
  const read = () => {
    if (groups.length === 0 || groups[0].names) return;
    for (const group of groups) {
      const { details } = group;
      group.names = all(":scope > .names > li", details).map((item) => ({
        item,
        text: nameOf(item).toLowerCase(),
      }));
      group.changes = all(":scope > .changes > li", details).map((item) => ({
        item,
        text: textOf(item),
        address: item.querySelector("code")?.textContent,
      }));
      group.text = all(".title, .error, .plan, .value", details).map(textOf).join("\n");
      names += group.names.length;
      changes += group.names.length * group.changes.length;
    }
  };

  // What of a group is seen: names, changes, or all of it if its title, error or values match.
  const match = (group) => {
    const foundChanges = group.changes.filter((change) => change.text.includes(wanted));
    const foundNames = group.names.filter((name) => name.text.includes(wanted));
    const isWhole = foundChanges.length > 0 || group.text.includes(wanted);
    group.shownNames = isWhole ? group.names : foundNames;
    group.shownChanges = foundChanges.length > 0 ? foundChanges : group.changes;
    group.isFound = isWhole || foundNames.length > 0;
    if (!group.isFound) group.shownChanges = [];
  };
  const show = (items, shown) => {
    if (items.length === shown.length && !items.some(({ item }) => item.hidden)) return;
    const kept = new Set(shown);
    for (const entry of items) entry.item.hidden = !kept.has(entry);
  };

  let matrices = [];
  const matrixOf = (table) => ({
    table,
    columns: all("thead a", table).map((link) => element(link.hash.slice(1))),
    rows: all("tbody tr", table).map((row) => ({
      row,
      address: row.querySelector("code").textContent,
      cells: [...row.cells].slice(1).map((cell) => cell.textContent !== ""),
    })),
  });
  const showMatrix = ({ table, columns, rows }) => {
    const seen = columns.map((details) => {
      const group = groups.find((candidate) => candidate.details === details);
      const isSeen = group && !details.hidden;
      return new Set(isSeen ? group.shownChanges.map((change) => change.address) : []);
    });
    let count = 0;
    for (const { row, address, cells } of rows) {
      row.hidden = !cells.some((isMarked, column) => isMarked && seen[column].has(address));
      count += row.hidden ? 0 : 1;
    }
    const folded = table.closest("details.more");
    if (folded) {
      folded.hidden = count === 0;
      folded.firstElementChild.textContent = `Show ${count.toLocaleString("en")} more`;
    }
  };

  const showTiles = () => {
    for (const tile of tiles) {
      const members = groups.filter((group) => group.kind === tile.dataset.filter);
      const sum = (key) => members.reduce((total, group) => total + group[key].length, 0);
      const [found, count] = [sum("shownNames"), sum("names")];
      const text = count.toLocaleString("en");
      tile.querySelector("b").textContent =
        found === count ? text : `${found.toLocaleString("en")} of ${text}`;
    }
  };
  const number = (count, whole, noun) =>
    `${count === whole ? "" : `${count.toLocaleString("en")} of `}${whole.toLocaleString("en")} ${noun}`;

  const openHits = () => {
    for (const group of groups) {
      const { details } = group;
      if (wanted && group.wasOpen === undefined) group.wasOpen = details.open;
      if (wanted && group.isFound) details.open = true;
      if (!wanted && group.wasOpen !== undefined) {
        details.open = group.wasOpen;
        group.wasOpen = undefined;
      }
    }
  };

  const update = () => {
    read();
    wanted = search.value.trim().toLowerCase();
    const kinds = new Set(
      tiles.filter((tile) => tile.ariaPressed === "true").map((tile) => tile.dataset.filter),
    );
    const shown = new Set();
    let [foundNames, foundChanges] = [0, 0];
    for (const group of groups) {
      match(group);
      show(group.names, group.shownNames);
      show(group.changes, group.shownChanges.length > 0 ? group.shownChanges : group.changes);
      group.details.hidden = !group.isFound || (kinds.size > 0 && !kinds.has(group.kind));
      if (group.details.hidden) continue;
      foundNames += group.shownNames.length;
      foundChanges += group.shownNames.length * group.shownChanges.length;
      for (const { item } of group.shownNames) shown.add(nameOf(item));
    }
    openHits();
    matrices.forEach(showMatrix);
    showTiles();
    for (const item of all("[data-ws]")) item.hidden = !shown.has(item.dataset.ws);
    for (const section of all("main > section:has(> .group)")) {
      section.hidden = !section.querySelector(":scope > .group:not([hidden])");
    }
    const matrix = element("matrix");
    if (matrix) matrix.hidden = !matrix.querySelector("tbody tr:not([hidden])");
    hits.textContent = `${number(foundNames, names, "workspaces")}, ${number(foundChanges, changes, "changes")}`;
  };

  // Tiles lead to their sections without this script, and filter with it.
  const makeButton = (tile) => {
    tile.setAttribute("role", "button");
    tile.ariaPressed = "false";
    const press = (event) => {
      event.preventDefault();
      tile.ariaPressed = tile.ariaPressed === "true" ? "false" : "true";
      update();
    };
    tile.addEventListener("click", press);
    tile.addEventListener("keydown", (event) => event.key === " " && press(event));
  };

  const isSeen = ({ details }) => !details.hidden;
  const expand = element("expand");
  const expandAll = () => {
    const seen = groups.filter(isSeen);
    const isOpening = seen.some(({ details }) => !details.open);
    for (const { details } of seen) details.open = isOpening;
    expand.textContent = isOpening ? "Collapse all" : "Expand all";
  };
  const step = (by) => {
    const seen = groups.filter(isSeen).map(({ details }) => details);
    const current = seen.indexOf(document.activeElement?.closest("details.group"));
    const next = seen[current < 0 ? 0 : Math.min(Math.max(current + by, 0), seen.length - 1)];
    next?.querySelector("summary").focus();
  };

  // One pair of buttons follows the pointer, the focus and the marked workspace.
  const copyText = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Pages from plain HTTP have no clipboard.
      const field = document.body.appendChild(document.createElement("textarea"));
      field.value = text;
      field.select();
      document.execCommand("copy");
      field.remove();
    }
  };
  const quoted = (name) => (/^[\w.:/-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`);
  const buttons = document.createElement("span");
  buttons.className = "copy";
  const addButton = (label, textFor) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", async () => {
      await copyText(textFor(nameOf(buttons.parentElement)));
      hits.textContent = "Copied";
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = label), 1500);
    });
    buttons.append(button);
  };
  addButton("Copy link", (name) => `${location.href.split("#")[0]}#ws=${encodeURIComponent(name)}`);
  if (main.dataset.log) addButton("Copy log command", (name) => `${main.dataset.log} ${quoted(name)}`);
  const offerButtons = ({ target }) => {
    const item = target.closest?.(".names > li");
    if (item && buttons.parentElement !== item) item.append(buttons);
  };

  const collect = () => {
    [main] = all("main");
    main.addEventListener("pointerover", offerButtons);
    main.addEventListener("focusin", offerButtons);
    tiles = all("[data-filter]");
    tiles.forEach(makeButton);
    groups = all("details.group").map((details) => ({ details, kind: details.dataset.kind }));
    matrices = all("table.matrix").map(matrixOf);
    [names, changes] = [0, 0];
  };
  collect();
  // The page of a batch that goes on gets new tiles and a new main; search and filters stay.
  document.addEventListener("report-replaced", () => {
    const pressed = tiles.filter((tile) => tile.ariaPressed === "true");
    const kinds = new Set(pressed.map((tile) => tile.dataset.filter));
    collect();
    for (const tile of tiles) {
      if (kinds.has(tile.dataset.filter)) tile.ariaPressed = "true";
    }
    if (kinds.size > 0 || search.value) update();
  });

  const decoded = (text) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return text; // A percent sign that encodes nothing.
    }
  };
  const followHash = () => {
    const target = element(decoded(location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]")) {
      search.value = "";
      tiles.forEach((tile) => (tile.ariaPressed = "false"));
      update();
    }
    for (let node = target; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") node.open = true;
    }
    for (const details of all(":scope > details.facts", target)) details.open = true;
    if (target.matches(".names > li")) target.append(buttons);
    reveal(target);
  };
  // Groups get their height when they come into view, which can move the target away again.
  const reveal = (target, times = 3) => {
    target.scrollIntoView({ block: target.matches("li") ? "center" : "start" });
    if (times > 1) requestAnimationFrame(() => reveal(target, times - 1));
  };
  addEventListener("hashchange", followHash);
  addEventListener("load", followHash);

  const KEYS_SETTING = "remote-backend-keys";
  const dialog = element("keys");
  const areKeysOn = element("keys-on");
  const store = (work) => {
    try {
      return work(localStorage);
    } catch {
      return null; // Browsers can forbid it.
    }
  };
  areKeysOn.checked = store((storage) => storage.getItem(KEYS_SETTING)) !== "off";
  areKeysOn.addEventListener("change", () =>
    store((storage) => storage.setItem(KEYS_SETTING, areKeysOn.checked ? "on" : "off")),
  );
  const keys = {
    "/": () => (search.focus(), search.select()),
    j: () => step(1),
    k: () => step(-1),
    e: expandAll,
    "?": () => dialog.showModal(),
  };
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target === search) {
      search.value = "";
      update();
    }
    const isTyping = event.target.matches?.("input[type=search], textarea");
    if (!areKeysOn.checked || isTyping || dialog.open) return;
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  });

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details:not([open])").filter((details) => !details.closest(".logs"));
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });

  search.addEventListener("input", update);
  search.addEventListener("focus", read, { once: true });
  expand.addEventListener("click", expandAll);
  element("keys-button").addEventListener("click", keys["?"]);
  element("keys-close").addEventListener("click", () => dialog.close());
  element("tools").hidden = false;
})();
