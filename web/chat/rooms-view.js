/*
 * The list of rooms: ours with their unread messages, then those that may be
 * found; a field above finds, or creates, a room by its name.
 */
import { KeyedList, byId, make, oncePerFrame } from "./dom.js";
import { byName, t } from "./i18n.js";
import { roomName } from "./names.js";

const short = (count) => count > 99 ? "99+" : String(count);

export class RoomsView {
    /**
     * @param {import("./chat.js").Chat} chat
     * @param {import("./directory.js").Directory} directory
     * @param {() => void} chosen called when the reader has chosen a room
     */
    constructor(chat, directory, chosen) {
        this.chat = chat;
        this.directory = directory;
        this.chosen = chosen;
        this.own = new KeyedList(byId("own-rooms"));
        this.others = new KeyedList(byId("other-rooms"));
        this.field = byId("find-room");
        this.create = byId("create-room");
        const drawSoon = oncePerFrame(() => this.draw());

        chat.on("rooms", drawSoon);
        chat.on("current", drawSoon);
        this.field.addEventListener("input", drawSoon);
        byId("find-form").addEventListener("submit", (event) => {
            event.preventDefault();
            this.enterTyped();
        });
        this.create.addEventListener("click", () => this.enterTyped());
        this.draw();
    }

    get typed() {
        return roomName(this.field.value);
    }

    enterTyped() {
        const { name, error } = this.typed;

        this.field.setCustomValidity(error ? t(error) : "");
        this.field.reportValidity();
        if (name !== undefined)
            this.choose(name);
    }

    choose(name) {
        this.field.value = "";
        this.chat.open(name);
        this.chosen();
        this.draw();
    }

    draw() {
        const sought = (this.typed.name ?? "").toLowerCase();
        const fits = (name) => name.toLowerCase().includes(sought);
        const own = [...this.chat.rooms.values()]
            .filter((room) => fits(room.name));
        const others = this.directory.others()
            .filter((line) => fits(line.room));

        this.field.setCustomValidity("");
        own.sort((a, b) => byName(a.name, b.name));
        this.own.show(own.map((room) => this.ownLine(room)));
        this.others.show(others.map((line) => this.otherLine(line)));
        byId("own-rooms-part").hidden = own.length === 0;
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

    /* Offers to enter the room that was typed when it is not in the lists. */
    drawCreate() {
        const { name } = this.typed;
        const isKnown = name === undefined || this.chat.rooms.has(name)
            || this.directory.listed.some((line) => line.room === name);

        this.create.hidden = isKnown;
        if (!isKnown)
            this.create.textContent = t("enterRoom", { room: `#${name}` });
    }

    ownLine(room) {
        const isCurrent = room === this.chat.current;

        return {
            key: room.name,
            sign: `${isCurrent}${room.unread}/${room.users}`,
            draw: () => this.drawOwn(room, isCurrent),
        };
    }

    drawOwn(room, isCurrent) {
        const { name, unread, users } = room;
        const label = [`#${name}`, unread > 0 ? t("unread", unread) : null,
            t("peopleShort", users)].filter(Boolean).join(", ");

        return make("li", { class: unread > 0 ? "unread" : null },
            make("button", {
                class: "room", type: "button", "data-act": "open",
                "aria-current": isCurrent ? "true" : null, "aria-label": label,
                onclick: () => this.choose(name),
            },
            make("span", { class: "hash" }, "#"),
            make("bdi", { class: "room-name" }, name),
            unread > 0 ? make("span", { class: "badge" }, short(unread))
                : make("span", { class: "users" }, String(users))),
            make("button", {
                class: "leave", type: "button", "data-act": "leave",
                "aria-label": t("leaveRoomName", { room: `#${name}` }),
                title: t("leaveRoom"),
                onclick: () => this.chat.leave(name),
            }, "×"));
    }

    otherLine({ room: name, users }) {
        return {
            key: name,
            sign: String(users),
            draw: () => make("li", {},
                make("button", {
                    class: "room other", type: "button", "data-act": "open",
                    "aria-label": `#${name}, ${t("peopleShort", users ?? 0)}`,
                    onclick: () => this.choose(name),
                },
                make("span", { class: "hash" }, "#"),
                make("bdi", { class: "room-name" }, name),
                make("span", { class: "users" },
                    users > 0 ? String(users) : ""))),
        };
    }
}
