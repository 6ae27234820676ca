"use strict";
// The page reads well without this file. It follows the server's events, appends further pages, and keeps ages current.
(() => {
  const STALE_SECONDS = 20;
  const POLL_MILLISECONDS = 5000;
  const SILENCE_MILLISECONDS = 15000;
  const LONGEST_LIST = 20000;
  const body = document.body;
  const byId = (id) => document.getElementById(id);
  const fresh = byId("fresh");

  // Ages ------------------------------------------------------------------------------------------------------------
  const steps = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const span = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds));
    const [size, unit] = steps.find(([size]) => whole >= 2 * size) ?? steps[3];
    return `${Math.floor(whole / size)} ${unit}`;
  };
  const refreshAges = () => {
    for (const one of document.querySelectorAll("time[title]")) {
      const at = Date.parse(one.dateTime);
      if (!Number.isNaN(at)) one.textContent = span(Math.abs(Date.now() - at) / 1000);
    }
  };
  if (document.querySelector("time[title]")) setInterval(refreshAges, 30000);

  // Freshness -------------------------------------------------------------------------------------------------------
  let asOf = Date.parse(fresh?.dataset.asOf ?? "");
  let trouble = null;
  let said = "";
  const showFreshness = () => {
    if (!fresh) return;
    const age = Number.isNaN(asOf) ? Infinity : (Date.now() - asOf) / 1000;
    const stale = age > STALE_SECONDS;
    const at = Number.isNaN(asOf) ? "not read yet" : `as of ${new Date(asOf).toISOString().slice(11, 19)} UTC`;
    const late = stale && Number.isFinite(age) ? `; not updated for ${span(age)}` : "";
    fresh.textContent = trouble && stale ? `${at}${late}: ${trouble}` : `${at}${late}`;
    fresh.classList.toggle("stale", stale);
    fresh.classList.toggle("live", !stale);
    const aloud = stale ? "The page is not up to date." : said ? "The page is up to date again." : "";
    if (stale !== (said === "stale")) {
      byId("fresh-aloud").textContent = aloud;
      said = stale ? "stale" : "fresh";
    }
  };

  if (!body.dataset.live) return;
  setInterval(showFreshness, 1000);

  // What changes ----------------------------------------------------------------------------------------------------
  const rows = byId("rows");
  const news = byId("news");
  const unseen = new Set();
  let last = body.dataset.live;

  const drawn = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content.firstElementChild;
  };
  const tellNews = (text) => {
    if (!news || news.dataset.text === text) return;
    news.dataset.text = text;
    const link = document.createElement("a");
    link.href = location.href;
    link.textContent = "Show them";
    news.replaceChildren(`${text} `, link);
    news.hidden = false;
  };
  const onRows = (data) => {
    for (const one of data.rows) {
      if (body.dataset.one === one.id) { redraw("job"); continue; }
      if (!rows) continue;
      const there = byId(`job-${one.id}`);
      if (there) {
        const focused = there.contains(document.activeElement);
        const row = drawn(one.html);
        row.classList.add("changed");
        row.classList.toggle("gone", !one.fits);
        there.replaceWith(row);
        if (focused) row.querySelector("a")?.focus();
        setTimeout(() => row.classList.remove("changed"), 1500);
      } else if (one.fits && body.dataset.first) {
        unseen.add(one.id);
      }
    }
    if (unseen.size) tellNews(unseen.size === 1 ? "1 job is new or changed." : `${unseen.size} jobs are new or changed.`);
  };
  let redrawing = false;
  const redraw = async (id) => {
    const old = byId(id);
    // What somebody is typing stays.
    const typed = old && [...old.querySelectorAll("textarea")].some((one) => one.value);
    if (!old || redrawing || typed) return;
    redrawing = true;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const now = page.getElementById(id);
      if (now && byId(id)) byId(id).replaceWith(now);
    } catch { /* The next event draws it. */ } finally { redrawing = false; }
  };
  const onEvent = (kind, data) => {
    if (kind === "rows") onRows(data);
    else if (kind === "figures" && byId("figures")) byId("figures").innerHTML = data.html;
    else if (kind === "reset") {
      if (body.dataset.one) redraw("job");
      else if (rows) tellNews("Many jobs have changed.");
    } else if (kind === "tick") {
      asOf = Date.parse(data.asOf ?? "");
      trouble = data.trouble;
      showFreshness();
    }
  };

  // Events, and asking again and again where they do not come -------------------------------------------------------
  const address = (path) => {
    const query = new URLSearchParams(location.search);
    query.set("after", last);
    return `${path}?${query}`;
  };
  let source = null;
  let heardAt = 0;
  let polling = null;
  const listen = () => {
    source?.close();
    source = new EventSource(address("/events"));
    heardAt = Date.now();
    for (const kind of ["rows", "figures", "reset", "tick"]) {
      source.addEventListener(kind, (event) => {
        heardAt = Date.now();
        stopPolling();
        if (event.lastEventId) last = event.lastEventId;
        onEvent(kind, JSON.parse(event.data));
      });
    }
    source.addEventListener("error", () => { if (source?.readyState === EventSource.CLOSED) startPolling(); });
  };
  const poll = async () => {
    try {
      const answer = await fetch(address("/changes"));
      if (answer.status === 401) { location.reload(); return; }
      if (!answer.ok) return;
      const data = await answer.json();
      last = data.last;
      for (const one of data.events) onEvent(one.kind, one.data);
      onEvent("tick", data);
    } catch { /* The page shows how old it is. */ }
  };
  const startPolling = () => {
    if (polling !== null) return;
    source?.close();
    source = null;
    poll();
    polling = setInterval(poll, POLL_MILLISECONDS);
  };
  const stopPolling = () => { clearInterval(polling); polling = null; };
  setInterval(() => { if (source && Date.now() - heardAt > SILENCE_MILLISECONDS) startPolling(); }, 1000);
  // A browser has six connections to a host: a page that nobody sees gives its own back.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) { source?.close(); source = null; stopPolling(); } else listen();
  });
  if (!document.hidden) listen();

  // Further pages of the list ---------------------------------------------------------------------------------------
  let loading = false;
  const append = async (link) => {
    if (loading || !rows || rows.querySelectorAll(".job").length >= LONGEST_LIST) return;
    loading = true;
    link.textContent = "Loading…";
    try {
      const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const row of page.querySelectorAll("#rows .job")) if (byId(row.id)) row.remove();
      rows.append(...page.querySelectorAll("#rows .chunk"));
      const next = page.getElementById("more");
      if (next) {
        link.href = next.href;
        link.textContent = "More";
      } else {
        byId("pager").replaceChildren(...(page.getElementById("pager")?.childNodes ?? []));
      }
    } catch {
      link.textContent = "More (the last try failed)";
    } finally {
      loading = false;
    }
  };
  const more = byId("more");
  if (more && rows) {
    more.addEventListener("click", (event) => { event.preventDefault(); append(more); });
    const near = new IntersectionObserver(async (seen) => {
      if (!seen.some((one) => one.isIntersecting)) return;
      await append(more);
      // Looked at anew: it may be in sight still.
      near.unobserve(more);
      if (more.isConnected && more.textContent === "More") near.observe(more);
    }, { rootMargin: "600px" });
    near.observe(more);
  }
})();
