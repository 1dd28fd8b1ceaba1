/* The page of the profile im: both listeners, two tabs, two languages. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
    everybodyGoes, openBrowser, openPage, screenshot,
} from "./people.mjs";
import { Server, until } from "./server.mjs";

let server;
let browser;

before(async () => {
    server = await Server.start({ profile: "im" });
    browser = await openBrowser();
});

after(() => everybodyGoes(browser, server));

/* Somebody who has logged in and read who is there. */
async function come(where, app, name, options) {
    const page = await openPage(browser, { page: where }, options);

    await page.goto(`${where}home/index?appID=${app}&name=${name}`);
    await page.waitForSelector('body[data-connection="connected"]');
    await page.waitForSelector("#users .own", { state: "attached" });
    return page;
}

function lines(page) {
    return page.locator("#log li:not(.event) .words").allTextContents();
}

async function say(page, text) {
    await page.fill("#message", text);
    await page.press("#message", "Enter");
}

function has(page, text) {
    return page.waitForSelector(`#log >> text="${text}"`);
}

for (const at of ["page", "front"]) {
    test(`two tabs talk, by the listener of ${at}`, async () => {
        const ada = await come(server[at], 101, "Ada");
        const chinese = await come(server[at], 101, "李白",
            { locale: "zh-CN", colorScheme: "dark" });

        await has(ada, "李白 is here");
        await say(ada, "Hello <b>there</b>");
        await has(chinese, "Hello <b>there</b>");
        await say(chinese, "床前明月光");
        await has(ada, "床前明月光");
        assert.deepEqual(await lines(ada), await lines(chinese));
        assert.equal(await ada.textContent("#count"), "2");
        assert.equal(await chinese.textContent("h1"), "应用 101 的聊天室");
        await screenshot(ada, `im-${at}`);
        await screenshot(chinese, `im-${at}-chinese-dark`);
        await chinese.context().close();
        await has(ada, "李白 has left");
        assert.equal(await ada.textContent("#count"), "1");
        assert.deepEqual(ada.problems, []);
        await ada.context().close();
    });
}

test("each application has a room of its own, by four links", async () => {
    const one = await come(server.page, 101, "One");
    const narrow = await come(server.page, 103, "Other",
        { viewport: { width: 390, height: 780 } });

    assert.deepEqual(await one.locator("nav a").allTextContents(),
        ["101", "102", "103", "104"]);
    assert.equal(await narrow.textContent("nav a[aria-current]"), "103");
    await say(narrow, "alone here");
    await screenshot(narrow, "im-narrow");
    await narrow.click("nav a >> nth=0");
    await narrow.waitForSelector('body[data-connection="connected"]');
    assert.equal(await narrow.textContent("nav a[aria-current]"), "101");
    await say(one, "welcome");
    await has(narrow, "welcome");
    assert.deepEqual(await lines(one), ["welcome"]);
    assert.deepEqual([...one.problems, ...narrow.problems], []);
});

test("it comes back when the server does, and says what was not sent",
    async () => {
        const page = await come(server.page, 104, "Back");

        await page.context().setOffline(true);
        await say(page, "into the void");
        await page.waitForSelector("#log .failed");
        await page.context().setOffline(false);
        await server.kill("gateway");
        await page.waitForSelector('body[data-connection="broken"]');
        await page.waitForSelector('body[data-connection="connected"]');
        await say(page, "again");
        await until(async () => (await page.locator("#log .failed").count())
            === 1 && (await lines(page)).at(-1) === "again", "it is sent");
    });
