/*
 * Who is logged in, in which rooms, and with which subscription: remembered
 * here, so that after a break everything is as before. Used by confab.js; sits
 * between the connection (confab-link.js) and the lines of messages
 * (confab-line.js).
 */
import { Line } from "./confab-line.js";
import { ConfabError } from "./confab-requests.js";
import { Token } from "./confab-token.js";

const KICKED = 4003;
/** Refused, because we seem to be there already: our dead connection is. */
const CONFLICT = 1009;
const TOO_MANY = 1012;
/** A room that is full may have a place again soon; so often we ask. */
const LIMIT_TRIES = 5;
/** What is in a line: a message, or a change of one. */
const IN_LINE = new Set(["msg", "edit", "delete"]);
/** Pushes that the application gets as they come. */
const PLAIN = new Set(["enter", "exit", "count", "read", "kick", "drain"]);

export class Session {
    #link;
    #events;
    #recoverLimit;
    #account = null;
    #token = null;
    #inbox = null;
    #joined = new Map();
    #subscribed = null;
    #brokeAt = 0;

    /**
     * @param {import("./confab-link.js").Link} link
     * @param {import("./confab-events.js").Events} events
     * @param {number} recoverLimit
     */
    constructor(link, events, recoverLimit) {
        this.#link = link;
        this.#events = events;
        this.#recoverLimit = recoverLimit;
    }

    get user() {
        return this.#account?.user;
    }

    get rooms() {
        return [...this.#joined.keys()];
    }

    /** Where we are in our inbox; the next visit's login may say it. */
    get inboxSince() {
        return this.#inbox?.since;
    }

    async login({ inbox, token: source, ...account }) {
        const line = this.#newLine({ inbox: true }, false);
        const token = new Token(source, this.#link);
        const asked = { ...account, inbox,
            token: token.isAsked ? await token.get() : source };

        if (inbox)
            line.restart(inbox.epoch, inbox.offset, inbox.id);
        return this.#link.request("login", asked, (answer) => {
            this.#account = { ...account, user: answer.user ?? account.user };
            this.#token = token;
            this.#inbox = line;
            this.#loggedIn(answer);
            this.#link.become("online");
            line.joined({ ...answer, ...answer.inbox });
        });
    }

