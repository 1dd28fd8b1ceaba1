/*
 * What the page remembers. A browser may forbid it (private windows, policies):
 * then it forgets, and works all the same.
 */

/**
 * Whose users and rooms these are: `?tenant=acme` in the address. Each tenant
 * has things of its own to remember.
 * @type {string | undefined}
 */
export const tenant =
    new URLSearchParams(location.search).get("tenant") || undefined;

const PREFIX = tenant === undefined ? "confab." : `confab.${tenant}/`;

function read(store, key) {
    try {
        return JSON.parse(window[store].getItem(PREFIX + key));
    } catch {
        return null;
    }
}

function write(store, key, value) {
    try {
        window[store].setItem(PREFIX + key, JSON.stringify(value));
    } catch {
        /* Full or forbidden: not remembered. */
    }
}

/**
 * The name, for this tab first: two tabs may be two people.
 * `?name=ada` in the address names the tab.
 * @returns {string | null}
 */
export function rememberedName() {
    const asked = new URLSearchParams(location.search).get("name");

    return asked || read("sessionStorage", "name")
        || read("localStorage", "name");
}

/** A token, for this tab; somebody with a name in the address has none. */
export function rememberedPass() {
    if (new URLSearchParams(location.search).has("name"))
        write("sessionStorage", "token", null);
    return read("sessionStorage", "token");
}

export function rememberPass(token) {
    write("sessionStorage", "token", token);
}

export function rememberName(name) {
    write("sessionStorage", "name", name);
    write("localStorage", "name", name);
}

/** @returns {string[]} */
export function rememberedRooms() {
    const rooms = read("localStorage", "rooms");

    return Array.isArray(rooms)
        ? rooms.filter((room) => typeof room === "string") : [];
}

export function rememberRooms(rooms) {
    write("localStorage", "rooms", rooms);
}

/** How far a user has read a talk. @returns {{epoch, offset} | null} */
export function rememberedMark(user, talk) {
    return read("localStorage", `read.${user}.${talk}`);
}

export function rememberMark(user, talk, mark) {
    write("localStorage", `read.${user}.${talk}`, mark);
}

/** A conversation that was put away, until something comes after offset. */
export function putAway(user, other, { epoch, offset }) {
    write("localStorage", `away.${user}.${other}`, { epoch, offset });
}

export function putAwayAt(user, other) {
    return read("localStorage", `away.${user}.${other}`);
}

export function rememberedFlag(name, standard) {
    return read("localStorage", name) ?? standard;
}

export function rememberFlag(name, value) {
    write("localStorage", name, value);
}
