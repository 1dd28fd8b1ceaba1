/*
 * What the page does: one person, one connection, several rooms. Turns what
 * confab.js tells into changes of the rooms, and says which part changed, so
 * that the views draw it. No drawing here.
 *
 * Changes: "state" of the connection; "rooms" their list, counts, unread;
 * "room" content of a room (its name is told); "current" another room is shown;
 * "members"; "notice" a sentence for the reader.
 */
import { t } from "./i18n.js";
import { loadOlder } from "./pager.js";
import { rememberMark, rememberRooms, rememberedMark } from "./storage.js";
import { Room } from "./room.js";

const MEMBERS_PAGE = 500;
const MEMBERS_MAX = 2000;
const RETRY_MS = 1000;

export class Chat {
    /**
     * @param {import("../confab.js").Confab} confab
     * @param {string} user
     */
    constructor(confab, user) {
        this.confab = confab;
        this.user = user;
        this.rooms = new Map();
        this.current = null;
        this.connection = { state: "idle" };
        this.watchers = new Map();
        this.isHidden = document.hidden;
        this.listen();
    }

    on(change, act) {
        const acts = this.watchers.get(change) ?? [];

        this.watchers.set(change, [...acts, act]);
    }

    tell(change, ...values) {
        for (const act of this.watchers.get(change) ?? [])
            act(...values);
    }

