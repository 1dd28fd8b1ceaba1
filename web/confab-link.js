/*
 * The connection: one socket at a time, made again with growing pauses when it
 * breaks, with the requests that wait on it. Used by confab.js; knows nothing
 * of logins and rooms, only how to ask whether anybody is still there.
 */
import { isFinal, jittered, pauseAfter } from "./confab-pause.js";
import {
    ConfabError, Requests, deferred, noConnection,
} from "./confab-requests.js";

/** A connection that held this long was good: the pauses begin anew. */
const STEADY_MS = 5000;
const PROBE_MS = 10000;

export class Link {
    #options;
    #uses;
    #socket = null;
    #state = "idle";
    #requests;
    #failures = 0;
    #onlineSince = 0;
    #timers = new Map();
    #heardAt = 0;
    #quietMs = 25000;
    #firstOpen = null;

    /**
     * @param {import("./confab-types.js").Options} options
     * @param {object} uses
     * @param {() => void} uses.opened a socket is open
     * @param {(cmd: string, data: object) => void} uses.pushed
     * @param {(code: number) => boolean} uses.mayReturn after a close code that
     *   is final for others
     * @param {(change: object) => void} uses.changed the state
     */
    constructor(options, uses) {
        this.#options = options;
        this.#uses = uses;
        this.#requests = new Requests(options.requestMs);
    }

    get state() {
        return this.#state;
    }

    /** The socket of now, to see later whether it is still that one. */
    get socket() {
        return this.#socket;
    }

    /** Without a word from the server for so long, it is asked. */
    get quietMs() {
        return this.#quietMs;
    }

    connect() {
        if (this.#state !== "idle" && this.#state !== "closed")
            return this.#firstOpen?.promise ?? Promise.resolve();
        this.#failures = 0;
        this.#firstOpen = deferred();
        this.#attempt();
        return this.#firstOpen.promise;
    }

    close(code, reason) {
        this.#socket?.close(code, reason);
        this.settle({ code, reason });
    }

    retryNow() {
        if (this.#state === "waiting")
            this.#attempt();
    }

    probe() {
        if (this.#socket === null || this.#timers.has("probe"))
            return;
        const askedAt = Date.now();

        this.send("ping").catch(() => {});
        this.#timer("probe", PROBE_MS, () => {
            if (this.#heardAt < askedAt)
                this.broke(4008, "no answer");
        });
    }

    /* What the application asks for: not before we are where we were. */
    request(cmd, data, done) {
        if (this.#state !== "open" && this.#state !== "online")
            return noConnection(cmd, data);
        return this.send(cmd, data, done);
    }

    send(cmd, data, done) {
        return this.#requests.send(this.#socket, cmd, data, done);
    }

    /** Somebody is logged in, and hears from the server every so many ms. */
    steadyFrom(now, quietMs) {
        this.#onlineSince = now;
        if (quietMs > 0)
            this.#quietMs = quietMs;
    }

    become(state, more = {}) {
        this.#state = state;
        this.#uses.changed({ state, ...more });
    }

    /**
     * Pauses before another try of what was asked on socket; false when that is
     * pointless: refused for good, or the socket is gone.
     */
    async waitAfter(error, tries, socket) {
        const pauseMs = error.retryMs ?? 100 * 2 ** Math.min(tries, 6);

        if (socket === null || !(error.isPassing || error.maybeDone))
            return false;
        await new Promise((resolve) =>
            setTimeout(resolve, jittered(pauseMs)));
        return this.#socket === socket;
    }

    /** The connection broke: it is made again, if that makes sense. */
    broke(code, reason) {
        const steady = this.#onlineSince > 0
            && Date.now() - this.#onlineSince > STEADY_MS;

        this.#abandon();
        if (steady)
            this.#failures = 0;
        if (!this.#options.reconnect
            || (isFinal(code) && !this.#uses.mayReturn(code))) {
            this.settle({ code, reason });
            return;
        }
        const pause = pauseAfter({ code, reason, failures: this.#failures },
            this.#options);

        this.#failures++;
        this.become("waiting", { code, reason, retryAt: Date.now() + pause });
        this.#timer("retry", pause, () => this.#attempt());
    }

    /** It is over, until connect(). */
    settle(why) {
        this.#abandon();
        this.#firstOpen?.reject(new ConfabError(0, why.reason || "closed"));
        this.#firstOpen = null;
        if (this.#state !== "closed")
            this.become("closed", why);
    }

    #attempt() {
        const { url, WebSocket, connectMs } = this.#options;

        this.#clearTimers();
        this.become("connecting");
        let socket;

        try {
            socket = new WebSocket(url);
        } catch (error) {
            this.settle({ code: 0, reason: String(error) });
            return;
        }
        this.#socket = socket;
        /* Once given up, a socket's late events are nobody's business. */
        const mine = (act) => (event) => {
            if (this.#socket === socket)
                act(event);
        };

        socket.onopen = mine(() => this.#opened());
        socket.onmessage = mine((event) => this.#heard(event.data));
        socket.onclose = mine((event) =>
            this.broke(event.code, event.reason));
        socket.onerror = () => {};
        this.#timer("connect", connectMs, () =>
            this.broke(1006, "no connection in time"));
    }

    #opened() {
        this.#clearTimers();
        this.#heardAt = Date.now();
        this.#watchQuiet();
        this.#uses.opened();
        this.#firstOpen?.resolve();
        this.#firstOpen = null;
    }

    #heard(text) {
        let frame;

        this.#heardAt = Date.now();
        try {
            frame = JSON.parse(text);
        } catch {
            return;
        }
        if (frame?.seq !== undefined)
            this.#requests.answered(frame);
        else if (frame?.cmd)
            this.#uses.pushed(frame.cmd, frame.data ?? {});
    }

    /* The server pings us, but a browser does not show us that: when nothing
     * came for a while, we ask. */
    #watchQuiet() {
        this.#timer("quiet", this.#quietMs, () => {
            if (Date.now() - this.#heardAt >= this.#quietMs)
                this.probe();
            this.#watchQuiet();
        });
    }

    #abandon() {
        const socket = this.#socket;

        this.#socket = null;
        this.#onlineSince = 0;
        this.#clearTimers();
        if (socket && socket.readyState < 2)
            socket.close();
        this.#requests.rejectAll();
    }

    #timer(name, ms, act) {
        clearTimeout(this.#timers.get(name));
        this.#timers.set(name, setTimeout(() => {
            this.#timers.delete(name);
            act();
        }, ms));
    }

    #clearTimers() {
        for (const timer of this.#timers.values())
            clearTimeout(timer);
        this.#timers.clear();
    }
}
