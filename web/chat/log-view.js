/*
 * The log of the current talk: draws its lines, keeps the reader's place while
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
const touch = window.matchMedia("(hover: none)");

export class LogView {
    /**
     * @param {import("./chat.js").Chat} chat
     * @param {{edit: Function, remove: Function}} changes what the reader may
     *        do with an own message
     */
    constructor(chat, changes) {
        this.chat = chat;
        this.log = byId("log");
        this.lines = new KeyedList(byId("lines"));
        this.top = byId("log-top");
        this.jump = byId("jump");
        this.talk = null;
        this.isDrawing = false;
        this.acts = {
            retry: (talk, pending) => retry(chat, talk, pending),
            discard: (talk, pending) => discard(chat, talk, pending),
            ...changes,
        };
        this.drawSoon = oncePerFrame(() => this.draw());
        this.listen();
    }

    listen() {
        const { chat, log } = this;

        chat.on("current", () => this.showTalk());
        chat.on("talk", (talk) => {
            if (talk === chat.current)
                this.drawSoon();
        });
        chat.on("talks", () => this.drawJump());
        chat.on("editing", (message) => this.markEdited(message));
        chat.on("show", (offset) => this.showMessage(offset));
        log.addEventListener("scroll", () => this.scrolled(),
            { passive: true });
        this.jump.addEventListener("click", () => {
            loadLatest(chat, chat.current);
            this.toBottom();
        });
        /* A finger has no hover: a touch shows what can be done. */
        log.addEventListener("click", (event) => this.touched(event.target));
        byId("older-retry").addEventListener("click", () =>
            loadOlder(chat, chat.current));
        new ResizeObserver(() => {
            if (this.talk?.following)
                this.toBottom();
        }).observe(log);
    }

    touched(target) {
        const was = this.log.querySelector(".acting");

        was?.classList.remove("acting");
        if (touch.matches && was !== target.closest(".message"))
            target.closest(".message")?.classList.add("acting");
    }

    /** Another talk: begins at the bottom, or where the news begin. */
    showTalk() {
        const talk = this.chat.current;

        this.talk = talk;
        byId("room-view").hidden = !talk;
        byId("no-room").hidden = Boolean(talk);
        document.body.classList.toggle("roomless", !talk);
        document.body.classList.toggle("direct", Boolean(talk?.isDirect));
        this.lines.clear();
        this.log.setAttribute("aria-label",
            talk ? t("messages", { room: talk.title }) : "");
        if (!talk)
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

    /* The message that is in the field, to be changed. */
    markEdited(message) {
        const node = message && this.lines.node(`o${message.offset}`);

        this.log.querySelector(".in-field")?.classList.remove("in-field");
        node?.classList.add("in-field");
        node?.scrollIntoView({ block: "nearest" });
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
        const { talk, log } = this;

        if (!talk)
            return;
        const anchor = talk.following ? null : this.findAnchor();

        this.isDrawing = true;
        /* Old messages that are put in are no news to read aloud. */
        log.setAttribute("aria-busy", String(talk.isLoading));
        this.drawTop();
        this.lines.show(linesOf(talk, this.chat.user, this.acts));
        if (talk.following)
            this.toBottom();
        else if (anchor)
            this.restore(anchor);
        this.isDrawing = false;
        this.drawJump();
        this.checkEdges();
    }

    drawTop() {
        const { talk, top } = this;
        const isEmpty = talk.items.length === 0 && talk.pending.length === 0;
        const isBeginning = talk.isJoined && !talk.hasOlder;

        top.dataset.state = talk.loadFailed ? "failed"
            : isBeginning ? "beginning" : "loading";
        byId("beginning").textContent =
            t(talk.isDirect ? "beginningDirect" : "beginning",
                { room: talk.title });
        byId("nothing").hidden = !(isBeginning && isEmpty);
    }

    drawJump() {
        const { talk, jump } = this;

        jump.hidden = !talk || (talk.following && !talk.hasNewer);
        if (!talk)
            return;
        const count = byId("jump-count");

        count.textContent = talk.unread > 0 ? String(talk.unread) : "";
        jump.setAttribute("aria-label", talk.unread > 0
            ? t("newCount", talk.unread) : t("jumpToLatest"));
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
        const { talk, log } = this;

        if (!talk || this.isDrawing)
            return;
        const below = log.scrollHeight - log.scrollTop - log.clientHeight;

        this.chat.setFollowing(talk, below < BOTTOM_PX && !talk.hasNewer);
        this.drawJump();
        this.checkEdges();
    }

    checkEdges() {
        const { talk, log, chat } = this;

        if (!talk.isJoined || talk.isLoading || talk.loadFailed)
            return;
        const below = log.scrollHeight - log.scrollTop - log.clientHeight;

        if (log.scrollTop < EDGE_PX && talk.hasOlder)
            loadOlder(chat, talk);
        else if (below < EDGE_PX && talk.hasNewer)
            loadNewer(chat, talk);
    }
}
