/*
 * The talks of one person: rooms, and conversations with somebody; which of
 * them is shown; and who wants to hear of changes. What happens in them is done
 * by chat.js, of which this is the base.
 */
import { Talk, keyOfDirect, keyOfRoom } from "./talk.js";

export class Talks {
    /** @param {string} user */
    constructor(user) {
        this.user = user;
        this.talks = new Map();
        this.current = null;
        this.watchers = new Map();
    }

    on(change, act) {
        const acts = this.watchers.get(change) ?? [];

        this.watchers.set(change, [...acts, act]);
    }

    tell(change, ...values) {
        for (const act of this.watchers.get(change) ?? [])
            act(...values);
    }

    get rooms() {
        return [...this.talks.values()].filter((talk) => !talk.isDirect);
    }

    get directs() {
        return [...this.talks.values()].filter((talk) => talk.isDirect);
    }

    add(talk) {
        this.talks.set(talk.key, talk);
        return talk;
    }

    /** A room by its name. */
    room(name) {
        return this.talks.get(keyOfRoom(name));
    }

    /** The conversation with a user; it need not have begun. */
    direct(user) {
        return this.talks.get(keyOfDirect(user))
            ?? this.beginDirect(this.add(new Talk(user, true)));
    }

    /** Who a direct message is shared with, seen from here. */
    partners({ from, to, users }) {
        return from !== this.user ? [from] : users ?? [to];
    }

    /* The talks in which a message or change stands. */
    talksOf(message) {
        const { room, to, users } = message;

        if (room !== undefined)
            return [this.room(room)].filter(Boolean);
        return to === undefined && users === undefined ? []
            : this.partners(message).map((user) => this.direct(user));
    }

    /* The next talk of the same kind, or any other. */
    neighbour(talk) {
        const same = talk.isDirect ? this.directs : this.rooms;
        const all = same.length > 1 ? same : [...this.talks.values()];

        return all[(all.indexOf(talk) + 1) % all.length];
    }

    get unread() {
        let sum = 0;

        for (const talk of this.talks.values())
            sum += talk.unread;
        return sum;
    }
}
