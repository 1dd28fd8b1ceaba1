/*
 * The key: asked for, tried, and kept in this tab alone.
 */
import { byId } from "../chat/dom.js";
import { Api, ApiError } from "./api.js";
import { t } from "./i18n.js";

const PLACE = "confab.dashboard.key";

function remembered() {
    try {
        return sessionStorage.getItem(PLACE);
    } catch {
        return null;
    }
}

function remember(key) {
    try {
        if (key)
            sessionStorage.setItem(PLACE, key);
        else
            sessionStorage.removeItem(PLACE);
    } catch {
        /* Forbidden: it is asked for again. */
    }
}

export function forgetKey() {
    remember(null);
}

/** What a key opens: {api, isOfAll}; throws when it opens nothing. */
async function open(key) {
    const api = new Api(key);

    try {
        await api.get("/v1/stats");
        return { api, isOfAll: true };
    } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 403)
            throw error;
    }
    await api.get("/v1/traffic", { limit: 1 });
    return { api, isOfAll: false };
}

function complain(error) {
    const problem = byId("unlock-problem");

    problem.hidden = false;
    problem.textContent = error.status === 401 ? t("keyWrong")
        : error.status === 0 ? t("unreached") : error.message;
}

/** Resolves with what opens the board, however often the reader has to try. */
export async function unlock() {
    const dialog = byId("unlock");
    const field = byId("unlock-key");
    const known = remembered();

    if (known) {
        const opened = await open(known).catch(() => null);

        if (opened)
            return opened;
    }
    field.value = "";
    byId("unlock-problem").hidden = true;
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.showModal();
    return new Promise((resolve) => {
        const tryKey = async (event) => {
            const key = field.value.trim();

            event.preventDefault();
            try {
                if (!key)
                    throw new ApiError(400, 0, t("keyEmpty"));
                const opened = await open(key);

                remember(key);
                byId("unlock-form").removeEventListener("submit", tryKey);
                dialog.close();
                resolve(opened);
            } catch (error) {
                complain(error);
                field.select();
            }
        };

        byId("unlock-form").addEventListener("submit", tryKey);
    });
}
