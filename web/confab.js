/*
 * confab.js: the client library. Works in browsers and in Node, has no
 * dependency and no build step; it needs the files confab-*.js beside it.
 *
 *     import { Confab } from "./confab.js";
 *
 *     const confab = new Confab({ url: "ws://127.0.0.1:8089/chat" });
 *     confab.on("msg", (m) => console.log(m.room, m.from, m.body));
 *     await confab.connect();
 *     await confab.login("ada");
 *     await confab.join("lobby");
 *     await confab.say("lobby", "hello");
 *
 * When the connection breaks it is made again, with growing pauses; then the
 * library logs in and joins as before and gets what was missed, so `msg` comes
 * in order, each message once. Requests are not queued while there is no
 * connection: they are rejected, and the application decides. The error says
 * `maybeDone` when the message may have been taken all the same; said again
 * with the error's `key` as its key, it is still one message.
 */
import { Events } from "./confab-events.js";
import { isFinal, jittered, pauseAfter } from "./confab-pause.js";
import {
    ConfabError, Requests, deferred, newKey, noConnection,
} from "./confab-requests.js";
import { RoomLine } from "./confab-room.js";

export { ConfabError, newKey };

/**
 * @typedef {object} Message
 * @property {string} id
 * @property {number} time unix ms
 * @property {string} from
 * @property {number} platform
 * @property {string} [room]
 * @property {string} [to]
 * @property {string} type
 * @property {*} body any JSON value
 * @property {string} [key]
 * @property {string} [epoch]
 * @property {number} [offset]
 *
 * @typedef {object} Options
 * @property {string} url
 * @property {Function} [WebSocket] the constructor; default: the global one
 * @property {boolean} [reconnect=true]
 * @property {number} [backoffMs=300] first pause; doubles at each failure
 * @property {number} [backoffMaxMs=20000]
 * @property {number} [connectMs=10000] patience with one attempt
 * @property {number} [requestMs=20000] patience with one answer
 * @property {number} [recoverLimit=10000] more missed messages: `moved`
 *
 * @typedef {"idle"|"connecting"|"open"|"restoring"|"online"|"waiting"|"closed"}
 *   State
 *   open: connected, nobody logged in. restoring: logging in and joining again.
 *   waiting: the next attempt comes at `retryAt`. closed: by close(), or for a
 *   reason that trying again does not cure (`code`, `reason`).
 *
 * Events and what their handlers get:
 *   state     {state, code?, reason?, retryAt?}
 *   msg       Message, {recovered: boolean}
 *   enter, exit, read, kick, moved, drain    the push's data
 *   joined    the answer of a join made again after a reconnect
 *   left      {room, error}: a room could not be joined again
 *   push      (cmd, data) for any other push
 */

/** A connection that held this long was good: the pauses begin anew. */
const STEADY_MS = 5000;
const PROBE_MS = 10000;

export class Confab {
    #options;
    #socket = null;
    #state = "idle";
    #events = new Events();
    #requests;
    #account = null;
    #joined = new Map();
    #failures = 0;
    #onlineSince = 0;
    #timers = new Map();
    #heardAt = 0;
    #quietMs = 25000;
    #firstOpen = null;

    /** @param {Options} options */
    constructor(options) {
        this.#options = {
            WebSocket: globalThis.WebSocket,
            reconnect: true,
            backoffMs: 300,
            backoffMaxMs: 20000,
            connectMs: 10000,
            requestMs: 20000,
            recoverLimit: 10000,
            ...options,
        };
        if (typeof this.#options.WebSocket !== "function")
            throw new TypeError("no WebSocket here: give options.WebSocket");
        this.#requests = new Requests(this.#options.requestMs);
    }

    /** @returns {State} */
    get state() {
        return this.#state;
    }

