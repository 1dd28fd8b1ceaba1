/*
 * The heading above the log: what talk this is, and who is there; and the line
 * beneath the log that says who is writing.
 */
import { byId, oncePerFrame } from "./dom.js";
import { t } from "./i18n.js";

const NAMES_MAX = 3;

export class HeadingView {
    /**
     * @param {import("./chat.js").Chat} chat
     * @param {import("./people.js").People} people
     * @param {import("./typing.js").Typing} typing
     */
    constructor(chat, people, typing) {
        this.chat = chat;
        this.people = people;
        this.typing = typing;
        const drawSoon = oncePerFrame(() => this.draw());

        for (const change of ["current", "talks", "members", "presence"])
            chat.on(change, drawSoon);
        for (const change of ["current", "typing"])
            chat.on(change, () => this.drawTyping());
        this.draw();
    }

    draw() {
        const talk = this.chat.current;

        if (!talk)
            return;
        byId("room-title").textContent = talk.name;
        byId("room-people").textContent = this.sentence(talk);
        byId("room-people").classList.toggle("online",
            talk.isDirect && this.people.isOnline(talk.name));
        byId("members-count").textContent =
            talk.isJoined ? String(talk.users) : "–";
        byId("members-button").setAttribute("aria-label",
            `${t("showMembers")}, ${t("peopleShort", talk.users)}`);
    }

    sentence(talk) {
        if (!talk.isJoined)
            return "";
        if (!talk.isDirect)
            return t("people", talk.users);
        return t(this.people.isOnline(talk.name) ? "online" : "offline");
    }

    drawTyping() {
        const users = this.typing.in(this.chat.current);
        const line = byId("typing");

        line.classList.toggle("someone", users.length > 0);
        byId("typing-names").textContent = users.length === 0 ? ""
            : users.length > NAMES_MAX ? t("manyWrite", users.length)
                : t("writes", t("joinNames", users), users.length);
    }
}
