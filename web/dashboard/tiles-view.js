/*
 * The numbers of now, large.
 */
import { byId, make } from "../chat/dom.js";
import { count, ms, rate } from "./format.js";
import { t } from "./i18n.js";

const TILES = [
    { name: "connections", value: (s) => count(s.connections),
        hint: (s) => t("loggedIn", { n: count(s.sessions) }) },
    { name: "users", value: (s) => count(s.users), hint: () => "" },
    { name: "rooms", value: (s) => count(s.rooms), hint: () => "" },
    { name: "messages", value: (s) => rate(s.messages),
        hint: () => t("perSecond") },
    { name: "deliveries", value: (s) => rate(s.delivered),
        hint: () => t("perSecond") },
    { name: "latency", value: (s) => ms(s.p99),
        hint: () => t("latencyHint") },
];

export class TilesView {
    /** @param {import("./feed.js").Feed} feed */
    constructor(feed) {
        this.tiles = TILES.map((tile) => {
            const value = make("strong", {});
            const hint = make("small", {});

            return { ...tile, value, hint, read: tile };
        });
        byId("tiles").replaceChildren(...this.tiles.map((tile) =>
            make("li", { class: "tile", "data-tile": tile.name },
                make("span", {}, t(tile.name)), tile.value, tile.hint)));
        feed.on("stats", (sample) => this.show(sample));
    }

    show(sample) {
        for (const { value, hint, read } of this.tiles) {
            value.textContent = read.value(sample);
            hint.textContent = read.hint(sample);
        }
    }
}