    /** @returns {string[]} names of the rooms joined */
    get joinedRooms() {
        return [...this.#joined.keys()];
    }

    /** @returns {() => void} takes the handler off again */
    on(event, handler) {
        return this.#events.on(event, handler);
    }

    /**
     * Resolves at the first connection; until then it keeps trying. Rejects
     * when it is closed before.
     * @returns {Promise<void>}
     */
    connect() {
        if (this.#state !== "idle" && this.#state !== "closed")
            return this.#firstOpen?.promise ?? Promise.resolve();
        this.#failures = 0;
        this.#firstOpen = deferred();
        this.#attempt();
        return this.#firstOpen.promise;
    }

    /** For good; but connect() may follow. */
    close(code = 1000, reason = "") {
        this.#socket?.close(code, reason);
        this.#settle({ code, reason });
    }

    /** Do not wait for the next attempt: it is made now. */
    retryNow() {
        if (this.#state === "waiting")
            this.#attempt();
    }

    /**
     * Asks for a sign of life; without one the connection is made again. Good
     * after sleep or a change of network.
     */
    probe() {
        if (this.#socket === null || this.#timers.has("probe"))
            return;
        const askedAt = Date.now();

        this.#send("ping").catch(() => {});
        this.#timer("probe", PROBE_MS, () => {
            if (this.#heardAt < askedAt)
                this.#broke(4008, "no answer");
        });
    }

    /**
     * One request.
     * @param {string} cmd
     * @param {object} [data]
     * @returns {Promise<object>} data of the answer
     * @throws {ConfabError}
     */
    request(cmd, data) {
        return this.#request(cmd, data);
    }

    /**
     * @param {string | {user: string, platform?: number, token?: string,
     *   tenant?: string, info?: object}} account
     */
    async login(account) {
        const wanted = typeof account === "string"
            ? { user: account } : { ...account };
        const answer = await this.request("login", wanted);

        this.#account = wanted;
        this.#loggedIn(answer);
        this.#become("online");
        return answer;
    }

    /**
     * @param {string} room
     * @param {{events?: boolean, presence?: boolean}} [options]
     * @returns {Promise<{room: string, epoch: string, offset: number,
     *   users: number, connections: number}>}
     */
    async join(room, options = {}) {
        const line = this.#joined.get(room)?.line ?? this.#newLine(room);
        const wanted = { room, ...options };

        return this.#request("join", wanted, (answer) => {
            this.#joined.set(room, { line, wanted });
            line.joined(answer);
        });
    }

    leave(room) {
        this.#joined.delete(room);
        return this.#request("leave", { room }, () =>
            this.#joined.delete(room));
    }

    /**
     * Says something. To a room the own message comes back as `msg` too, in its
     * place among the others, unless echo is false. A message with the key of
     * one said to the same place within 12 hours is that one, and answered so.
     * @param {string | object} to a room, or {room} {user} {users} {client} …
     * @param {*} body any JSON value
     * @param {{type?: string, key?: string, keep?: boolean, ttl?: number,
     *   echo?: boolean}} [options]
     */
    say(to, body, options = {}) {
        const target = typeof to === "string" ? { room: to } : to;
        const data = { ...target, body, key: newKey(), ...options };
        const line = this.#joined.get(target.room)?.line;

        if (target.room !== undefined && data.echo === undefined)
            data.echo = true;
        return this.#request("say", data, (answer) => {
            if (line && data.echo === false && answer.offset !== undefined)
                line.said(answer.offset);
        });
    }

    /**
     * @param {string} room
     * @param {{before?: number, after?: number, limit?: number}} [query]
     * @returns {Promise<{epoch: string, first: number, last: number,
     *   more: boolean, messages: Message[]}>}
     */
    history(room, query = {}) {
        return this.request("history", { room, ...query });
    }

    /**
     * Messages of a room that have all the words of text, newest first. With
     * more, the next ones are had with `before: next`, even when this page is
     * empty: a search stops after a while.
     * @param {string} room
     * @param {{text: string, from?: string, from_time?: number,
     *   before?: number, limit?: number}} query
     * @returns {Promise<{epoch: string, more: boolean, next?: number,
     *   messages: Message[]}>}
     */
    search(room, query) {
        return this.request("search", { room, ...query });
    }

    members(room, query = {}) {
        return this.request("members", { room, ...query });
    }

    rooms(query = {}) {
        return this.request("rooms", query);
    }

    ping() {
        return this.request("ping");
    }

    /* ---- one connection ---- */

    #attempt() {
        const { url, WebSocket, connectMs } = this.#options;

        this.#clearTimers();
        this.#become("connecting");
        let socket;

        try {
            socket = new WebSocket(url);
        } catch (error) {
            this.#settle({ code: 0, reason: String(error) });
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
            this.#broke(event.code, event.reason));
        socket.onerror = () => {};
        this.#timer("connect", connectMs, () =>
            this.#broke(1006, "no connection in time"));
    }

    #opened() {
        this.#clearTimers();
        this.#heardAt = Date.now();
        this.#watchQuiet();
        if (this.#account) {
            this.#become("restoring");
            this.#restore();
        } else {
            this.#become("open");
        }
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
            this.#pushed(frame.cmd, frame.data ?? {});
    }

    #pushed(cmd, data) {
        const line = this.#joined.get(data.room)?.line;

        if (cmd === "msg") {
            if (line)
                line.pushed(data);
            else
                this.#events.emit("msg", data, { recovered: false });
        } else if (cmd === "moved") {
            line?.lose(data.epoch, data.offset);
        } else if (["enter", "exit", "read", "kick", "drain"].includes(cmd)) {
            if (cmd === "kick" && data.room !== undefined)
                this.#joined.delete(data.room);
            this.#events.emit(cmd, data);
        } else {
            this.#events.emit("push", cmd, data);
        }
    }

    /* What the application asks for: not before we are where we were. */
    #request(cmd, data, done) {
        if (this.#state !== "open" && this.#state !== "online")
            return noConnection(cmd, data);
        return this.#send(cmd, data, done);
    }

    #send(cmd, data, done) {
        return this.#requests.send(this.#socket, cmd, data, done);
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

    /* ---- after a break ---- */

    #broke(code, reason) {
        const steady = this.#onlineSince > 0
            && Date.now() - this.#onlineSince > STEADY_MS;

        this.#abandon();
        if (steady)
            this.#failures = 0;
        if (!this.#options.reconnect || isFinal(code)) {
            this.#settle({ code, reason });
            return;
        }
        const pause = pauseAfter({ code, reason, failures: this.#failures },
            this.#options);

        this.#failures++;
        this.#become("waiting", { code, reason, retryAt: Date.now() + pause });
        this.#timer("retry", pause, () => this.#attempt());
    }

    async #restore() {
        const socket = this.#socket;

        try {
            this.#loggedIn(await this.#send("login", this.#account));
        } catch (error) {
            if (this.#socket !== socket)
                return;
            if (error.isPassing || error.code === 0)
                this.#broke(1006, error.error);
            else
                this.#settle({ code: error.code, reason: error.error });
            return;
        }
        const joins = [...this.#joined.keys()].map((room) =>
            this.#rejoin(room, socket));

        await Promise.all(joins);
        if (this.#socket === socket)
            this.#become("online");
    }

    async #rejoin(room, socket) {
        const { line, wanted } = this.#joined.get(room);

        for (let tries = 1; this.#joined.has(room); tries++) {
            try {
                const again = { ...wanted, since: line.since };
                await this.#send("join", again, (answer) => {
                    this.#events.emit("joined", answer);
                    line.joined(answer);
                });
                return;
            } catch (error) {
                if (this.#socket !== socket)
                    return;
                if (await this.#waitAfter(error, tries, socket))
                    continue;
                if (this.#socket === socket && this.#joined.delete(room))
                    this.#events.emit("left", { room, error });
                return;
            }
        }
    }

    #loggedIn(answer) {
        this.#onlineSince = Date.now();
        if (answer.ping > 0)
            this.#quietMs = answer.ping * 1000;
    }

    #newLine(room) {
        return new RoomLine(room, {
            history: (query) => this.#send("history", query),
            deliver: (message, recovered) =>
                this.#events.emit("msg", message, { recovered }),
            moved: (why) => this.#events.emit("moved", why),
            wait: (error, tries) =>
                this.#waitAfter(error, tries, this.#socket),
        }, this.#options.recoverLimit);
    }

    /* Pauses before another try; false when that is pointless: refused for
     * good, or the socket of the first try is gone. */
    async #waitAfter(error, tries, socket) {
        const retryMs = error.data?.retry_ms ?? 100 * 2 ** Math.min(tries, 6);

        if (socket === null || !(error.isPassing || error.maybeDone))
            return false;
        await new Promise((resolve) =>
            setTimeout(resolve, jittered(retryMs)));
        return this.#socket === socket;
    }

    #settle(why) {
        this.#abandon();
        this.#firstOpen?.reject(new ConfabError(0, why.reason || "closed"));
        this.#firstOpen = null;
        if (this.#state !== "closed")
            this.#become("closed", why);
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

    #become(state, more = {}) {
        this.#state = state;
        this.#events.emit("state", { state, ...more });
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
