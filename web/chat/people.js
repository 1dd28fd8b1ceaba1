/*
 * Who is there: the members of rooms, told by the server as they come and go
 * (in large rooms only counted), and whether those we talk with are online,
 * asked now and then while the page is being looked at.
 */
const MEMBERS_PAGE = 500;
const MEMBERS_MAX = 2000;
/** In a large room nobody is told by name: the list is read again so often. */
const COUNTED_EVERY_MS = 10000;
const ONLINE_EVERY_MS = 15000;
const ONLINE_MAX = 200;

export class People {
    /** @param {import("./chat.js").Chat} chat */
    constructor(chat) {
        this.chat = chat;
        this.online = new Set();
        this.timer = null;
        this.countedTimers = new Map();
        /** Rooms joined again before there was time to ask. */
        this.missed = new Set();
        const ask = () => {
            this.readMissed();
            this.askOnline();
        };

        chat.confab.on("enter", (event) => this.cameOrWent(event, true));
        chat.confab.on("exit", (event) => this.cameOrWent(event, false));
        chat.confab.on("msg", ({ from }, { recovered }) => {
            if (!recovered)
                this.noteOnline(from, true);
        });
        chat.confab.on("count", (event) => this.counted(event));
        chat.on("joined", (room) => this.loadMembers(room));
        chat.on("current", () => this.looked());
        chat.on("state", ask);
        chat.on("inboxListed", ask);
        document.addEventListener("visibilitychange", ask);
    }

    isOnline(user) {
        return this.online.has(user);
    }

    looked() {
        const talk = this.chat.current;

        if (talk?.isDirect)
            this.askOnline();
        else if (talk?.isJoined && talk.members === null)
            this.loadMembers(talk);
    }

    cameOrWent({ room: name, user, platform, users }, isEnter) {
        const { chat } = this;
        const room = chat.room(name);
        const now = Date.now();

        if (!room)
            return;
        if (isEnter)
            room.memberCame(user, platform, users, now);
        else
            room.memberWent(user, users);
        if (user !== chat.user) {
            room.addEvent(user, isEnter, now);
            this.noteOnline(user, isEnter);
        }
        chat.tell("talks");
        chat.tell("talk", room);
        chat.tell("members");
    }

    /* Who left a room may still be somewhere else. */
    noteOnline(user, isEnter) {
        if (isEnter && !this.online.has(user)) {
            this.online.add(user);
            this.chat.tell("presence");
        } else if (!isEnter && this.online.has(user)) {
            this.askOnline();
        }
    }

    counted({ room: name, users }) {
        const room = this.chat.room(name);

        if (!room)
            return;
        room.users = users;
        this.chat.tell("talks");
        this.chat.tell("members");
        if (room === this.chat.current && !this.countedTimers.has(room)) {
            this.countedTimers.set(room, setTimeout(() => {
                this.countedTimers.delete(room);
                this.loadMembers(room);
            }, COUNTED_EVERY_MS));
        }
    }

    /* Who came and went while we were away. */
    readMissed() {
        if (this.chat.connection.state !== "online")
            return;
        for (const room of this.missed)
            this.loadMembers(room);
        this.missed.clear();
    }

    async loadMembers(room) {
        const { chat } = this;
        const members = new Map();
        let after;

        if (chat.connection.state !== "online") {
            this.missed.add(room);
            return;
        }

        try {
            do {
                const page = await chat.confab.members(room.name,
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
        chat.tell("members");
        chat.tell("talks");
    }

    async askOnline() {
        const { chat } = this;

        clearTimeout(this.timer);
        if (document.hidden || chat.connection.state !== "online")
            return;
        const users = chat.directs.sort((a, b) => b.time - a.time)
            .slice(0, ONLINE_MAX).map(({ name }) => name);

        if (users.length > 0) {
            try {
                const { online } = await chat.confab.online(users);

                this.online = new Set(Object.keys(online));
                chat.tell("presence");
            } catch {
                /* What we knew is better than nothing. */
            }
        }
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.askOnline(), ONLINE_EVERY_MS);
    }
}
