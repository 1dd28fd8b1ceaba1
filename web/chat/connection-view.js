/*
 * How the connection is, in one sentence: in a corner while all is well, as a
 * bar above the log when it is not, with what the reader can do about it. Also
 * the title of the window, which carries the number of unread messages.
 */
import { byId } from "./dom.js";
import { t } from "./i18n.js";

const CLOSE_KICKED = 4003;
const CLOSE_REPLACED = 4009;

/** The server's clock may be ahead of ours. */
const CLOCKS_MS = 5000;

/** The login after a break was not permitted. */
const FORBIDDEN = 1003;

export class ConnectionView {
    /** @param {import("./chat.js").Chat} chat */
    constructor(chat) {
        this.chat = chat;
        this.ticking = null;
        chat.on("state", () => this.draw());
        chat.on("talks", () => this.drawTitle());
        chat.on("current", () => this.drawTitle());
        byId("connection-act").addEventListener("click", () => this.act());
        window.addEventListener("online", () => chat.confab.retryNow());
        window.addEventListener("offline", () => {
            chat.confab.probe();
            this.draw();
        });
        this.draw();
    }

    act() {
        const { confab, connection } = this.chat;

        if (connection.state === "waiting")
            confab.retryNow();
        else
            this.chat.start([]);
    }

    draw() {
        const { state } = this.chat.connection;
        const sentence = this.sentence();
        const isOver = state === "closed";
        const act = byId("connection-act");

        document.body.dataset.connection = state;
        byId("connection-corner").textContent = sentence;
        byId("connection-sentence").textContent = sentence;
        act.textContent = t(isOver ? "connectAgain" : "tryNow");
        act.hidden = !isOver && state !== "waiting";
        clearTimeout(this.ticking);
        if (state === "waiting")
            this.ticking = setTimeout(() => this.draw(), 500);
    }

    sentence() {
        const { state, retryAt, code, reason, refused }
            = this.chat.connection;

        if (state === "online")
            return t("stateOnline");
        if (state === "closed")
            return this.closedSentence(code, reason, refused);
        if (!navigator.onLine)
            return t("stateOffline");
        if (state !== "waiting")
            return t(state === "idle" ? "stateIdle" : "stateConnecting");
        const n = Math.ceil((retryAt - Date.now()) / 1000);

        return n > 0 ? t("stateWaiting", { n }) : t("stateSoon");
    }

    closedSentence(code, reason, refused) {
        if (refused || (code === FORBIDDEN && reason))
            return t("stateRefused", { reason: refused ?? reason });
        if (code === CLOSE_REPLACED)
            return t("stateReplaced");
        if (code !== CLOSE_KICKED)
            return t("stateClosed");
        if (this.chat.pass?.endsAt <= Date.now() + CLOCKS_MS)
            return t("stateExpired");
        return t(reason ? "stateKickedWhy" : "stateKicked", { reason });
    }

    drawTitle() {
        const { current, unread } = this.chat;
        const talk = current ? `${current.title} · ` : "";

        document.title =
            `${unread > 0 ? `(${unread}) ` : ""}${talk}${t("appName")}`;
    }
}
