/*
 * One room, or one conversation with somebody, as the page keeps it: a window
 * of its messages, what is being sent, who is there, how far it was read. No
 * drawing and no network here.
 *
 * The window is an ascending row of items. It grows at both ends and holds at
 * most ITEMS_MAX: what falls off on the far side is read again when needed.
 * following: the reader is at the newest message, so the old side falls off.
 *
 * Offsets are those of the room, or of our own inbox, where other conversations
 * lie between. Edits and deletions have offsets too, and are no messages.
 */
const ITEMS_MAX = 1000;
/** Changes remembered for pages that were read before they came. */
const CHANGES_MAX = 100;

const dayOf = (time) => new Date(time).toDateString();

function messageItem(message) {
    return {
        kind: "message",
        key: message.offset === undefined ? message.id : `o${message.offset}`,
        time: message.time,
        day: dayOf(message.time),
        message,
    };
}

/** The message as a change leaves it. */
function changed(message, { time, body }) {
    return body === undefined ? { ...message, body: null, deleted: time }
        : { ...message, body, edited: time };
}

/** What a talk is known by: "#lobby", "@bob". */
export const keyOfRoom = (name) => `#${name}`;
export const keyOfDirect = (user) => `@${user}`;

export class Talk {
    /**
     * @param {string} name of the room, or of the user
     * @param {boolean} isDirect
     */
    constructor(name, isDirect = false) {
        this.name = name;
        this.isDirect = isDirect;
        this.key = isDirect ? keyOfDirect(name) : keyOfRoom(name);
        /** As confab.js wants it. */
        this.place = isDirect ? { user: name } : { room: name };
        /** As people write it. */
        this.title = isDirect ? name : `#${name}`;
        /** The server has let us in: there is a history to read. */
        this.isJoined = false;
        this.users = 0;
        this.members = null;
        this.pending = [];
        this.following = true;
        this.events = 0;
        /** How far others have read: user → offset. */
        this.readers = new Map();
        this.changes = new Map();
        /** Of a conversation: when something was said last, for its place. */
        this.time = 0;
        this.begin("", 0);
    }

    /** Nothing is loaded. top: the newest message; before: the first unread. */
    begin(epoch, top, before = top + 1) {
        if (epoch !== this.epoch)
            this.readers.clear();
        this.epoch = epoch;
        this.top = top;
        this.items = [];
        /** The window holds what lies from here on … */
        this.before = before;
        /** … up to here. */
        this.loadedTo = before - 1;
        this.hasOlder = before > 1;
        this.hasNewer = false;
        this.isLoading = false;
        this.reading = null;
        this.loadFailed = false;
        this.unread = 0;
        this.readTo = top;
        this.markedTo = null;
        /* The line "new messages" stands after this offset; null: nowhere. */
        this.divider = null;
    }

    /** Was read up to offset at the last visit; unread: how many came since. */
    resumeFrom(offset, unread = this.top - offset) {
        if (!(offset < this.top) || unread === 0)
            return;
        this.readTo = offset;
        this.unread = unread;
        this.divider = offset;
    }

    /* Counted by offsets at first, edits and own words among them; exact when
     * the window shows all of it. */
    recount(user) {
        if (this.unread === 0 || this.hasNewer
            || this.before > this.readTo + 1)
            return;
        this.unread = this.items.filter(({ message }) =>
            message?.offset > this.readTo && message.from !== user).length;
        if (this.unread === 0)
            this.divider = null;
    }

    /** A live message. isAttended: somebody is looking at it right now. */
    addLive(message, isOwn, isAttended) {
        if (message.offset !== undefined) {
            if (message.offset <= this.top)
                return;
            this.top = message.offset;
        }
        this.time = message.time;
        this.readBy(message.from, message.offset ?? 0);
        if (!this.hasNewer) {
            this.before = Math.min(this.before, message.offset ?? Infinity);
            this.loadedTo = this.top;
            this.append(messageItem(message));
        }
        if (isAttended)
            return;
        if (this.unread === 0 && this.divider === null)
            this.divider = this.readTo;
        if (!isOwn)
            this.unread++;
    }

    /** A message was edited, or deleted (no body). */
    change(change) {
        const { of, offset } = change;
        const item = this.items.find(({ message }) => message?.id === of);

        this.changes.set(of, change);
        if (this.changes.size > CHANGES_MAX)
            this.changes.delete(this.changes.keys().next().value);
        if (offset > this.top) {
            this.top = offset;
            this.loadedTo = this.hasNewer ? this.loadedTo : offset;
        }
        if (!item)
            return;
        item.message = changed(item.message, change);
    }

    itemOf(message) {
        const change = this.changes.get(message.id);
        const known = message.deleted ?? message.edited ?? 0;

        return messageItem(change?.time > known
            ? changed(message, change) : message);
    }