    listen() {
        const { confab } = this;

        confab.on("state", (state) => this.stateChanged(state));
        confab.on("msg", (message) => this.heard(message));
        confab.on("enter", (event) => this.cameOrWent(event, true));
        confab.on("exit", (event) => this.cameOrWent(event, false));
        confab.on("joined", (answer) => this.joined(answer));
        confab.on("moved", (why) => this.moved(why));
        confab.on("left", ({ room, error }) => this.thrownOut(room,
            t("joinFailed", { room: `#${room}`, reason: error.error })));
        confab.on("kick", ({ room }) => {
            if (room !== undefined)
                this.thrownOut(room, t("kicked", { room: `#${room}` }));
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
            this.rooms.set(name, new Room(name));
        /* Why it was closed is told by the state. */
        this.confab.connect().catch(() => {});
    }

    async login() {
        try {
            await this.confab.login(this.user);
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

    /* ---- rooms ---- */

    /** Shows a room, entering it first when we are not in it. */
    open(name) {
        let room = this.rooms.get(name);

        if (!room) {
            room = new Room(name);
            this.rooms.set(name, room);
            this.saveRooms();
            this.joinMissing();
        }
        if (this.current === room)
            return;
        this.current?.turnAway();
        this.current = room;
        room.following = true;
        this.tell("current");
        this.look();
        this.tell("rooms");
        if (room.isJoined && room.members === null)
            this.loadMembers(room);
    }

    async join(room) {
        try {
            this.joined(await this.confab.join(room.name));
        } catch (error) {
            if (this.rooms.get(room.name) !== room || error.code === 0)
                return;
            if (error.isPassing)
                setTimeout(() => this.joinMissing(), RETRY_MS);
            else
                this.thrownOut(room.name, t("joinFailed",
                    { room: `#${room.name}`, reason: error.error }));
        }
    }

    /* Joined for the first time, or again after a reconnect. */
    joined(answer) {
        const room = this.rooms.get(answer.room);

        if (!room)
            return;
        room.users = answer.users;
        if (!room.isJoined) {
            room.isJoined = true;
            room.begin(answer.epoch, answer.offset);
            room.resumeFrom(rememberedMark(this.user, room.name));
            loadOlder(this, room);
        } else if (room.loadFailed || room.items.length === 0) {
            room.loadFailed = false;
            loadOlder(this, room);
        }
        this.loadMembers(room);
        this.look();
        this.tell("rooms");
        this.tell("room", room);
        this.tell("members");
    }

    /** Leaves a room for good. */
    leave(name) {
        this.forget(name);
        this.confab.leave(name).catch(() => {});
    }

    thrownOut(name, sentence) {
        this.forget(name);
        this.tell("notice", sentence);
    }

    forget(name) {
        const room = this.rooms.get(name);

        if (!room)
            return;
        const next = this.neighbour(room, 1);

        this.rooms.delete(name);
        this.saveRooms();
        if (this.current === room) {
            this.current = null;
            if (next !== room)
                this.open(next.name);
            else
                this.tell("current");
        }
        this.tell("rooms");
    }

    /** The next room of the list (step 1) or the one before it (-1). */
    neighbour(room, step) {
        const all = [...this.rooms.values()];
        const at = all.indexOf(room) + step;

        return all[(at + all.length) % all.length];
    }

    saveRooms() {
        rememberRooms([...this.rooms.keys()]);
    }

    /* ---- what comes ---- */

    stateChanged(state) {
        const wasOnline = this.connection.state === "online";

        this.connection = state;
        this.tell("state");
        if (state.state === "open")
            this.login();
        if (state.state === "online" && !wasOnline)
            this.joinMissing();
    }

    /* Rooms opened before there was a connection, or refused for a while. */
    joinMissing() {
        if (this.confab.state !== "online")
            return;
        for (const room of this.rooms.values()) {
            if (!room.isJoined)
                this.join(room);
        }
    }

    heard(message) {
        const room = this.rooms.get(message.room);

        if (!room)
            return;
        const isOwn = message.from === this.user;

        if (isOwn)
            this.settlePending(room, message);
        room.addLive(message, isOwn, this.attends(room));
        this.look();
        this.tell("room", room);
        if (room.unread > 0)
            this.tell("rooms");
    }

    /* One of ours that was on its way has arrived. When its answer was lost and
     * it comes out of the history, only its words tell. */
    settlePending(room, message) {
        const at = room.pending.findIndex((one) =>
            one.id === message.id || one.key === message.key
            || (message.key === undefined && one.state === "unknown"
                && one.text === message.body));

        if (at >= 0)
            room.pending.splice(at, 1);
    }

    cameOrWent({ room: name, user, platform, users }, isEnter) {
        const room = this.rooms.get(name);
        const now = Date.now();

        if (!room)
            return;
        if (isEnter)
            room.memberCame(user, platform, users, now);
        else
            room.memberWent(user, users);
        if (user !== this.user)
            room.addEvent(user, isEnter, now);
        this.tell("rooms");
        this.tell("room", room);
        this.tell("members");
    }

    moved({ room: name, epoch, offset }) {
        const room = this.rooms.get(name);

        if (!room)
            return;
        room.begin(epoch, offset);
        loadOlder(this, room);
        this.tell("notice", t("historyMoved", { room: `#${name}` }));
        this.tell("room", room);
    }

    async loadMembers(room) {
        const members = new Map();
        let after;

        try {
            do {
                const page = await this.confab.members(room.name,
                    { after, limit: MEMBERS_PAGE });

                for (const member of page.members)
                    members.set(member.user, member);
                room.users = page.users;
                after = page.next;
            } while (after !== undefined && members.size < MEMBERS_MAX);
        } catch {
            return;
        }
        room.members = members;
        this.tell("members");
        this.tell("rooms");
    }

    /* ---- reading ---- */

    /** Is somebody looking at the newest message of this room? */
    attends(room) {
        return room === this.current && room.following && !this.isHidden;
    }

    /** The reader scrolled to the newest message, or away from it. */
    setFollowing(room, isFollowing) {
        if (room.following === isFollowing)
            return;
        room.following = isFollowing;
        if (!isFollowing)
            room.turnAway();
        this.look();
    }

    /** What is being looked at is read. */
    look() {
        const room = this.current;

        if (!room || !room.isJoined || !this.attends(room))
            return;
        if (!room.markRead())
            return;
        rememberMark(this.user, room.name,
            { epoch: room.epoch, offset: room.top });
        this.tell("rooms");
    }

    get unread() {
        let sum = 0;

        for (const room of this.rooms.values())
            sum += room.unread;
        return sum;
    }
}
