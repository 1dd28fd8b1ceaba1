/*
 * The tables: processes, rooms by traffic, clients that do not follow.
 */
import { byId, KeyedList, make } from "../chat/dom.js";
import { bytes, count, rate, seconds } from "./format.js";
import { stateWord, t } from "./i18n.js";

/** A table whose rows stay the same elements while they stand for the same. */
export class Table {
    /**
     * @param {string} id of index.html
     * @param {string[]} titles words of i18n.js; a number's begins with "#"
     */
    constructor(id, titles) {
        const table = byId(id);
        const heads = titles.map((title) => make("th", { scope: "col",
            class: title.startsWith("#") ? "number" : null },
        title.replace(/^#/, "") && t(title.replace(/^#/, ""))));

        this.titles = titles;
        table.tHead.replaceChildren(make("tr", {}, ...heads));
        table.tBodies[0].replaceChildren();
        this.list = new KeyedList(table.tBodies[0]);
    }

    /**
     * @param {{key: string, cells: (string | Node)[], sign?: string,
     *         state?: string}[]} rows sign: of what is not text
     */
    show(rows) {
        this.list.show(rows.map(({ key, cells, sign, state }) => ({
            key,
            sign: sign ?? JSON.stringify([state, ...cells]),
            draw: () => make("tr", { "data-row": key, "data-state": state },
                ...cells.map((cell, i) => make("td",
                    { class: this.titles[i].startsWith("#")
                        ? "number" : null }, cell))),
        })));
    }
}

export class ProcessesView {
    /** @param {import("./feed.js").Feed} feed */
    constructor(feed) {
        this.samples = feed.samples;
        this.table = new Table("processes", ["role", "#pid", "state",
            "#connections", "#lettersIn", "#lettersOut", "#waiting",
            "#restarts", "#since"]);
        feed.on("stats", (sample) => this.show(sample.stats.workers));
    }

    show(workers) {
        this.table.show(workers.map((worker) => ({
            key: String(worker.slot),
            state: worker.state,
            cells: [`${worker.role} ${worker.number}`, String(worker.pid),
                stateWord(worker.state),
                worker.role === "gateway" ? count(worker.connections) : "",
                rate(this.samples.ofWorker(worker.slot, "letters_in")),
                rate(this.samples.ofWorker(worker.slot, "letters_out")),
                worker.overflow_bytes ? bytes(worker.overflow_bytes) : "0",
                count(worker.restarts), seconds(worker.since)],
        })));
    }
}

export class TrafficView {
    /**
     * @param {import("./feed.js").Feed} feed
     * @param {(room: string, tenant: string) => void} onRoom
     * @param {(user: string, tenant: string) => void} onUser
     */
    constructor(feed, onRoom, onUser) {
        this.onRoom = onRoom;
        this.onUser = onUser;
        this.rooms = new Table("rooms", ["room", "tenant", "#messages",
            "#pushes", "#size"]);
        this.slow = new Table("slow", ["user", "state", "#waiting", "#missed",
            "#since", "address"]);
        feed.watch("traffic", (api) => api.get("/v1/traffic", { limit: 12 }));
        feed.on("traffic", (traffic) => this.show(traffic));
    }

    show(traffic) {
        const { rooms, slow } = traffic;

        byId("rooms").hidden = rooms.length === 0;
        byId("rooms-none").hidden = rooms.length > 0;
        this.rooms.show(rooms.map((room) => this.roomRow(room,
            traffic.seconds)));
        byId("slow-part").hidden = slow.length === 0;
        this.slow.show(slow.map((client) => this.slowRow(client)));
    }

    roomRow(room, window) {
        const numbers = [rate(room.messages / window),
            rate(room.pushes / window), `${bytes(room.bytes / window)}/s`];

        return {
            key: `${room.tenant}\u0000${room.room}`,
            sign: JSON.stringify(numbers),
            cells: [make("button", { class: "quiet", type: "button",
                "data-act": "room", dir: "auto",
                onclick: () => this.onRoom(room.room, room.tenant) },
            room.room), room.tenant, ...numbers],
        };
    }

    slowRow(client) {
        const numbers = [stateWord(client.state), bytes(client.waiting_bytes),
            count(client.dropped), seconds(client.seconds), client.address];

        return {
            key: `${client.slot} ${client.address}`,
            sign: JSON.stringify(numbers),
            cells: [make("button", { class: "quiet", type: "button",
                "data-act": "user", dir: "auto",
                onclick: () => this.onUser(client.user, client.tenant) },
            client.user || "–"), ...numbers],
        };
    }
}
