/*
 * One room as the page keeps it: a window of its messages, what is being sent,
 * who is there, how far it was read. No drawing and no network here.
 *
 * The window is an ascending row of items. It grows at both ends and holds at
 * most ITEMS_MAX: what falls off on the far side is read again when needed.
 * following: the reader is at the newest message, so the old side falls off.
 */
const ITEMS_MAX = 1000;

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

export class Room {
    /** @param {string} name */
    constructor(name) {
        this.name = name;
        this.isJoined = false;
        this.users = 0;
        this.members = null;
        this.pending = [];
        this.following = true;
        this.events = 0;
        this.begin("", 0);
    }

    /** Nothing is loaded; the newest message is the one at top. */
    begin(epoch, top) {
        this.epoch = epoch;
        this.top = top;
        this.items = [];
        this.before = top + 1;
        this.hasOlder = top > 0;
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

    /** Unread since the last visit, from what was remembered then. */
    resumeFrom(mark) {
        if (mark?.epoch !== this.epoch || !(mark.offset < this.top))
            return;
        this.readTo = mark.offset;
        this.unread = this.top - mark.offset;
        this.divider = mark.offset;
    }

    /** A live message. isAttended: somebody is looking at it right now. */
    addLive(message, isOwn, isAttended) {
        if (message.offset !== undefined) {
            if (message.offset <= this.top)
                return;
            this.top = message.offset;
        }
        if (!this.hasNewer)
            this.append(messageItem(message));
        if (isAttended)
            return;
        if (this.unread === 0 && this.divider === null)
            this.divider = this.readTo;
        if (!isOwn)
            this.unread++;
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
    addOlder(messages, hasMore) {
        const known = this.before;
        const fresh = messages.filter((message) => message.offset < known);

        this.items.unshift(...fresh.map(messageItem));
        this.hasOlder = hasMore && fresh.length > 0;
        if (fresh.length > 0)
            this.before = fresh[0].offset;
        if (this.items.length > ITEMS_MAX && !this.following)
            this.dropNewest();
    }

    /** A page from after the window, which has newer ones behind it. */
    addNewer(messages) {
        const last = this.lastLoaded();

        for (const message of messages) {
            if (message.offset > last)
                this.items.push(messageItem(message));
        }
        this.hasNewer = messages.length > 0 && this.lastLoaded() < this.top;
        if (this.items.length > ITEMS_MAX)
            this.dropOldest();
    }

    hasMessage(offset) {
        return this.items.some((item) => item.message?.offset === offset);
    }

    /** The window jumps to this page. */
    showPage(messages, hasMore) {
        this.items = messages.map(messageItem);
        this.before = messages[0]?.offset ?? this.top + 1;
        this.hasOlder = hasMore;
        this.hasNewer = this.lastLoaded() < this.top;
    }

    /** Offset of the newest message in the window. */
    lastLoaded() {
        const last = this.items.findLast((item) => item.message?.offset);

        return last ? last.message.offset : this.before - 1;
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
        this.hasNewer = true;
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