    itemsOf(messages) {
        return messages.map((message) => this.itemOf(message));
    }

    append(item) {
        this.items.push(item);
        if (this.items.length <= ITEMS_MAX)
            return;
        if (this.following)
            this.dropOldest();
        else
            this.dropNewest();
    }

    /** A page from before the window. */
    addOlder({ first, messages, more }) {
        const known = this.before;
        const fresh = messages.filter((message) => message.offset < known);

        this.items.unshift(...this.itemsOf(fresh));
        this.before = Math.min(known, first || known,
            fresh[0]?.offset ?? known);
        this.hasOlder = more && this.before < known;
        if (this.items.length > ITEMS_MAX && !this.following)
            this.dropNewest();
    }

    /** A page from after the window, which has newer ones behind it. */
    addNewer({ last, messages, more }) {
        const known = this.loadedTo;

        for (const message of messages) {
            if (message.offset > known)
                this.items.push(this.itemOf(message));
        }
        this.loadedTo = Math.max(known, last ?? 0,
            messages.at(-1)?.offset ?? 0);
        this.hasNewer = more && this.loadedTo > known;
        if (!this.hasNewer)
            this.loadedTo = Math.max(this.loadedTo, this.top);
        if (this.items.length > ITEMS_MAX)
            this.dropOldest();
    }

    hasMessage(offset) {
        return this.items.some((item) => item.message?.offset === offset);
    }

    /** The window jumps to this page, which ends before an offset. */
    showPage({ first, messages, more }, before) {
        this.items = this.itemsOf(messages);
        this.before = Math.min(before, first || before,
            messages[0]?.offset ?? before);
        this.loadedTo = before - 1;
        this.hasOlder = more;
        this.hasNewer = this.loadedTo < this.top;
    }

    dropOldest() {
        this.items.splice(0, this.items.length - ITEMS_MAX);
        const first = this.items.find((item) => item.message?.offset);

        if (first) {
            this.before = first.message.offset;
            this.hasOlder = true;
        }
    }

    dropNewest() {
        this.items.length = ITEMS_MAX;
        const last = this.items.findLast((item) => item.message?.offset);

        this.loadedTo = last?.message.offset ?? this.before - 1;
        this.hasNewer = true;
    }

    /** Messages of a user that can still be changed by typing. */
    ownMessages(user) {
        return this.items.map(({ message }) => message).filter((message) =>
            message?.from === user && message.offset !== undefined
            && !message.deleted && typeof message.body === "string");
    }

    /** Somebody came or went. Neighbouring events share one line. */
    addEvent(user, isEnter, time) {
        if (this.hasNewer)
            return;
        let item = this.items.at(-1);

        if (item?.kind !== "event") {
            item = {
                kind: "event", key: `e${++this.events}`, time,
                day: dayOf(time), came: [], went: [], version: 0,
            };
            this.append(item);
        }
        this.noteEvent(item, user, isEnter);
        if (item.came.length === 0 && item.went.length === 0)
            this.items.splice(this.items.indexOf(item), 1);
    }

    /* Who came and went again, or went and came back, needs no mention. */
    noteEvent(item, user, isEnter) {
        const here = isEnter ? item.came : item.went;
        const there = isEnter ? item.went : item.came;
        const at = there.indexOf(user);

        item.version++;
        if (at >= 0)
            there.splice(at, 1);
        else if (!here.includes(user))
            here.push(user);
    }

    /** Everything is read. Returns whether that is news. */
    markRead() {
        if (this.unread === 0 && this.markedTo === this.top)
            return false;
        this.unread = 0;
        this.readTo = this.top;
        this.markedTo = this.top;
        return true;
    }

    /** We have read up to offset, elsewhere. */
    readElsewhere(offset, user) {
        if (offset <= this.readTo)
            return;
        this.readTo = offset;
        this.unread = offset >= this.top ? 0 : Math.min(this.unread,
            this.items.filter(({ message }) => message?.offset > offset
                && message.from !== user).length);
        if (this.unread === 0)
            this.divider = null;
    }

    /** Somebody has read up to offset. Returns whether that is news. */
    readBy(user, offset) {
        if (!(offset > (this.readers.get(user) ?? 0)))
            return false;
        this.readers.set(user, offset);
        return true;
    }

    /** The reader turns away: a new line "new messages" may be drawn later. */
    turnAway() {
        if (this.unread === 0)
            this.divider = null;
    }

    memberCame(user, platform, users, time) {
        this.users = users;
        this.members?.set(user, { user, platforms: [platform], since: time });
    }

    memberWent(user, users) {
        this.users = users;
        this.members?.delete(user);
    }
}
