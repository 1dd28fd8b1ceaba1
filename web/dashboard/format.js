/*
 * Numbers, sizes and times as the reader's region writes them, short.
 */
import { locale, t } from "./i18n.js";

const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(locale,
    { notation: "compact", maximumFractionDigits: 1 });
const fine = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
const finer = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
const clock = new Intl.DateTimeFormat(locale,
    { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(locale,
    { dateStyle: "medium", timeStyle: "short" });

const NONE = "–";
const UNITS = ["B", "kB", "MB", "GB", "TB"];

export function count(value) {
    if (value === null || value === undefined)
        return NONE;
    return value < 100000 ? whole.format(value) : short.format(value);
}

/** Small ones with a digit behind the point. */
export function rate(value) {
    if (value === null || value === undefined)
        return NONE;
    return value > 0 && value < 10 ? fine.format(value) : count(value);
}

export function bytes(value) {
    let unit = 0;

    if (value === null || value === undefined)
        return NONE;
    for (; value >= 999.5 && unit < UNITS.length - 1; unit++)
        value /= 1000;
    return `${unit > 0 && value < 10 ? fine.format(value)
        : whole.format(value)} ${UNITS[unit]}`;
}

export function byteRate(value) {
    return value === null ? NONE : `${bytes(value)}/s`;
}

export function ms(value) {
    if (value === null || value === undefined)
        return NONE;
    if (value >= 1000)
        return `${finer.format(value / 1000)} s`;
    return `${value < 1 ? finer.format(value)
        : value < 10 ? fine.format(value) : whole.format(value)} ms`;
}

/** 75 → "1 min". */
export function seconds(value) {
    const units = [[86400, "days"], [3600, "hours"], [60, "minutes"]];

    for (const [length, name] of units) {
        if (value >= length)
            return t(name, Math.floor(value / length));
    }
    return t("secondsShort", Math.floor(value));
}

export function clockTime(unixMs) {
    return clock.format(unixMs);
}

export function dayTime(unixMs) {
    return day.format(unixMs);
}
