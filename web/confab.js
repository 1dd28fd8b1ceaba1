/*
 * confab.js: the client library. Works in browsers and in Node, has no
 * dependency and no build step; it needs the files confab-*.js beside it.
 *
 *     import { Confab } from "./confab.js";
 *
 *     const confab = new Confab({ url: "ws://127.0.0.1:8089/chat" });
 *     confab.on("msg", (m) => console.log(m.room ?? m.to, m.from, m.body));
 *     await confab.connect();
 *     await confab.login("ada");
 *     await confab.join("lobby");
 *     await confab.say("lobby", "hello");
 *     await confab.say({ user: "bob" }, "hello, only you");
 *
 * When the connection breaks it is made again, with growing pauses; then the
 * library logs in, subscribes and joins as before and gets what was missed, so
 * `msg`, `edit` and `delete` come in order, each once. Requests are not queued
 * while there is no connection: they are rejected, and the application decides.
 * The error says `maybeDone` when the message may have been taken all the same;
 * said again with the error's `key` as its key, it is still one message. What
 * is refused by a rate may be tried again after the error's `retryMs`.
 *
 * Where users log in with tokens, the account has one, or better a function
 * that gets one:
 *
 *     await confab.login({ token: async () =>
 *         (await fetch("/my/token")).text() });
 *
 * It is called for each login, also after a break, and for a new token before
 * one ends. If that comes too late and the connection is closed, it is made
 * again.
 *
 * Events and what their handlers get:
 *   state         {state, code?, reason?, retryAt?}
 *   msg           Message, {recovered: boolean}
 *   edit, delete  Change, {recovered: boolean}: of a message said earlier
 *   read          {room, user, offset}; of a conversation of two {with, user,
 *                 offset}: user has read so far, with is the other side, and
 *                 offset is of our own inbox
 *   enter, exit   {room, user, platform, users}
 *   count         {room, users, connections}: instead of them in large rooms
 *   kick          {room?, reason}
 *   drain         {in_ms}: the server goes soon; the library comes back
 *   moved         {room | inbox: true, epoch, offset, missed?}: too much was
 *                 missed; read the history anew
 *   stale         {room | inbox: true, offset}: what was missed came out of the
 *                 history, so edits and deletions of messages up to here, told
 *                 before, may be missing
 *   joined        the answer of a join made again after a reconnect, or made
 *                 for us by a backend
 *   left          {room, error?}: a room could not be joined again; without an
 *                 error, a backend has taken us out of it
 *   push          (cmd, data) for any other push
 *
 * The shapes stand in confab-types.js.
 */
import { Events } from "./confab-events.js";
import { Link } from "./confab-link.js";
import { ConfabError, newKey } from "./confab-requests.js";
import { Session } from "./confab-session.js";

export { ConfabError, newKey };

/**
 * @typedef {import("./confab-types.js").Options} Options
 * @typedef {import("./confab-types.js").State} State
 * @typedef {import("./confab-types.js").Account} Account
 * @typedef {import("./confab-types.js").Target} Target
 * @typedef {import("./confab-types.js").SayOptions} SayOptions
 * @typedef {import("./confab-types.js").Said} Said
 * @typedef {import("./confab-types.js").Message} Message
 * @typedef {import("./confab-types.js").Change} Change
 * @typedef {import("./confab-types.js").HistoryQuery} HistoryQuery
 * @typedef {import("./confab-types.js").Page} Page
 * @typedef {import("./confab-types.js").Member} Member
 */

/* A string is a room. */
const place = (where) => typeof where === "string" ? { room: where } : where;

/* What comes back to us too: rooms and conversations, unless it is fleeting. */
const isEchoed = ({ room, user, users, keep }) => keep !== false
    && (room !== undefined || user !== undefined || users !== undefined);

export class Confab {
    #events = new Events();
    #link;
    #session;

