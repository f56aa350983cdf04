// Draws a stacked bar chart from the table inside each figure[data-chart]. The table stays for readers without sight of the chart,
// for print without scripts, and as the chart's source: heads are series, rows are bars, a row's link is where its bar leads.
import { BarChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([BarChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

const ROW = 30; // pixels a bar takes
const AROUND = 64;

function read(table) {
  const heads = [...table.querySelectorAll("thead th")].slice(1);
  const rows = [...table.querySelectorAll("tbody tr")].map((row) => ({
    name: row.querySelector("th").textContent.trim(),
    links: [...row.querySelectorAll("td")].map((cell) => cell.querySelector("a")?.href || row.querySelector("th a")?.href || ""),
    values: [...row.querySelectorAll("td")].map((cell) => Number(cell.textContent.replace(/[^0-9]/g, "")) || 0),
  }));
  return { heads, rows };
}

function draw(figure) {
  const face = figure.querySelector(".y-chart-face");
  const { heads, rows } = read(figure.querySelector("table"));
  const colours = heads.map((head) => getComputedStyle(head).getPropertyValue("--y-series").trim() || "#1c4b82");
  const font = getComputedStyle(document.body).fontFamily;
  face.hidden = false;
  face.style.height = `${rows.length * ROW + AROUND}px`;
  figure.classList.add("y-chart-drawn");
  const chart = init(face, null, { renderer: "canvas" });
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: font, fontSize: 12, color: "#1a2433" },
    legend: { top: 0, left: 0, itemWidth: 12, itemHeight: 12, textStyle: { color: "#1a2433" } },
    grid: { left: 4, right: 16, top: 32, bottom: 4, containLabel: true },
    tooltip: { trigger: "axis", axisPointer: { type: "shadow" }, renderMode: "richText", confine: true },
    xAxis: { type: "value", minInterval: 1, splitLine: { lineStyle: { color: "#eaeef3" } }, axisLabel: { color: "#4a5768" } },
    yAxis: {
      type: "category",
      inverse: true,
      data: rows.map((row) => row.name),
      axisTick: { show: false },
      axisLabel: { color: "#1a2433", width: 120, overflow: "truncate" },
    },
    series: heads.map((head, at) => ({
      name: head.textContent.trim(),
      type: "bar",
      stack: "all",
      barMaxWidth: 16,
      itemStyle: { color: colours[at] },
      data: rows.map((row) => row.values[at]),
    })),
  });
  chart.on("click", (event) => {
    const link = rows[event.dataIndex]?.links[event.seriesIndex];
    if (link) window.location.assign(link);
  });
  new ResizeObserver(() => chart.resize()).observe(face);
}

for (const figure of document.querySelectorAll("figure[data-chart]")) draw(figure);
