/*
 * The lists at the side: our rooms and conversations with what is unread in
 * them, then rooms that may be found; a field above finds, or creates, a room
 * by its name, and begins a conversation.
 */
import { KeyedList, byId, make, oncePerFrame } from "./dom.js";
import { byName, t } from "./i18n.js";
import { avatar } from "./log-items.js";
import { roomName, userName } from "./names.js";

const short = (count) => count > 99 ? "99+" : String(count);

export class RoomsView {
    /**
     * @param {import("./chat.js").Chat} chat
     * @param {import("./directory.js").Directory} directory
     * @param {import("./people.js").People} people
     * @param {() => void} chosen called when the reader has chosen a talk
     */
    constructor(chat, directory, people, chosen) {
        this.chat = chat;
        this.directory = directory;
        this.people = people;
        this.chosen = chosen;
        this.own = new KeyedList(byId("own-rooms"));
        this.directs = new KeyedList(byId("directs"));
        this.others = new KeyedList(byId("other-rooms"));
        this.field = byId("find-room");
        this.create = byId("create-room");
        this.begin = byId("begin-direct");
        const drawSoon = oncePerFrame(() => this.draw());

        for (const change of ["talks", "current", "presence"])
            chat.on(change, drawSoon);
        this.field.addEventListener("input", drawSoon);
        byId("find-form").addEventListener("submit", (event) => {
            event.preventDefault();
            if (this.field.value.trim().startsWith("@"))
                this.beginTyped();
            else
                this.enterTyped();
        });
        this.create.addEventListener("click", () => this.enterTyped());
        this.begin.addEventListener("click", () => this.beginTyped());
        this.draw();
    }

    get typed() {
        return roomName(this.field.value);
    }

    /* A user as typed, with or without an @. */
    get typedUser() {
        return userName(this.field.value.trim().replace(/^@/, ""));
    }

    enterTyped() {
        const { name, error } = this.typed;

        this.report(error);
        if (name !== undefined)
            this.choose(() => this.chat.open(name));
    }

    beginTyped() {
        const { name, error } = this.typedUser;

        this.report(error);
        if (name !== undefined)
            this.choose(() => this.chat.openDirect(name));
    }

    report(error) {
        this.field.setCustomValidity(error ? t(error) : "");
        this.field.reportValidity();
    }

    choose(open) {
        this.field.value = "";
        open();
        this.chosen();
        this.draw();
    }

    draw() {
        const sought = (this.typedUser.name ?? this.typed.name ?? "")
            .replace(/^#+/, "").toLowerCase();
        const fits = (name) => name.toLowerCase().includes(sought);
        const own = this.chat.rooms.filter(({ name }) => fits(name));
        const directs = this.chat.directs.filter(({ name }) => fits(name));
        const others = this.directory.others()
            .filter((line) => fits(line.room));

        this.field.setCustomValidity("");
        own.sort((a, b) => byName(a.name, b.name));
        directs.sort((a, b) => b.time - a.time || byName(a.name, b.name));
        this.own.show(own.map((talk) => this.line(talk)));
        this.directs.show(directs.map((talk) => this.line(talk)));
        this.others.show(others.map((line) => this.otherLine(line)));
        byId("own-rooms-part").hidden = own.length === 0;
        byId("directs-part").hidden = directs.length === 0;
        byId("other-rooms-part").hidden = others.length === 0;
        this.drawCreate();
        this.drawElsewhere();
    }

    /* Beside the button that opens this list where it is folded away. */
    drawElsewhere() {
        const count = this.chat.unread - (this.chat.current?.unread ?? 0);
        const badge = byId("elsewhere");

        badge.hidden = count === 0;
        badge.textContent = short(count);
    }

    /* Offers to enter the room that was typed, or to talk with the person, when
     * they are not in the lists. */
    drawCreate() {
        const { name } = this.typed;
        const user = this.typedUser.name;
        const isPerson = this.field.value.trim().startsWith("@");
        const isRoom = this.field.value.trim().startsWith("#");

        this.create.hidden = isPerson || name === undefined
            || Boolean(this.chat.room(name))
            || this.directory.listed.some((line) => line.room === name);
        this.begin.hidden = isRoom || user === undefined
            || this.chat.directs.some((talk) => talk.name === user);
        if (!this.create.hidden)
            this.create.textContent = t("enterRoom", { room: `#${name}` });
        if (!this.begin.hidden)
            this.begin.textContent = t("beginWith", { name: user });
    }

    line(talk) {
        const isCurrent = talk === this.chat.current;
        const isOnline = talk.isDirect && this.people.isOnline(talk.name);

        return {
            key: talk.key,
            sign: `${isCurrent}${talk.unread}/${talk.users}${isOnline}`,
            draw: () => this.drawLine(talk, isCurrent, isOnline),
        };
    }

    drawLine(talk, isCurrent, isOnline) {
        const { name, title, unread, isDirect } = talk;
        const label = [title, unread > 0 ? t("unread", unread) : null,
            this.presence(talk, isOnline)].filter(Boolean).join(", ");

        return make("li", { class: unread > 0 ? "unread" : null },
            make("button", {
                class: `room${isDirect ? " person" : ""}`, type: "button",
                "data-act": "open", "data-talk": talk.key,
                "aria-current": isCurrent ? "true" : null, "aria-label": label,
                onclick: () => this.choose(() => this.chat.show(talk)),
            },
            isDirect ? withPresence(name, isOnline)
                : make("span", { class: "hash" }, "#"),
            make("bdi", { class: "room-name" }, name),
            this.drawCount(talk)),
            make("button", {
                class: "leave", type: "button", "data-act": "leave",
                "aria-label": t(isDirect ? "closeDirect" : "leaveRoomName",
                    { room: title }),
                title: t(isDirect ? "close" : "leaveRoom"),
                onclick: () => this.chat.leave(talk),
            }, "×"));
    }

    presence({ isDirect, users }, isOnline) {
        if (isDirect)
            return t(isOnline ? "online" : "offline");
        return t("peopleShort", users);
    }

    drawCount({ isDirect, unread, users }) {
        if (unread > 0)
            return make("span", { class: "badge" }, short(unread));
        return make("span", { class: "users" }, isDirect ? "" : String(users));
    }

    otherLine({ room: name, users }) {
        return {
            key: name,
            sign: String(users),
            draw: () => make("li", {},
                make("button", {
                    class: "room other", type: "button", "data-act": "open",
                    "aria-label": `#${name}, ${t("peopleShort", users ?? 0)}`,
                    onclick: () => this.choose(() => this.chat.open(name)),
                },
                make("span", { class: "hash" }, "#"),
                make("bdi", { class: "room-name" }, name),
                make("span", { class: "users" },
                    users > 0 ? String(users) : ""))),
        };
    }
}

/** Somebody's picture with a dot when they are online. */
export function withPresence(name, isOnline) {
    return make("span", { class: `face${isOnline ? " online" : ""}` },
        avatar(name));
}
