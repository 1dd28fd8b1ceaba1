/*
 * Who is in the current room, and the heading above the log with their number.
 */
import { KeyedList, byId, make, oncePerFrame } from "./dom.js";
import { byName, clockTime, t } from "./i18n.js";
import { avatar } from "./log-items.js";

const SHOWN_MAX = 300;

export class MembersView {
    /** @param {import("./chat.js").Chat} chat */
    constructor(chat) {
        this.chat = chat;
        this.list = new KeyedList(byId("member-list"));
        const drawSoon = oncePerFrame(() => this.draw());

        for (const change of ["members", "current", "rooms"])
            chat.on(change, drawSoon);
        this.draw();
    }

    draw() {
        const room = this.chat.current;

        if (!room) {
            this.list.clear();
            return;
        }
        byId("room-title").textContent = room.name;
        byId("room-people").textContent =
            room.isJoined ? t("people", room.users) : "";
        byId("members-count").textContent =
            room.isJoined ? String(room.users) : "–";
        byId("members-button").setAttribute("aria-label",
            `${t("showMembers")}, ${t("peopleShort", room.users)}`);
        this.drawList(room);
    }

    drawList(room) {
        const members = [...room.members?.values() ?? []];
        const isMe = (member) => member.user === this.chat.user;

        members.sort((a, b) => isMe(b) - isMe(a) || byName(a.user, b.user));
        this.list.show(members.slice(0, SHOWN_MAX)
            .map((member) => this.line(member, isMe(member))));
        const rest = room.users - Math.min(members.length, SHOWN_MAX);
        const more = byId("members-more");

        more.hidden = room.members === null || rest <= 0;
        more.textContent = t("andMore", rest);
    }

    line({ user, since }, isMe) {
        return {
            key: user,
            sign: `${since}`,
            draw: () => make("li", {
                class: "member",
                title: since
                    ? t("hereSince", { time: clockTime(since) }) : null,
            },
            avatar(user),
            make("bdi", { class: "member-name" }, user),
            isMe ? make("span", { class: "tag" }, t("you")) : null),
        };
    }
}
