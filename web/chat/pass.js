/*
 * The token of a visitor, where the server wants one. A link brings it behind
 * the # of the address, which no browser sends anywhere: `#token=…&lobby`. It
 * is kept for this tab and taken out of the address, which is for giving to
 * others.
 */
import { rememberPass, rememberedPass } from "./storage.js";

const BEGIN = "#token=";

/* What it says; the server alone knows whether that is true. */
function claimsOf(token) {
    try {
        const [, payload] = token.split(".");
        const bytes = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
        const claims = JSON.parse(new TextDecoder().decode(
            Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))));

        return typeof claims.sub === "string" ? claims : null;
    } catch {
        return null;
    }
}

/** Has somebody followed another link, with the page open? */
export function addressHasPass() {
    return location.hash.startsWith(BEGIN);
}

function takeFromAddress() {
    if (!addressHasPass())
        return;
    const [token, ...rest] = location.hash.slice(BEGIN.length).split("&");

    rememberPass(token);
    history.replaceState(null, "",
        `${location.pathname}${location.search}#${rest.join("&")}`);
}

/**
 * @returns {{token: string, user: string, endsAt: number} | null} null: this
 *   visitor has none, and may call himself as he likes
 */
export function ownPass() {
    takeFromAddress();
    const token = rememberedPass();
    const claims = token ? claimsOf(token) : null;

    return claims && { token, user: claims.sub, endsAt: claims.exp * 1000 };
}
