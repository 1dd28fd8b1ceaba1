/* The dashboard in pictures: wide and narrow, light and dark, two languages. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
    arrive, enterQuietly, everybodyGoes, openBrowser, openPage, sayAll,
    screenshot, textIs,
} from "./people.mjs";
import { Server } from "./server.mjs";

const KEY = "a-key-for-pictures";
const SEEN_MS = 3000;
let server;
let browser;
let isOver = false;
let talking;

before(async () => {
    server = await Server.start({ files: { "api.key": KEY },
        more: `key "file:@/api.key" { }\n` });
    browser = await openBrowser();
    talking = talk();
    await ban({ user: "mallory", room: "office", seconds: 86400,
        reason: "sold watches" });
    await ban({ ip: "192.0.2.0/24", reason: "a flood" });
});

after(async () => {
    isOver = true;
    await talking;
    await everybodyGoes(browser, server);
});

async function ban(whom) {
    const answer = await fetch(`${server.page}v1/ban`, { method: "POST",
        headers: { authorization: `Bearer ${KEY}` },
        body: JSON.stringify(whom) });

    assert.equal(answer.status, 200);
}

/* Rooms of different traffic, without an end. */
async function talk() {
    const names = ["Grace Hopper", "Linus", "小明", "Ada Lovelace",
        "Barbara Liskov", "Edsger"];
    const rooms = ["office", "releases", "大厅", "support:4711"];
    const people = [];

    for (const name of names) {
        const one = await enterQuietly(server, name, rooms[0]);

        for (const room of rooms.slice(1))
            await one.join(room);
        people.push(one);
    }
    for (let turn = 0; !isOver; turn++) {
        const wave = 3 + Math.round(2.5 * Math.sin(turn / 40));

        for (let i = 0; i < wave; i++) {
            await sayAll(people[(turn + i) % people.length],
                rooms[i % rooms.length], [`Number ${turn}: all is well.`]);
        }
        if (turn % 30 === 0)
            await arrive(server, `Visitor ${turn}`);
        await new Promise((resolve) => setTimeout(resolve, 40));
    }
}

async function open(options, seenMs = 1000) {
    const page = await openPage(browser, server, options);

    await page.goto(`${server.page}dashboard/`);
    await page.waitForSelector("#unlock[open]");
    await page.fill("#unlock-key", KEY);
    await page.press("#unlock-key", "Enter");
    await page.waitForSelector('body[data-link="online"]');
    await page.waitForSelector("#rooms tbody tr >> nth=3");
    await page.waitForSelector("#people button >> nth=3");
    /* So that the charts have something to show. */
    await page.evaluate((ms) => new Promise((resolve) => {
        setTimeout(resolve, ms);
    }), seenMs);
    return page;
}

/** Nothing is wider than the window, but what can be scrolled by itself. */
async function fitsItsWindow(page) {
    const [width, window] = await page.evaluate(() => [
        document.documentElement.scrollWidth, innerWidth]);

    assert.ok(width <= window, `${width} pixels in a window of ${window}`);
}

async function scroll(page, top) {
    await page.evaluate((y) => scrollTo(0, y), top);
}

test("wide, in light and in dark", async () => {
    for (const colorScheme of ["light", "dark"]) {
        const page = await open({ colorScheme }, SEEN_MS);
        const [paper, text] = await page.evaluate(() => {
            const style = getComputedStyle(document.body);

            return [style.backgroundColor, style.color].map((color) =>
                Number(color.match(/\d+/)[0]));
        });

        assert.equal(paper > text, colorScheme === "light");
        await fitsItsWindow(page);
        await screenshot(page, `dashboard-${colorScheme}`);
        await scroll(page, 5000);
        await screenshot(page, `dashboard-${colorScheme}-below`);
        await page.click('#rooms button:text-is("office")');
        await page.waitForSelector(".messages li >> nth=5");
        await screenshot(page, `dashboard-${colorScheme}-room`);
        assert.deepEqual(page.problems, []);
        await page.context().close();
    }
});

test("narrow, in Chinese, in light and in dark", async () => {
    for (const colorScheme of ["light", "dark"]) {
        const page = await open({ colorScheme, locale: "zh-CN",
            viewport: { width: 390, height: 780 }, hasTouch: true,
            isMobile: true });

        assert.equal(await page.getAttribute("html", "lang"), "zh-CN");
        await textIs(page, "#state-word", "服务中");
        await fitsItsWindow(page);
        await screenshot(page, `dashboard-narrow-${colorScheme}`);
        await scroll(page, 1500);
        await screenshot(page, `dashboard-narrow-${colorScheme}-below`);
        await page.click('#people [data-user="小明"]');
        await page.waitForSelector(".connections .chip >> nth=3");
        await fitsItsWindow(page);
        await screenshot(page, `dashboard-narrow-${colorScheme}-person`);
        await page.click('[data-act="ban"]');
        await page.waitForSelector("#ask[open]");
        await screenshot(page, `dashboard-narrow-${colorScheme}-ban`);
        assert.deepEqual(page.problems, []);
        await page.context().close();
    }
});

test("who asks for less motion sees charts that stand", async () => {
    const page = await open({ reducedMotion: "reduce" });

    await page.waitForFunction(() => [...document.querySelectorAll(
        "#charts canvas")].every((canvas) => canvas.width > 100));
    assert.deepEqual(page.problems, []);
});
