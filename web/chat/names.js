/*
 * Names of people and rooms: what is allowed, what a newcomer is called, which
 * colour and letter stand for somebody.
 */
import { t } from "./i18n.js";

const USER_BYTES_MAX = 64;
const ROOM_BYTES_MAX = 128;
const CONTROLS = /\p{Cc}/gu;

/** Bytes of a text as it travels. */
export function byteLength(text) {
    return new TextEncoder().encode(text).length;
}

function tidy(text) {
    return text.replace(CONTROLS, " ").trim();
}

/** @returns {{name?: string, error?: string}} error: a key of i18n */
export function userName(text) {
    const name = tidy(text);

    if (name === "")
        return { error: "nameEmpty" };
    return byteLength(name) > USER_BYTES_MAX ? { error: "nameLong" } : { name };
}

/** A room as typed, with or without its #. @returns {{name?, error?}} */
export function roomName(text) {
    const name = tidy(text).replace(/^#+/, "").trim();

    if (name === "")
        return {};
    return byteLength(name) > ROOM_BYTES_MAX ? { error: "roomLong" } : { name };
}

export function randomName() {
    const pick = (list) => list[Math.floor(Math.random() * list.length)];
    const space = t("lang").startsWith("zh") ? "" : " ";
    const number = 10 + Math.floor(Math.random() * 90);

    return `${pick(t("adjectives"))}${space}${pick(t("animals"))} ${number}`;
}

/** A colour for a name, the same everywhere: degrees of the colour wheel. */
export function hueOf(name) {
    let hash = 2166136261;

    for (const character of name)
        hash = Math.imul(hash ^ character.codePointAt(0), 16777619);
    hash = Math.imul(hash ^ hash >>> 15, 0x2c1b3c6d);
    return ((hash ^ hash >>> 13) >>> 0) % 360;
}

/** The first letter of a name as people see letters (an emoji is one). */
export function initialOf(name) {
    if (!Intl.Segmenter)
        return [...name][0]?.toUpperCase() ?? "?";
    const [first] = new Intl.Segmenter().segment(name);

    return first?.segment.toUpperCase() ?? "?";
}
