/*
 * The charts with their legends, whose numbers are those under the pointer, or
 * the newest.
 */
import { byId, make } from "../chat/dom.js";
import { Chart } from "./chart.js";
import { byteRate, bytes, count, ms, rate } from "./format.js";
import { t } from "./i18n.js";

const CHARTS = [
    { title: "clients", format: count, least: 4, lines: [
        { key: "connections", word: "connections", show: count },
        { key: "users", word: "users", show: count }] },
    { title: "traffic", format: count, least: 4, lines: [
        { key: "delivered", word: "deliveries", show: rate },
        { key: "messages", word: "messages", show: rate },
        { key: "requests", word: "requests", show: rate }] },
    { title: "bytes", format: bytes, least: 1000, lines: [
        { key: "bytesOut", word: "sent", show: byteRate },
        { key: "bytesIn", word: "received", show: byteRate }] },
    { title: "latencyChart", format: ms, least: 1, lines: [
        { key: "p99", word: "nearlyAll", show: ms },
        { key: "p95", word: "most", show: ms },
        { key: "p50", word: "half", show: ms }] },
];

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const dark = matchMedia("(prefers-color-scheme: dark)");

export class ChartsView {
    /** @param {import("./feed.js").Feed} feed */
    constructor(feed) {
        this.samples = feed.samples;
        this.charts = CHARTS.map((chart) => this.make(chart));
        byId("charts").replaceChildren(
            ...this.charts.map((chart) => chart.figure));
        for (const chart of this.charts)
            chart.chart.recolor();
        dark.addEventListener("change", () =>
            this.charts.forEach(({ chart }) => chart.recolor()));
        this.watch();
        feed.on("stats", () => this.tell());
        if (!calm.matches)
            requestAnimationFrame((now) => this.frame(now));
    }

    frame(now) {
        this.draw(now, true);
        requestAnimationFrame((next) => this.frame(next));
    }

    make({ title, format, least, lines }) {
        const canvas = make("canvas", { role: "img",
            "aria-label": t(title) });
        const values = lines.map(() => make("b", {}));
        const legend = make("p", { class: "legend" }, ...lines.map((line, i) =>
            make("span", { class: `line-${i + 1}` }, `${t(line.word)} `,
                values[i])));
        const figure = make("figure", { class: "card chart",
            "data-chart": title },
        make("figcaption", {}, make("h2", {}, t(title)), legend), canvas);
        const colored = lines.map((line, i) =>
            ({ ...line, color: `--line-${i + 1}` }));
        const chart = new Chart(canvas, colored, format, { least });
        const made = { figure, chart, lines, values, isSeen: true };

        canvas.addEventListener("pointermove", () => this.tellOne(made));
        canvas.addEventListener("pointerleave", () => this.tellOne(made));
        return made;
    }

    /** Those out of sight are not drawn. */
    watch() {
        const observer = new IntersectionObserver((entries) => {
            for (const entry of entries) {
                const chart = this.charts.find(({ figure }) =>
                    figure === entry.target);

                chart.isSeen = entry.isIntersecting;
            }
        });
        for (const { figure } of this.charts)
            observer.observe(figure);
    }

    draw(now, glides) {
        for (const { chart, isSeen } of this.charts) {
            if (isSeen)
                chart.draw(this.samples.all, now, glides);
        }
    }

    tell() {
        if (calm.matches)
            this.draw(performance.now(), false);
        this.charts.forEach((chart) => this.tellOne(chart));
    }

    tellOne({ chart, lines, values }) {
        const sample = chart.pointed(this.samples.all) ?? this.samples.last;

        if (!sample)
            return;
        lines.forEach((line, i) => {
            values[i].textContent = line.show(sample[line.key]);
        });
    }
}
