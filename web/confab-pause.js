/*
 * What a close code means for a client that wants to stay connected: for ever
 * gone, or come back after how long. Used by confab.js; pure.
 */
const GOING_AWAY = 1001;
const RESTART = 1012;
const LIMIT = 4014;
/** Protocol error, kicked or banned, replaced: the same would happen again. */
const FINAL = new Set([4001, 4003, 4009]);

const LIMIT_PAUSE_MS = 15000;
const RESTART_PAUSE_MAX_MS = 300000;

export function isFinal(code) {
    return FINAL.has(code);
}

/**
 * How long to wait, in ms. The usual pause doubles with each failure and is
 * jittered, so that the clients of a dead process do not knock all at once.
 *
 * @param {{code: number, reason?: string, failures: number}} close
 * @param {{backoffMs: number, backoffMaxMs: number}} limits
 */
export function pauseAfter({ code, reason, failures }, limits) {
    const doubled = limits.backoffMs * 2 ** Math.min(failures, 20);
    const usual = jittered(Math.min(doubled, limits.backoffMaxMs));

    if (code === GOING_AWAY && failures === 0)
        return 0;
    if (code === RESTART && /^\d+$/.test(reason ?? ""))
        return Math.min(Number(reason), RESTART_PAUSE_MAX_MS);
    if (code === LIMIT)
        return Math.max(usual, jittered(LIMIT_PAUSE_MS));
    return usual;
}

/** Between half of ms and all of it. */
export function jittered(ms) {
    return ms * (0.5 + Math.random() / 2);
}