    /** @param {Options} options */
    constructor(options) {
        const all = {
            WebSocket: globalThis.WebSocket,
            reconnect: true,
            backoffMs: 300,
            backoffMaxMs: 20000,
            connectMs: 10000,
            requestMs: 20000,
            recoverLimit: 10000,
            ...options,
        };

        if (typeof all.WebSocket !== "function")
            throw new TypeError("no WebSocket here: give options.WebSocket");
        this.#link = new Link(all, {
            opened: () => this.#session.opened(),
            pushed: (cmd, data) => this.#session.pushed(cmd, data),
            mayReturn: (code) => this.#session.mayReturn(code),
            changed: (change) => this.#changed(change),
        });
        this.#session = new Session(this.#link, this.#events,
            all.recoverLimit);
    }

    /** @returns {State} */
    get state() {
        return this.#link.state;
    }

    /** @returns {string | undefined} who is logged in */
    get user() {
        return this.#session.user;
    }

    /** @returns {string[]} names of the rooms joined */
    get joinedRooms() {
        return this.#session.rooms;
    }

    /**
     * The last direct message seen. Kept by the application and given to the
     * login of its next visit, it brings what came in between.
     * @returns {{epoch: string, offset: number, id?: string} | undefined}
     */
    get inbox() {
        return this.#session.inboxSince;
    }

    /** @returns {() => void} takes the handler off again */
    on(event, handler) {
        return this.#events.on(event, handler);
    }

    /* ---- the connection ---- */

    /**
     * Resolves at the first connection; until then it keeps trying. Rejects
     * when it is closed before.
     * @returns {Promise<void>}
     */
    connect() {
        return this.#link.connect();
    }

    /** For good; but connect() may follow. */
    close(code = 1000, reason = "") {
        this.#link.close(code, reason);
    }

    /** Do not wait for the next attempt: it is made now. */
    retryNow() {
        this.#link.retryNow();
    }

    /**
     * Asks for a sign of life; without one the connection is made again. Good
     * after sleep or a change of network.
     */
    probe() {
        this.#link.probe();
    }

    /**
     * One request.
     * @param {string} cmd
     * @param {object} [data]
     * @returns {Promise<object>} data of the answer
     * @throws {ConfabError}
     */
    request(cmd, data) {
        return this.#link.request(cmd, data);
    }

    /** @returns {Promise<{time: number}>} */
    ping() {
        return this.request("ping");
    }

    /** A ping that also says that the user is present. */
    heartbeat() {
        return this.request("heartbeat");
    }

    /* ---- who and where we are ---- */

    /**
     * @param {string | Account} account
     * @returns {Promise<{client: string, user: string, platform: number,
     *   tenant: string, host: string, time: number, ping: number,
     *   inbox: {epoch: string, offset: number}}>}
     */
    login(account) {
        return this.#session.login(
            typeof account === "string" ? { user: account } : account);
    }

    /** Leaves all rooms. The connection stays, and anyone may log in. */
    logout() {
        return this.#session.logout();
    }

    /**
     * @param {string} room
     * @param {object} [options]
     * @param {boolean} [options.events=true] enter, exit and count are wanted
     * @param {boolean} [options.presence=true] we are counted and listed
     * @param {boolean} [options.fill=true] false: what the server drops for a
     *   slow connection is not read from the history
     * @param {{epoch: string, offset: number, id?: string}} [options.since]
     *   where an earlier visit was: what came since is told as `msg`
     * @returns {Promise<{room: string, epoch: string, offset: number,
     *   users: number, connections: number, read: number}>}
     */
    join(room, options = {}) {
        return this.#session.join(room, options);
    }

    leave(room) {
        return this.#session.leave(room);
    }

    /**
     * Of messages outside rooms (direct, to this client, to all) only those of
     * these types come; without types: all of them.
     * @param {string[]} [types] at most 64
     * @returns {Promise<{types: string[], all?: true}>} what holds now
     */
    subscribe(types) {
        return this.#session.subscription("subscribe", types);
    }

    /** @param {string[]} types do not come any more */
    unsubscribe(types) {
        return this.#session.subscription("unsubscribe", types);
    }

    /* ---- saying ---- */

    /**
     * Says something. What goes to a room or to users comes back as `msg` too,
     * in its place among the others, unless echo is false or keep is false.
     * @param {string | Target} to a room, or …
     * @param {*} body any JSON value
     * @param {SayOptions} [options]
     * @returns {Promise<Said>}
     */
    say(to, body, options = {}) {
        const data = { ...place(to), body, key: newKey(), ...options };
        const line = this.#session.lineOf(data);

        if (data.echo === undefined && isEchoed(data))
            data.echo = true;
        return this.#link.request("say", data, (answer) => {
            if (line && !data.echo && answer.offset !== undefined)
                line.said(answer);
        });
    }

    /**
     * Changes what one said oneself.
     * @param {string | {room: string} | {user: string}} where it was said
     * @param {string} id
     * @param {*} body
     * @returns {Promise<Said>} id, time and offset of the change
     */
    edit(where, id, body) {
        return this.#change("edit", where, { id, body });
    }

    /** Deletes what one said oneself. */
    remove(where, id) {
        return this.#change("delete", where, { id });
    }

    /**
     * We have read up to offset; a mark only grows.
     * @param {string | {room: string} | {user: string}} where
     * @param {number} offset of the room, or of our own inbox
     * @returns {Promise<{offset: number, with_offset?: number}>} what holds
     *   now; of a user, also up to where that one has read
     */
    read(where, offset) {
        return this.request("read", { ...place(where), offset });
    }

    /* ---- looking ---- */

    /**
     * @param {string | {room: string} | {user: string} | {inbox: true}} where
     *   a room, the conversation with a user, or all of our inbox
     * @param {HistoryQuery} [query]
     * @returns {Promise<Page>}
     */
    history(where, query = {}) {
        return this.request("history", { ...place(where), ...query });
    }

    /**
     * Messages that have all the words of text, newest first. With more, the
     * next ones are had with `before: next`, even when this page is empty: a
     * search stops after a while.
     * @param {string | {room: string} | {user: string}} where
     * @param {{text: string, from?: string, from_time?: number,
     *   before?: number, limit?: number}} query
     * @returns {Promise<{epoch: string, more: boolean, next?: number,
     *   messages: Message[]}>}
     */
    search(where, query) {
        return this.request("search", { ...place(where), ...query });
    }

    /**
     * @param {string} room
     * @param {{after?: string, limit?: number}} [query]
     * @returns {Promise<{users: number, connections: number,
     *   members: Member[], next?: string}>}
     */
    members(room, query = {}) {
        return this.request("members", { room, ...query });
    }

    /**
     * @param {string[]} users at most 1000
     * @returns {Promise<{online: Record<string, number[]>}>} the platforms of
     *   those who are online
     */
    online(users) {
        return this.request("online", { users });
    }

    /**
     * Our own rooms with their last offset and how far we have read; with
     * listed, all that may be found.
     * @param {{listed?: boolean, prefix?: string, after?: string,
     *   limit?: number}} [query]
     * @returns {Promise<{rooms: {room: string, epoch?: string,
     *   offset: number, read?: number, users?: number, time?: number}[],
     *   next?: string}>}
     */
    rooms(query = {}) {
        return this.request("rooms", query);
    }

    /* Told as an event when it is answered, whether or not its push comes. */
    #change(cmd, where, { id, ...body }) {
        const { user, ...target } = place(where);
        const line = this.#session.lineOf(place(where));

        return this.#link.request(cmd, { ...place(where), id, ...body },
            (answer) => {
                line?.changed({ cmd, data: {
                    ...target, ...user !== undefined && { to: user },
                    from: this.user, of: id, ...body, ...answer,
                } });
            });
    }

    #changed(change) {
        if (change.state === "waiting" || change.state === "closed")
            this.#session.lost();
        this.#events.emit("state", change);
    }
}
