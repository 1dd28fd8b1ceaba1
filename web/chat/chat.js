/*
 * What the page does: one person, one connection, several talks: rooms and
 * conversations with somebody. Turns what confab.js tells into changes of the
 * talks, and says which part changed, so that the views draw it. No drawing
 * here.
 *
 * Changes: "state" of the connection; "talks" their list, counts, unread;
 * "talk" content of a talk (which is told); "current" another talk is shown;
 * "members"; "presence"; "typing"; "editing" a message; "joined" a room;
 * "inbox" is known, "inboxListed" with its conversations; "read" a talk up to
 * its end; "away" a conversation is put; "notice" a sentence for the reader.
 */
import { t } from "./i18n.js";
import { loadOlder } from "./pager.js";
import { rememberRooms, tenant } from "./storage.js";
import { Talk } from "./talk.js";
import { Talks } from "./talks.js";
import { plainText } from "./text.js";

const RETRY_MS = 1000;
/** Says that somebody is writing; is no message. */
export const TYPING = "typing";

export class Chat extends Talks {
    /**
     * @param {import("../confab.js").Confab} confab
     * @param {string} user
     * @param {{token: string, endsAt: number} | null} [pass]
     */
    constructor(confab, user, pass = null) {
        super(user);
        this.pass = pass;
        this.confab = confab;
        this.connection = { state: "idle" };
        this.isHidden = document.hidden;
        this.listen();
    }

    listen() {
        const { confab } = this;

        confab.on("state", (state) => this.stateChanged(state));
        confab.on("msg", (message) => this.heard(message));
        confab.on("edit", (change) => this.changed(change));
        confab.on("delete", (change) => this.changed(change));
        confab.on("joined", (answer) => this.joined(answer));
        confab.on("moved", (why) => this.moved(why));
        confab.on("stale", (what) => this.reload(what));
        confab.on("left", ({ room, error }) => this.thrownOut(room, error
            ? t("joinFailed", { room: `#${room}`, reason: error.error })
            : t("kicked", { room: `#${room}` })));
        confab.on("kick", ({ room, reason }) => {
            if (room !== undefined)
                this.thrownOut(room, t(reason ? "kickedWhy" : "kicked",
                    { room: `#${room}`, reason }));
        });
        document.addEventListener("visibilitychange", () => {
            this.isHidden = document.hidden;
            if (this.isHidden)
                this.current?.turnAway();
            else
                this.confab.probe();
            this.look();
        });
    }

    /** Connects; the rest follows from the states of the connection. */
    start(names) {
        for (const name of names)
            this.add(new Talk(name));
        /* Why it was closed is told by the state. */
        this.confab.connect().catch(() => {});
    }

    async login() {
        try {
            const { inbox } = await this.confab.login(
                { user: this.user, tenant, token: this.pass?.token });

            if (inbox)
                this.tell("inbox", inbox);
        } catch (error) {
            if (error.isPassing)
                setTimeout(() => this.loginAgain(), RETRY_MS);
            else if (error.code !== 0)
                this.refused(error);
        }
    }

    loginAgain() {
        if (this.confab.state === "open")
            this.login();
    }

    refused(error) {
        this.confab.close();
        this.connection = { state: "closed", refused: error.error };
        this.tell("state");
    }

    /* ---- talks ---- */

    /* Its history lies in our inbox, from where we are now. */
    beginDirect(talk, top = 0) {
        const { inbox } = this.confab;

        if (!inbox)
            return talk;
        talk.isJoined = true;
        talk.begin(inbox.epoch, top, inbox.offset + 1);
        return talk;
    }

    /** Shows a room, entering it first when we are not in it. */
    open(name) {
        if (!this.room(name)) {
            this.add(new Talk(name));
            this.saveRooms();
            this.joinMissing();
        }
        this.show(this.room(name));
    }

    openDirect(user) {
        this.show(this.direct(user));
    }

    show(talk) {
        if (this.current === talk)
            return;
        this.current?.turnAway();
        this.current = talk;
        talk.following = true;
        this.tell("current");
        this.look();
        this.tell("talks");
    }

    async join(room) {
        try {
            this.joined(await this.confab.join(room.name));
        } catch (error) {
            if (this.room(room.name) !== room || error.code === 0)
                return;
            if (error.isPassing)
                setTimeout(() => this.joinMissing(), RETRY_MS);
            else
                this.thrownOut(room.name, t("joinFailed",
                    { room: room.title, reason: error.error }));
        }
    }

