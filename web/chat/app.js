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
import { t, translatePage } from "./i18n.js";
import { listenToKeys } from "./keys.js";
import { avatar } from "./log-items.js";
import { LogView } from "./log-view.js";
import { MembersView } from "./members-view.js";
import { randomName, roomName, userName } from "./names.js";
import { Panels } from "./panels.js";
import { RoomsView } from "./rooms-view.js";
import { SearchView } from "./search-view.js";
import {
    rememberName, rememberedName, rememberedRooms,
} from "./storage.js";
import { askName } from "./welcome.js";

const FIRST_ROOM = "lobby";
const NOTICE_MS = 6000;

/** Where the WebSocket is: the server says it in /config.json. */
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

function roomOfAddress() {
    try {
        return roomName(decodeURIComponent(location.hash.slice(1))).name;
    } catch {
        return undefined;
    }
}

/* The room is in the address, so that the address can be given to others. */
function followAddress(chat) {
    chat.on("current", () => {
        const name = chat.current?.name;
        const hash = name === undefined ? "" : `#${encodeURIComponent(name)}`;

        if (name !== roomOfAddress())
            history.replaceState(null, "", hash || location.pathname);
    });
    window.addEventListener("hashchange", () => {
        const name = roomOfAddress();

        if (name !== undefined)
            chat.open(name);
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
    const room = encodeURIComponent(chat.current.name);
    const link = `${location.origin}${location.pathname}#${room}`;

    try {
        await navigator.clipboard.writeText(link);
        chat.tell("notice", t("linkCopied"));
    } catch {
        chat.tell("notice", link);
    }
}

async function start() {
    translatePage();
    const [url, user] = await Promise.all([socketUrl(), ownName()]);
    const chat = new Chat(new Confab({ url }), user);
    const panels = new Panels();
    const composer = new Composer(chat);

    new LogView(chat);
    new MembersView(chat);
    new RoomsView(chat, new Directory(chat), () => {
        panels.close();
        composer.focus();
    });
    new SearchView(chat, new Finder(chat));
    new ConnectionView(chat);
    listenToKeys(chat, panels, composer);
    followAddress(chat);
    showNotices(chat);
    showProfile(chat);
    byId("copy-link").addEventListener("click", () => copyLink(chat));

    const rooms = rememberedRooms();
    const wanted = roomOfAddress() ?? rooms[0] ?? FIRST_ROOM;

    chat.start(rooms);
    chat.open(wanted);
    composer.focus();
    document.body.dataset.ready = "";
}

start();
