/*
 * The page: finds the server, learns the visitor's name, and connects the parts
 * to each other.
 */
import { Confab } from "../confab.js";
import { Chat } from "./chat.js";
import { Composer } from "./composer.js";
import { ConnectionView } from "./connection-view.js";
import { Directory } from "./directory.js";
import { byId } from "./dom.js";
import { Finder } from "./finder.js";
import { HeadingView } from "./heading-view.js";
import { t, translatePage } from "./i18n.js";
import { Inbox } from "./inbox.js";
import { listenToKeys } from "./keys.js";
import { avatar } from "./log-items.js";
import { LogView } from "./log-view.js";
import { Marks } from "./marks.js";
import { MembersView } from "./members-view.js";
import { randomName, roomName, userName } from "./names.js";
import { Panels } from "./panels.js";
import { addressHasPass, ownPass } from "./pass.js";
import { People } from "./people.js";
import { askRemoval } from "./removal.js";
import { RoomsView } from "./rooms-view.js";
import { SearchView } from "./search-view.js";
import {
    rememberName, rememberedName, rememberedRooms, tenant,
} from "./storage.js";
import { Typing } from "./typing.js";
import { askName } from "./welcome.js";

const FIRST_ROOM = "lobby";
const NOTICE_MS = 6000;

/**
 * Where the WebSocket is: the server says it in /config.json. Without a port it
 * is where the page is, behind the same proxy.
 */
async function socketUrl() {
    const usual = { port: 8089, path: "/chat",
        tls: location.protocol === "https:" };
    let place = usual;

    try {
        const config = await (await fetch("/config.json")).json();

        place = { ...usual, ...config.websocket[0] };
    } catch {
        /* Served by something else than confab: the usual place. */
    }
    if (!place.port)
        return `${usual.tls ? "wss" : "ws"}://${location.host}${place.path}`;
    const scheme = place.tls ? "wss" : "ws";

    return `${scheme}://${location.hostname}:${place.port}${place.path}`;
}

async function ownName() {
    const known = userName(rememberedName() ?? "").name;

    if (known !== undefined)
        return known;
    const name = await askName(randomName(), true);

    rememberName(name);
    return name;
}

/* #room, or #@user. A room whose name begins with @ is #%23@room. */
function openOfAddress(chat, otherwise) {
    let wanted = "";

    try {
        wanted = decodeURIComponent(location.hash.slice(1));
    } catch {
        /* Not ours: somebody else's link. */
    }
    const user = wanted.startsWith("@")
        ? userName(wanted.slice(1)).name : undefined;
    const room = roomName(wanted).name ?? otherwise;

    if (user !== undefined)
        chat.openDirect(user);
    else if (room !== undefined)
        chat.open(room);
}

function addressOf({ isDirect, name }) {
    const wanted = isDirect ? `@${name}`
        : name.startsWith("@") ? `#${name}` : name;

    return `#${encodeURIComponent(wanted).replace(/^%40/, "@")}`;
}

/* The talk is in the address, so that the address can be given to others. */
function followAddress(chat) {
    chat.on("current", () => {
        const address = chat.current ? addressOf(chat.current) : "";

        if (address !== location.hash)
            history.replaceState(null, "", address || location.pathname);
    });
    window.addEventListener("hashchange", () => {
        /* Another token may be another user: the page begins anew. */
        if (addressHasPass())
            location.reload();
        else
            openOfAddress(chat);
    });
}

/* A sentence that goes away by itself. */
function showNotices(chat) {
    const notice = byId("notice");
    let timer;

    chat.on("notice", (sentence) => {
        notice.textContent = sentence;
        notice.hidden = false;
        clearTimeout(timer);
        timer = setTimeout(() => {
            notice.hidden = true;
        }, NOTICE_MS);
    });
}

function showProfile(chat) {
    const profile = byId("profile");

    byId("profile-name").textContent = chat.user;
    profile.prepend(avatar(chat.user));
    if (chat.pass) {
        /* Who one is has been said by somebody else. */
        profile.title = t("nameGiven", { name: chat.user });
        profile.disabled = true;
        return;
    }
    profile.setAttribute("aria-label", t("changeName", { name: chat.user }));
    profile.title = t("changeName", { name: chat.user });
    profile.addEventListener("click", async () => {
        const name = await askName(chat.user, false);

        if (name === null || name === chat.user)
            return;
        rememberName(name);
        /* Another name is another user: the page begins anew. */
        history.replaceState(null, "", location.pathname + location.hash);
        location.reload();
    });
}

async function copyLink(chat) {
    const whose = tenant === undefined
        ? "" : `?tenant=${encodeURIComponent(tenant)}`;
    const link = `${location.origin}${location.pathname}${whose}${
        addressOf(chat.current)}`;

    try {
        await navigator.clipboard.writeText(link);
        chat.tell("notice", t("linkCopied"));
    } catch {
        chat.tell("notice", link);
    }
}

async function start() {
    translatePage();
    const pass = ownPass();
    const [url, user] = await Promise.all(
        [socketUrl(), pass?.user ?? ownName()]);
    const chat = new Chat(new Confab({ url }), user, pass);

    new Inbox(chat);
    new Marks(chat);
    const composer = showChat(chat);
    const rooms = rememberedRooms();

    followAddress(chat);
    showNotices(chat);
    showProfile(chat);
    byId("copy-link").addEventListener("click", () => copyLink(chat));
    chat.start(rooms);
    openOfAddress(chat, rooms[0] ?? FIRST_ROOM);
    composer.focus();
    document.body.dataset.ready = "";
}

/* Everything that draws. */
function showChat(chat) {
    const panels = new Panels();
    const people = new People(chat);
    const typing = new Typing(chat);
    const remove = (talk, message) => askRemoval(chat, talk, message);
    const composer = new Composer(chat, typing, remove);
    const chosen = () => {
        panels.close();
        composer.focus();
    };

    new LogView(chat, {
        edit: (talk, message) => composer.startEditing(talk, message), remove,
    });
    new HeadingView(chat, people, typing);
    new MembersView(chat, (user) => {
        chat.openDirect(user);
        chosen();
    });
    new RoomsView(chat, new Directory(chat), people, chosen);
    new SearchView(chat, new Finder(chat));
    new ConnectionView(chat);
    listenToKeys(chat, panels, composer);
    return composer;
}

start();