    logout() {
        return this.#link.request("logout", undefined, () => {
            this.#account = null;
            this.#token.stop();
            this.#inbox = null;
            this.#subscribed = null;
            this.#joined.clear();
            this.#link.become("open");
        });
    }

    join(room, { fill = true, since, ...options }) {
        const line = this.#joined.get(room)?.line
            ?? this.#newLine({ room }, fill);
        const wanted = { room, ...options };

        if (since && line.epoch === "")
            line.restart(since.epoch, since.offset, since.id);
        return this.#link.request("join", { ...wanted, since }, (answer) => {
            this.#joined.set(room, { line, wanted });
            line.joined(answer);
        });
    }

    leave(room) {
        this.#joined.delete(room);
        return this.#link.request("leave", { room }, () =>
            this.#joined.delete(room));
    }

    /** subscribe or unsubscribe; what holds then is restored after a break. */
    subscription(cmd, types) {
        return this.#link.request(cmd, types && { types }, (answer) => {
            this.#subscribed = answer.all ? null : answer.types;
        });
    }

    /** The line in which a message to this target stands; none: undefined. */
    lineOf(target) {
        if (target.room !== undefined)
            return this.#joined.get(target.room)?.line;
        return target.user !== undefined || target.users !== undefined
            || target.inbox ? this.#inbox ?? undefined : undefined;
    }

    pushed(cmd, data) {
        if (IN_LINE.has(cmd)) {
            const line = data.room !== undefined
                ? this.#joined.get(data.room)?.line : this.#inbox;

            if (line)
                line.pushed({ cmd, data });
            else
                this.#events.emit(cmd, data, { recovered: false });
        } else if (cmd === "moved") {
            this.lineOf(data)?.lose(data.epoch, data.offset);
        } else if (cmd === "join") {
            this.#enlisted(data);
        } else if (cmd === "leave") {
            this.#joined.delete(data.room);
            this.#events.emit("left", data);
        } else if (PLAIN.has(cmd)) {
            if (cmd === "kick" && data.room !== undefined)
                this.#joined.delete(data.room);
            this.#events.emit(cmd, data);
        } else {
            this.#events.emit("push", cmd, data);
        }
    }

    /* A backend has made us a member. */
    #enlisted(answer) {
        const { room } = answer;

        if (!this.#joined.has(room))
            this.#joined.set(room, {
                line: this.#newLine({ room }, true), wanted: { room },
            });
        this.#joined.get(room).line.joined(answer);
        this.#events.emit("joined", answer);
    }

    /* ---- after a break ---- */

    /** A socket is open: we come back to where we were. */
    opened() {
        if (this.#account === null) {
            this.#link.become("open");
            return;
        }
        this.#link.become("restoring");
        this.#restore();
    }

    /** The connection is gone, whatever comes of it. */
    lost() {
        this.#brokeAt ||= Date.now();
        this.#token?.stop();
    }

    /** Closed for good, but only since our token had ended. */
    mayReturn(code) {
        return code === KICKED && this.#account !== null
            && this.#token.isOver;
    }

    async #restore() {
        const link = this.#link;
        const { socket } = link;

        try {
            await this.#loginAgain();
        } catch (error) {
            if (link.socket !== socket)
                return;
            if (error.isPassing || error.code === 0 || this.#isGhost(error))
                link.broke(1006, error.error);
            else
                link.settle({ code: error.code, reason: error.error });
            return;
        }
        this.#subscribeAgain();
        await Promise.all([...this.#joined.keys()].map((room) =>
            this.#rejoin(room, socket)));
        if (link.socket === socket)
            link.become("online");
    }

    async #loginAgain() {
        const inbox = this.#inbox;
        const { socket } = this.#link;
        const token = await this.#token.get();

        if (this.#link.socket !== socket)
            throw new ConfabError(0, "the connection broke");
        return this.#link.send("login",
            { ...this.#account, token, inbox: inbox.since }, (answer) => {
                this.#loggedIn(answer);
                inbox.joined({ ...answer, ...answer.inbox });
            });
    }

    /* The server may not have noticed yet that our connection died. */
    #isGhost(error) {
        return error.code === CONFLICT
            && Date.now() - this.#brokeAt < 3 * this.#link.quietMs;
    }

    /* A new connection is subscribed to everything. A type that nobody uses
     * leaves nothing when it is taken away again. */
    #subscribeAgain() {
        const types = this.#subscribed;

        if (types === null)
            return;
        const wanted = types.length > 0 ? types : ["-"];

        this.#link.send("subscribe", { types: wanted }).catch(() => {});
        if (types.length === 0)
            this.#link.send("unsubscribe", { types: wanted }).catch(() => {});
    }

    async #rejoin(room, socket) {
        const { line, wanted } = this.#joined.get(room);
        const link = this.#link;

        for (let tries = 1; this.#joined.has(room); tries++) {
            try {
                const again = { ...wanted, since: line.since };
                await link.send("join", again, (answer) => {
                    this.#events.emit("joined", answer);
                    line.joined(answer);
                });
                return;
            } catch (error) {
                if (link.socket !== socket)
                    return;
                if (!this.#isHopeless(error, tries)
                    && await link.waitAfter(error, tries, socket))
                    continue;
                if (link.socket === socket && this.#joined.delete(room))
                    this.#events.emit("left", { room, error });
                return;
            }
        }
    }

    /* A limit, and not a rate, which says when there is room again. */
    #isHopeless(error, tries) {
        return error.code === TOO_MANY && error.retryMs === undefined
            && tries >= LIMIT_TRIES;
    }

    #loggedIn(answer) {
        this.#brokeAt = 0;
        this.#token.loggedIn(answer);
        this.#link.steadyFrom(Date.now(), answer.ping * 1000);
    }

    #newLine(place, isDense) {
        const link = this.#link;

        return new Line(place, {
            history: (query) => link.send("history", query),
            deliver: ({ cmd, data }, recovered) =>
                this.#events.emit(cmd, data, { recovered }),
            moved: (why) => this.#events.emit("moved", why),
            stale: (what) => this.#events.emit("stale", what),
            wait: (error, tries) =>
                link.waitAfter(error, tries, link.socket),
        }, { recoverLimit: this.#recoverLimit, isDense });
    }
}
