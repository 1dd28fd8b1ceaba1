/*
 * People for the tests: with a browser, or with the client library alone.
 */
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { chromium } from "playwright-core";
import WebSocket from "ws";

import { Confab } from "../../web/confab.js";
import { GUARD_MS, until } from "./server.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const screens = path.resolve(here, "../../build/screens");

export function openBrowser() {
    return chromium.launch({
        executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
        args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync"],
    });
}

/** The page before anybody has a name, in a profile of its own. */
export async function openPage(browser, server, options = {}) {
    const context = await browser.newContext({
        locale: "en-GB", viewport: { width: 1280, height: 800 }, ...options,
    });
    const page = await context.newPage();

    page.setDefaultTimeout(GUARD_MS);
    page.problems = [];
    page.on("pageerror", (error) => page.problems.push(String(error)));
    page.on("request", (request) => {
        if (!request.url().startsWith(server.page))
            page.problems.push(`asked for ${request.url()}`);
    });
    page.on("console", (line) => {
        if (/Content Security Policy|404/.test(line.text()))
            page.problems.push(line.text());
    });
    return page;
}

/** Somebody who is in a room, with the page open and everything loaded. */
export async function enter(browser, server, name, room, options = {}) {
    const page = await openPage(browser, server, options);
    const query = `?name=${encodeURIComponent(name)}`;

    await page.goto(`${server.page}${query}#${encodeURIComponent(room)}`);
    await isOnline(page);
    await page.waitForSelector("#log-top:not([data-state=loading]), .line");
    return page;
}

export function isOnline(page) {
    return page.waitForSelector('body[data-connection="online"]');
}

export async function say(page, text) {
    await page.fill("#composer-text", text);
    await page.press("#composer-text", "Enter");
}

/** What the messages of the log say, from the top. */
export function messages(page) {
    return page.$$eval("#lines .message:not(.pending) .body", (bodies) =>
        bodies.map((body) => body.textContent));
}

/** Waits until the last message of the log is this one. */
export function lastIs(page, text) {
    return page.waitForFunction((wanted) => {
        const bodies = document.querySelectorAll(
            "#lines .message:not(.pending) .body");

        return bodies[bodies.length - 1]?.textContent === wanted;
    }, text);
}

/** Scrolls up until the first message of the room is there. */
export async function scrollBack(page) {
    const isAtBeginning = () => document.getElementById("log-top")
        .dataset.state === "beginning";

    while (!await page.evaluate(isAtBeginning)) {
        await page.evaluate(() => {
            document.getElementById("log").scrollTop = 0;
            /* One frame: the page reads on by itself. */
            return new Promise(requestAnimationFrame);
        });
    }
}

/**
 * Presses a button that stands beside a message while it is pointed at. The
 * mouse that comes to press points at it: the line may be drawn anew since it
 * came to look.
 */
export async function pressBeside(line, name) {
    await line.hover();
    await line.getByRole("button", { name }).click({ force: true });
}

export function textIs(page, selector, text) {
    return page.waitForFunction(([where, wanted]) =>
        document.querySelector(where)?.textContent === wanted,
    [selector, text]);
}

export async function screenshot(page, name) {
    await mkdir(screens, { recursive: true });
    /* The pictures are for people: let what moves come to rest. A line that
     * is drawn anew takes its animation away, which then never finishes. */
    await page.evaluate(() => Promise.allSettled(document.getAnimations()
        .filter((one) => one.effect.getTiming().iterations !== Infinity)
        .map((one) => one.finished)));
    await page.screenshot({ path: path.join(screens, `${name}.png`) });
}

/* Everybody without a browser, so that nobody is left behind. */
const quiet = new Set();

/** At the end of a file of tests, also when one of them failed. */
export async function everybodyGoes(browser, server) {
    for (const confab of quiet)
        confab.close();
    await browser?.close();
    await server?.stop();
}

/** Somebody without a browser, logged in, by a name or an account. */
export async function arrive(server, name, options = {}) {
    const confab = new Confab({ url: server.url, WebSocket, ...options });

    quiet.add(confab);
    confab.untilOnline = () => until(() => confab.state === "online",
        `${confab.user} is online`);
    await confab.connect();
    await confab.login(name);
    return confab;
}

/** Somebody without a browser, in a room. */
export async function enterQuietly(server, name, room, options = {}) {
    const confab = await arrive(server, name, options);

    await confab.join(room);
    return confab;
}

/** Says each of texts to a room or target, in this order. */
export async function sayAll(confab, room, texts) {
    const said = [];

    for (let at = 0; at < texts.length; at += 50) {
        said.push(...await Promise.all(texts.slice(at, at + 50)
            .map((text) => confab.say(room, text))));
    }
    return said;
}

/** "word 1", "word 2" … "word count". */
export function numbered(word, count, first = 1) {
    return Array.from({ length: count }, (_, i) => `${word} ${first + i}`);
}