    /* Joined for the first time, again after a reconnect, or by a backend, who
     * need not ask before. */
    joined(answer) {
        if (!this.room(answer.room)
            && this.confab.joinedRooms.includes(answer.room)) {
            this.add(new Talk(answer.room));
            this.saveRooms();
        }
        const room = this.room(answer.room);

        if (!room)
            return;
        const isNew = !room.isJoined;

        room.users = answer.users;
        room.isJoined = true;
        if (isNew)
            room.begin(answer.epoch, answer.offset);
        this.tell("joined", room, answer);
        if (isNew)
            loadOlder(this, room);
        this.look();
        this.tell("talks");
        this.tell("talk", room);
    }

    /** Leaves a room for good, or puts a conversation away. */
    leave(talk) {
        this.forget(talk);
        if (talk.isDirect)
            this.tell("away", talk);
        else
            this.confab.leave(talk.name).catch(() => {});
    }

    thrownOut(name, sentence) {
        const room = this.room(name);

        if (room)
            this.forget(room);
        this.tell("notice", sentence);
    }

    forget(talk) {
        const next = this.neighbour(talk);

        this.talks.delete(talk.key);
        this.saveRooms();
        if (this.current === talk) {
            this.current = null;
            if (next !== talk)
                this.show(next);
            else
                this.tell("current");
        }
        this.tell("talks");
    }

    saveRooms() {
        rememberRooms(this.rooms.map(({ name }) => name));
    }

    /* ---- what comes ---- */

    stateChanged(state) {
        const wasOnline = this.connection.state === "online";

        this.connection = state;
        this.tell("state");
        if (state.state === "open")
            this.login();
        if (state.state === "online" && !wasOnline) {
            this.joinMissing();
            this.readMissing();
        }
    }

    /* What could not be read while there was no connection, or not yet. */
    readMissing() {
        for (const talk of this.talks.values()) {
            if (talk.isJoined && talk.loadFailed)
                loadOlder(this, talk);
        }
    }

    /* Rooms opened before there was a connection, or refused for a while. */
    joinMissing() {
        if (this.confab.state !== "online")
            return;
        for (const room of this.rooms) {
            if (!room.isJoined)
                this.join(room);
        }
    }

    heard(message) {
        if (message.type === TYPING)
            return;
        if (message.all || message.client) {
            this.tell("notice", t("announced",
                { from: message.from, text: plainText(message.body) }));
            return;
        }
        for (const talk of this.talksOf(message))
            this.take(talk, message);
        this.look();
    }

    take(talk, message) {
        const isOwn = message.from === this.user;

        if (isOwn)
            this.settlePending(talk, message);
        talk.addLive(message, isOwn, this.attends(talk));
        this.tell("talk", talk);
        if (talk.unread > 0 || talk.isDirect)
            this.tell("talks");
    }

    /* One of ours that was on its way has arrived. When its answer was lost and
     * it comes out of the history, only its words tell. */
    settlePending(talk, message) {
        const at = talk.pending.findIndex((one) =>
            one.id === message.id || one.key === message.key
            || (message.key === undefined && one.state === "unknown"
                && one.text === message.body));

        if (at >= 0)
            talk.pending.splice(at, 1);
    }

    changed(change) {
        for (const talk of this.talksOf(change)) {
            talk.change(change);
            this.tell("talk", talk);
        }
        this.look();
    }

    moved({ inbox, room: name, epoch, offset }) {
        const talk = inbox ? this.current : this.room(name);

        this.reload({ inbox, room: name, epoch, offset });
        if (talk && (!inbox || talk.isDirect))
            this.tell("notice", t("historyMoved", { room: talk.title }));
    }

    /* What is shown is no longer sure: it is read again. */
    reload({ inbox, room: name, epoch, offset }) {
        if (inbox) {
            this.tell("inbox", this.confab.inbox);
            return;
        }
        const room = this.room(name);

        if (!room)
            return;
        const { unread, divider } = room;

        room.begin(epoch ?? room.epoch, offset);
        if (epoch === undefined)
            Object.assign(room, { unread, divider });
        loadOlder(this, room);
        this.tell("talk", room);
    }

    /* ---- reading ---- */

    /** Is somebody looking at the newest message of this talk? */
    attends(talk) {
        return talk === this.current && talk.following && !this.isHidden;
    }

    /** The reader scrolled to the newest message, or away from it. */
    setFollowing(talk, isFollowing) {
        if (talk.following === isFollowing)
            return;
        talk.following = isFollowing;
        if (!isFollowing)
            talk.turnAway();
        this.look();
    }

    /** What is being looked at is read. */
    look() {
        const talk = this.current;

        if (!talk || !talk.isJoined || !this.attends(talk))
            return;
        if (!talk.markRead())
            return;
        this.tell("read", talk);
        this.tell("talks");
    }
}
