/*
 * The log of the current room: draws its lines, keeps the reader's place while
 * lines come and go at both ends, and asks for more near an end.
 *
 * The browser's own scroll anchoring is off (it differs between browsers): the
 * first visible message is found before each change and put back after it.
 */
import { KeyedList, byId, oncePerFrame } from "./dom.js";
import { t } from "./i18n.js";
import { linesOf } from "./log-items.js";
import { loadLatest, loadNewer, loadOlder } from "./pager.js";
import { discard, retry } from "./sender.js";

/** Nearer to the bottom than this is at the bottom. */
const BOTTOM_PX = 40;
/** Nearer to an end than this, more is read. */
const EDGE_PX = 800;

export class LogView {
    /** @param {import("./chat.js").Chat} chat */
    constructor(chat) {
        this.chat = chat;
        this.log = byId("log");
        this.lines = new KeyedList(byId("lines"));
        this.top = byId("log-top");
        this.jump = byId("jump");
        this.room = null;
        this.isDrawing = false;
        this.acts = {
            retry: (room, pending) => retry(chat, room, pending),
            discard: (room, pending) => discard(chat, room, pending),
        };
        this.drawSoon = oncePerFrame(() => this.draw());
        this.listen();
    }

    listen() {
        const { chat, log } = this;

        chat.on("current", () => this.showRoom());
        chat.on("room", (room) => {
            if (room === chat.current)
                this.drawSoon();
        });
        chat.on("rooms", () => this.drawJump());
        chat.on("show", (offset) => this.showMessage(offset));
        log.addEventListener("scroll", () => this.scrolled(),
            { passive: true });
        this.jump.addEventListener("click", () => {
            loadLatest(chat, chat.current);
            this.toBottom();
        });
        byId("older-retry").addEventListener("click", () =>
            loadOlder(chat, chat.current));
        new ResizeObserver(() => {
            if (this.room?.following)
                this.toBottom();
        }).observe(log);
    }

    /** Another room: begins at the bottom, or where the news begin. */
    showRoom() {
        const room = this.chat.current;

        this.room = room;
        byId("room-view").hidden = !room;
        byId("no-room").hidden = Boolean(room);
        document.body.classList.toggle("roomless", !room);
        this.lines.clear();
        this.log.setAttribute("aria-label",
            room ? t("messages", { room: `#${room.name}` }) : "");
        if (!room)
            return;
        this.draw();
        this.toNews();
    }

    /** Brings one message of the window to the middle and to the fore. */
    showMessage(offset) {
        this.draw();
        const node = this.lines.node(`o${offset}`);
        const said = node?.querySelector(".message");

        if (!said)
            return;
        this.log.querySelector(".found")?.classList.remove("found");
        node.classList.add("found");
        said.tabIndex = -1;
        said.focus({ preventScroll: true });
        this.log.scrollTop += this.offsetIn(said)
            - (this.log.clientHeight - said.clientHeight) / 2;
        this.scrolled();
    }

    toNews() {
        const news = this.log.querySelector(".news");

        if (!news)
            return;
        const above = this.log.clientHeight / 4;

        this.log.scrollTop = this.offsetIn(news) + this.log.scrollTop - above;
        this.scrolled();
    }

    draw() {
        const { room, log } = this;

        if (!room)
            return;
        const anchor = room.following ? null : this.findAnchor();

        this.isDrawing = true;
        /* Old messages that are put in are no news to read aloud. */
        log.setAttribute("aria-busy", String(room.isLoading));
        this.drawTop();
        this.lines.show(linesOf(room, this.chat.user, this.acts));
        if (room.following)
            this.toBottom();
        else if (anchor)
            this.restore(anchor);
        this.isDrawing = false;
        this.drawJump();
        this.checkEdges();
    }

    drawTop() {
        const { room, top } = this;
        const isEmpty = room.items.length === 0 && room.pending.length === 0;
        const isBeginning = room.isJoined && !room.hasOlder;

        top.dataset.state = room.loadFailed ? "failed"
            : isBeginning ? "beginning" : "loading";
        byId("beginning").textContent =
            t("beginning", { room: `#${room.name}` });
        byId("nothing").hidden = !(isBeginning && isEmpty);
    }

    drawJump() {
        const { room, jump } = this;

        jump.hidden = !room || (room.following && !room.hasNewer);
        if (!room)
            return;
        const count = byId("jump-count");

        count.textContent = room.unread > 0 ? String(room.unread) : "";
        jump.setAttribute("aria-label", room.unread > 0
            ? t("newCount", room.unread) : t("jumpToLatest"));
    }

    /* Where an element stands, measured from the top of what is visible. */
    offsetIn(element) {
        return element.getBoundingClientRect().top
            - this.log.getBoundingClientRect().top;
    }

    findAnchor() {
        const { parent, rows } = this.lines;
        const nodes = parent.children;
        let low = 0;
        let high = nodes.length;

        while (low < high) {
            const middle = (low + high) >> 1;
            const box = nodes[middle].getBoundingClientRect();

            if (box.bottom - this.log.getBoundingClientRect().top > 0)
                high = middle;
            else
                low = middle + 1;
        }
        for (const [key, row] of rows) {
            if (row.node === nodes[low])
                return { key, offset: this.offsetIn(row.node.lastChild) };
        }
        return null;
    }

    restore({ key, offset }) {
        const node = this.lines.node(key);

        if (node)
            this.log.scrollTop += this.offsetIn(node.lastChild) - offset;
    }

    toBottom() {
        this.log.scrollTop = this.log.scrollHeight;
    }

    scrolled() {
        const { room, log } = this;

        if (!room || this.isDrawing)
            return;
        const below = log.scrollHeight - log.scrollTop - log.clientHeight;

        this.chat.setFollowing(room, below < BOTTOM_PX && !room.hasNewer);
        this.drawJump();
        this.checkEdges();
    }

    checkEdges() {
        const { room, log, chat } = this;

        if (!room.isJoined || room.isLoading || room.loadFailed)
            return;
        const below = log.scrollHeight - log.scrollTop - log.clientHeight;

        if (log.scrollTop < EDGE_PX && room.hasOlder)
            loadOlder(chat, room);
        else if (below < EDGE_PX && room.hasNewer)
            loadNewer(chat, room);
    }
}
