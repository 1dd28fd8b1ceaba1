/*
 * Who is writing right now. We tell it every few seconds while we write, as a
 * message that nobody remembers; what others tell holds for a little longer.
 */
import { TYPING } from "./chat.js";

const TELL_EVERY_MS = 3000;
const HOLDS_MS = 5000;
/** In larger rooms somebody always is: there it is not told. */
const USERS_MAX = 50;

export class Typing {
    /** @param {import("./chat.js").Chat} chat */
    constructor(chat) {
        this.chat = chat;
        this.toldAt = 0;
        this.toldTalk = null;
        /** talk → user → the timer that ends it. */
        this.writing = new Map();
        chat.confab.on("msg", (message) => this.heard(message));
    }

    /** We are writing in the current talk. */
    write(talk) {
        const now = Date.now();

        if (!talk?.isJoined || talk.users > USERS_MAX
            || (this.toldTalk === talk && now - this.toldAt < TELL_EVERY_MS))
            return;
        this.toldTalk = talk;
        this.toldAt = now;
        this.say(talk, true);
    }

    /** We sent what we wrote (which tells by itself), or wiped it out. */
    stop(wasSent) {
        const talk = this.toldTalk;

        this.toldTalk = null;
        if (talk && !wasSent)
            this.say(talk, false);
    }

    say(talk, isWriting) {
        this.chat.confab.say(talk.place, isWriting,
            { type: TYPING, keep: false, echo: false }).catch(() => {});
    }

    heard(message) {
        const { from, type, body } = message;

        if (from === this.chat.user)
            return;
        for (const talk of this.talksOf(message)) {
            if (type === TYPING && body === true)
                this.note(talk, from);
            else
                this.end(talk, from);
        }
    }

    /* Nobody opens a conversation by writing in it alone. */
    talksOf({ room, from }) {
        const talk = room !== undefined ? this.chat.room(room)
            : this.chat.directs.find((one) => one.name === from);

        return talk ? [talk] : [];
    }

    note(talk, user) {
        const users = this.writing.get(talk) ?? new Map();

        clearTimeout(users.get(user));
        users.set(user, setTimeout(() => this.end(talk, user), HOLDS_MS));
        this.writing.set(talk, users);
        this.chat.tell("typing");
    }

    end(talk, user) {
        const users = this.writing.get(talk);

        if (!users?.has(user))
            return;
        clearTimeout(users.get(user));
        users.delete(user);
        if (users.size === 0)
            this.writing.delete(talk);
        this.chat.tell("typing");
    }

    /** Names of those who write in a talk. */
    in(talk) {
        return [...this.writing.get(talk)?.keys() ?? []];
    }
}
