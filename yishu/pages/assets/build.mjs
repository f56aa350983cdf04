// Builds the front end once: Tabler's CSS, htmx with our few lines, ECharts for pages with charts, and one sprite of the icons in icons.json.
// Output goes to ../static/yishu/vendor (git-ignored), each text file with a .gz beside it for whitenoise.
import { build } from "esbuild";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static", "yishu", "vendor");
const packages = join(here, "..", "..", "..", "node_modules");
const tabler = join(packages, "@tabler", "core");
const icons = join(packages, "@tabler", "icons");

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

await build({
  entryPoints: { tabler: join(tabler, "dist", "css", "tabler.min.css"), app: join(here, "app.js"), charts: join(here, "charts.js") },
  bundle: true,
  minify: true,
  legalComments: "none",
  target: ["chrome100", "firefox102", "safari15"],
  outdir: out,
});

const symbols = JSON.parse(readFileSync(join(here, "icons.json"), "utf8")).map((name) => {
  const svg = readFileSync(join(icons, "icons", "outline", `${name}.svg`), "utf8");
  const body = svg.replace(/<!--[\s\S]*?-->/g, "").replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "");
  return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round">${body.replace(/\s*\n\s*/g, "")}</symbol>`;
});
writeFileSync(join(out, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`);

for (const name of readdirSync(out)) {
  writeFileSync(join(out, `${name}.gz`), gzipSync(readFileSync(join(out, name)), { level: 9 }));
}
console.log(`front end built: ${symbols.length} icons`);
