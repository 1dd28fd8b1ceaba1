/*
 * Who is in the current room. Choosing somebody begins a conversation.
 */
import { KeyedList, byId, make, oncePerFrame } from "./dom.js";
import { byName, clockTime, t } from "./i18n.js";
import { avatar } from "./log-items.js";

const SHOWN_MAX = 300;

export class MembersView {
    /**
     * @param {import("./chat.js").Chat} chat
     * @param {(user: string) => void} choose
     */
    constructor(chat, choose) {
        this.chat = chat;
        this.choose = choose;
        this.list = new KeyedList(byId("member-list"));
        const drawSoon = oncePerFrame(() => this.draw());

        for (const change of ["members", "current", "talks"])
            chat.on(change, drawSoon);
        this.draw();
    }

    draw() {
        const room = this.chat.current;

        if (!room) {
            this.list.clear();
            return;
        }
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
        const title = since ? t("hereSince", { time: clockTime(since) }) : null;
        const content = () => [avatar(user),
            make("bdi", { class: "member-name" }, user)];

        return {
            key: user,
            sign: `${since}`,
            draw: () => make("li", {}, isMe
                ? make("span", { class: "member", title }, ...content(),
                    make("span", { class: "tag" }, t("you")))
                : make("button", {
                    class: "member", type: "button", title,
                    "data-act": "talk", "aria-label": `${user}, ${
                        t("beginWith", { name: user })}`,
                    onclick: () => this.choose(user),
                }, ...content())),
        };
    }
}
