/*
 * A piece of a long text around the words that were searched for, as nodes with
 * the words marked.
 */
import { make } from "./dom.js";

const BEFORE = 40;
const LENGTH = 160;

const fold = (text) => text.toLowerCase();

/* Where the words stand in the text: [from, to], in order. */
function places(text, words) {
    const folded = fold(text);
    const found = [];

    /* Some few letters change their length with their case. */
    if (folded.length !== text.length)
        return found;
    for (const word of words) {
        for (let at = folded.indexOf(word); at >= 0;
            at = folded.indexOf(word, at + word.length))
            found.push([at, at + word.length]);
    }
    return found.sort(([a], [b]) => a - b);
}

/* Not between the halves of one character. */
function whole(text, at) {
    return /[\uDC00-\uDFFF]/.test(text[at] ?? "") ? at - 1 : at;
}

/**
 * @param {string} text
 * @param {string} searched what was searched for
 * @returns {(Node | string)[]}
 */
export function excerpt(text, searched) {
    const flat = text.replace(/\s+/g, " ");
    const words = fold(searched).split(/\s+/).filter(Boolean);
    const marks = places(flat, words);
    const first = marks[0]?.[0] ?? 0;
    const from = first > LENGTH - BEFORE ? whole(flat, first - BEFORE) : 0;
    const to = whole(flat, Math.min(from + LENGTH, flat.length));
    const nodes = from > 0 ? ["…"] : [];
    let at = from;

    for (const [start, end] of marks) {
        if (start < at || end > to)
            continue;
        nodes.push(flat.slice(at, start),
            make("mark", {}, flat.slice(start, end)));
        at = end;
    }
    nodes.push(flat.slice(at, to), to < flat.length ? "…" : "");
    return nodes.filter((node) => node !== "");
}
