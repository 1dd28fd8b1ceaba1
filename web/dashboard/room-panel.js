/*
 * One room in the drawer: who is in it, what was said last, and a word from the
 * operator.
 */
import { KeyedList, make } from "../chat/dom.js";
import { ask } from "./asking.js";
import { clockTime } from "./format.js";
import { t } from "./i18n.js";
import { doAndSay } from "./notice.js";

const MEMBERS = 100;
const MESSAGES = 30;

/** What a body says, if that is text; else its JSON. */
function textOf(message) {
    if (message.deleted || message.body === undefined)
        return t("deleted");
    return typeof message.body === "string" ? message.body
        : JSON.stringify(message.body);
}

export class RoomPanel {
    /**
     * @param {import("./api.js").Api} api
     * @param {import("./drawer.js").Drawer} drawer
     * @param {(user: string, tenant: string) => void} onUser
     */
    constructor(api, drawer, onUser) {
        this.api = api;
        this.drawer = drawer;
        this.onUser = onUser;
    }

    open(room, tenant) {
        this.room = room;
        this.tenant = tenant;
        this.problem = make("p", { class: "hint" });
        this.people = make("h3", {}, t("members"));
        this.members = make("ul", { class: "members" });
        this.memberRows = new KeyedList(this.members);
        this.none = make("p", { class: "hint", hidden: true },
            t("noMessages"));
        this.messages = make("ol", { class: "messages" });
        this.messageRows = new KeyedList(this.messages);
        this.drawer.open(t("roomKind"), room, [this.problem, this.people,
            this.members, make("h3", {}, t("lastMessages")), this.none,
            this.messages, this.makeForm()], () => this.refresh());
    }

    makeForm() {
        this.words = make("input", { type: "text", dir: "auto",
            id: "say-words", autocomplete: "off", placeholder: t("sayAs"),
            "aria-label": t("sayAs") });
        return make("form", { class: "say", onsubmit: (event) => {
            event.preventDefault();
            this.say();
        } }, this.words,
        make("button", { class: "primary", type: "submit" }, t("say")));
    }

    async refresh() {
        const { room, tenant } = this;
        const isSame = () => room === this.room && tenant === this.tenant;

        try {
            const [members, history] = await Promise.all([
                this.api.get("/v1/members",
                    { room, tenant, limit: MEMBERS }),
                this.api.get("/v1/history",
                    { room, tenant, limit: MESSAGES }),
            ]);

            if (isSame())
                this.show(members, history.messages);
        } catch (error) {
            if (isSame())
                this.problem.textContent = error.message;
        }
    }

    show(members, messages) {
        const isAtEnd = this.messages.scrollTop + this.messages.clientHeight
            >= this.messages.scrollHeight - 4;

        this.problem.textContent = "";
        this.people.textContent =
            `${t("members")} · ${t("membersOf", members.users)}`;
        this.memberRows.show(members.members.map(({ user }) => ({
            key: user, sign: "", draw: () => this.drawMember(user),
        })));
        this.none.hidden = messages.length > 0;
        this.messageRows.show(messages.map((message) => ({
            key: message.id,
            sign: textOf(message),
            draw: () => make("li", { "data-id": message.id },
                make("p", {}, make("b", { dir: "auto" }, message.from), " ",
                    make("time", {}, clockTime(message.time))),
                make("p", { dir: "auto" }, textOf(message))),
        })));
        if (isAtEnd)
            this.messages.scrollTop = this.messages.scrollHeight;
    }

    drawMember(user) {
        const button = (word, act) => make("button", { type: "button",
            class: "quiet", "data-act": word, onclick: act }, t(word));

        return make("li", { "data-user": user },
            make("button", { type: "button", class: "quiet", dir: "auto",
                "data-act": "user",
                onclick: () => this.onUser(user, this.tenant) }, user),
            button("kickOut", () => this.kick(user)),
            button("ban", () => this.ban(user)));
    }

    async say() {
        const body = this.words.value.trim();

        if (!body)
            return;
        if (await doAndSay(() => this.api.post("/v1/say", { from: "system",
            room: this.room, tenant: this.tenant, body }), t("said")))
            this.words.value = "";
        this.drawer.now();
    }

    async kick(user) {
        const answer = await ask({ act: t("kickOut"),
            title: t("kickOutTitle", { who: user, room: this.room }) });

        if (answer)
            await this.act("/v1/kick", { user, ...answer });
    }

    async ban(user) {
        const answer = await ask({ act: t("ban"), hasTime: true,
            title: t("banRoomTitle", { who: user, room: this.room }) });

        if (answer)
            await this.act("/v1/ban", { user, ...answer });
    }

    async act(path, data) {
        await doAndSay(() => this.api.post(path,
            { ...data, room: this.room, tenant: this.tenant }));
        this.drawer.now();
    }
}
