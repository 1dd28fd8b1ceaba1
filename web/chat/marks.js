/*
 * How far who has read. What we read is remembered here and told to the server,
 * at most once a second; what others read is told to us.
 */
import { rememberMark, rememberedMark } from "./storage.js";

const EVERY_MS = 1000;

export class Marks {
    /** @param {import("./chat.js").Chat} chat */
    constructor(chat) {
        this.chat = chat;
        this.timers = new Map();
        chat.on("joined", (room, answer) => this.joined(room, answer));
        chat.on("inboxListed", () => this.recallReaders());
        chat.on("read", (talk) => this.have(talk));
        chat.confab.on("read", (mark) => this.heard(mark));
    }

    /* The server knows what we read elsewhere, the browser what we read while
     * the server could not be told. */
    joined(room, { read = 0 }) {
        const mark = rememberedMark(this.chat.user, room.key);
        const own = mark?.epoch === room.epoch ? mark.offset : 0;
        const offset = Math.max(own, read);

        if (room.markedTo !== null)
            room.readElsewhere(offset, this.chat.user);
        else if (offset > 0 && room.unread === 0)
            room.resumeFrom(offset);
    }

    /* We have read all of it. */
    have(talk) {
        rememberMark(this.chat.user, talk.key,
            { epoch: talk.epoch, offset: talk.readTo });
        if (this.timers.has(talk) || talk.readTo === 0)
            return;
        this.send(talk);
        this.timers.set(talk, setTimeout(() => {
            this.timers.delete(talk);
            if (talk.sentTo !== talk.readTo)
                this.have(talk);
        }, EVERY_MS));
    }

    send(talk) {
        talk.sentTo = talk.readTo;
        this.chat.confab.read(talk.place, talk.readTo).catch(() => {
            /* The browser remembers it, and the next mark says it too. */
        });
    }

    heard({ room: name, user, with: other, offset }) {
        const { chat } = this;
        const talk = name !== undefined ? chat.room(name)
            : chat.directs.find((one) => one.name === other);

        if (!talk)
            return;
        if (user === chat.user) {
            talk.readElsewhere(offset, chat.user);
            chat.tell("talks");
        } else if (talk.readBy(user, offset) && talk.isDirect) {
            rememberMark(chat.user, `${talk.key} reads`,
                { epoch: talk.epoch, offset });
        }
        chat.tell("talk", talk);
    }

    /* The server tells a mark when it grows; what it was, we remember. */
    recallReaders() {
        for (const talk of this.chat.directs) {
            const mark = rememberedMark(this.chat.user, `${talk.key} reads`);

            if (mark?.epoch === talk.epoch)
                talk.readBy(talk.name, mark.offset);
        }
    }
}
