"use strict";
const log = document.getElementById("log");
const status_ = document.getElementById("status");
if (log.dataset.follow) {
  const source = new EventSource(`${log.dataset.follow}?offset=${log.dataset.offset}`);
  const show = (event) => {
    const told = JSON.parse(event.data);
    // The server has escaped what the log says; only its own spans are markup.
    log.insertAdjacentHTML("beforeend", told.html);
    status_.textContent = told.status;
  };
  source.onmessage = show;
  source.addEventListener("end", (event) => {
    show(event);
    source.close();
  });
}
