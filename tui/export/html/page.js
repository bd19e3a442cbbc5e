"use strict";
const $ = (query, within = document) => within.querySelector(query);
const all = (query, within = document) => [...within.querySelectorAll(query)];

// The timeline: zoom around a place, what a bar says, and the time below the pointer.
const chart = $(".chart"), grid = $(".grid"), axis = $(".axis .track"), tip = $("#tip"), at = $("#at");
if (chart) {
  const map = JSON.parse(chart.dataset.map);
  let zoom = 1;
  const setZoom = (wanted, x) => {
    const track = axis.getBoundingClientRect();
    const pointer = x ?? chart.getBoundingClientRect().left + chart.clientWidth / 2;
    const share = Math.min(Math.max((pointer - track.left) / track.width, 0), 1);
    zoom = Math.min(Math.max(wanted, 1), 64);
    grid.style.setProperty("--zoom", zoom);
    grid.toggleAttribute("data-near", zoom >= 4);
    grid.toggleAttribute("data-nearer", zoom >= 16);
    const after = axis.getBoundingClientRect();
    chart.scrollLeft += after.left + share * after.width - pointer;
  };
  const time = (share) => {
    let i = 1;
    while (i < map.length - 1 && map[i][0] < share) i++;
    const [[x0, t0], [x1, t1]] = [map[i - 1], map[i]];
    return t0 + (x1 > x0 ? (share - x0) / (x1 - x0) : 0) * (t1 - t0);
  };
  const clock = (seconds) => {
    const tenths = Math.round(seconds * 10), rest = (tenths % 600) / 10;
    const minutes = Math.floor(tenths / 600), two = (n) => String(n).padStart(2, "0");
    const tail = (rest < 10 ? "0" : "") + rest.toFixed(1);
    return minutes < 60 ? `${minutes}:${tail}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${tail}`;
  };
  $("#in").onclick = () => setZoom(zoom * 2);
  $("#out").onclick = () => setZoom(zoom / 2);
  $("#fit").onclick = () => setZoom(1);
  chart.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    setZoom(zoom * (event.deltaY < 0 ? 1.25 : 0.8), event.clientX);
  }, { passive: false });
  chart.addEventListener("keydown", (event) => {
    const by = { "+": 2, "=": 2, "-": 0.5, "0": 0 }[event.key];
    if (by === undefined || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    setZoom(by ? zoom * by : 1);
  });
  chart.addEventListener("pointermove", (event) => {
    const track = axis.getBoundingClientRect();
    const share = (event.clientX - track.left) / track.width;
    const name = event.target.closest(".name");
    at.style.display = share < 0 || share > 1 || name ? "none" : "block";
    at.style.left = `${event.clientX - grid.getBoundingClientRect().left}px`;
    at.dataset.time = clock(time(share));
    const bar = event.target.closest("[data-tip]");
    tip.style.display = bar ? "block" : "none";
    if (!bar) return;
    tip.textContent = bar.dataset.tip;
    const { width, height } = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(event.clientX + 14, innerWidth - width - 4))}px`;
    const below = event.clientY + 18;
    tip.style.top = `${below + height > innerHeight ? Math.max(4, event.clientY - height - 12) : below}px`;
  });
  chart.addEventListener("pointerleave", () => { tip.style.display = at.style.display = "none"; });
}

// The logs: only lines with a text, with that marked, and how many there are.
const search = $("#search"), found = $("#found");
if (search) {
  const MOST = 2000;
  const logs = all("details.log").map((log) => ({ log, lines: all(".line", log), wasOpen: log.open }));
  const show = (line, wanted) => {
    const text = line.textContent, low = text.toLowerCase();
    line.textContent = "";
    let from = 0, place;
    while (wanted && low.length === text.length && (place = low.indexOf(wanted, from)) >= 0) {
      const mark = document.createElement("mark");
      mark.textContent = text.slice(place, place + wanted.length);
      line.append(text.slice(from, place), mark);
      from = place + wanted.length;
    }
    line.append(text.slice(from));
  };
  const look = () => {
    const wanted = search.value.toLowerCase();
    let hits = 0;
    for (const { log, lines, wasOpen } of logs) {
      let here = 0;
      for (const line of lines) {
        const source = (line.dataset.s || "").toLowerCase();
        const hit = !wanted || line.textContent.toLowerCase().includes(wanted) || source.includes(wanted);
        if (line.firstElementChild || (wanted && hit && hits + here < MOST)) show(line, hit ? wanted : "");
        line.classList.toggle("gone", !hit);
        here += wanted && hit ? 1 : 0;
      }
      all(".left-out", log).forEach((each) => each.classList.toggle("gone", Boolean(wanted)));
      log.classList.toggle("gone", Boolean(wanted) && !here);
      log.open = wanted ? here > 0 : wasOpen;
      hits += here;
    }
    found.textContent = wanted ? `${hits} line${hits === 1 ? "" : "s"}` : "";
  };
  let due;
  search.oninput = () => { clearTimeout(due); due = setTimeout(look, 120); };
}
const folds = $("#folds");
if (folds) folds.onclick = () => {
  const tasks = all("details.task"), open = tasks.some((task) => !task.open);
  tasks.forEach((task) => { task.open = open; });
};
