"use strict";
(() => {
  const log = document.getElementById("log");
  const follow = document.getElementById("follow");
  if (!log?.dataset.follow || !follow) return;

  const isAtEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight < 24;
  const toEnd = () => {
    if (follow.checked) log.scrollTop = log.scrollHeight;
  };
  // Reading upwards stops following, and the end of the log resumes it.
  log.addEventListener("scroll", () => (follow.checked = isAtEnd()));
  follow.addEventListener("change", toEnd);
  toEnd();

  // Of a run that is over the page has more to show: changes, policies, cost.
  const readFacts = async () => {
    const response = await fetch(location.href);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const id of ["facts", "log-section"]) {
      const fresh = page.getElementById(id);
      if (fresh) document.getElementById(id).replaceWith(fresh);
    }
    document.title = page.title;
  };
  const source = new EventSource(`${log.dataset.follow}?offset=${log.dataset.offset}`);
  const show = ({ data }) => {
    const event = JSON.parse(data);
    // The server has escaped the texts of others; only its own spans are markup.
    log.insertAdjacentHTML("beforeend", event.html);
    document.getElementById("status").textContent = event.word;
    toEnd();
  };
  source.onmessage = show;
  source.addEventListener("end", (event) => {
    source.close();
    show(event);
    readFacts();
  });
})();
