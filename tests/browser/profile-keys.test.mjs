/* Pages of profiles at listeners that require a key. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { everybodyGoes, openBrowser, openPage } from "./people.mjs";
import { Server } from "./server.mjs";

const KEY = "a-key-of-the-pages";

let browser;

before(async () => {
    browser = await openBrowser();
});

after(() => everybodyGoes(browser));

async function withServer(profile, run) {
    const server = await Server.start({ profile,
        listener: "require_key = true", files: { "api.key": KEY },
        more: 'key "file:@/api.key" { }' });

    try {
        await run(server);
    } finally {
        await server.stop();
    }
}

async function come(where, rest) {
    const page = await openPage(browser, { page: where });

    await page.goto(`${where}home/${rest}`);
    await page.waitForSelector('body[data-connection="connected"]');
    return page;
}

async function say(page, text) {
    await page.fill("#message", text);
    await page.press("#message", "Enter");
}

test("a page shows the key behind its address, and passes it on", () =>
    withServer("im", async (server) => {
        const page = await come(server.front,
            `index?appID=101&name=Ada#key=${KEY}`);

        await page.waitForSelector("#users .own", { state: "attached" });
        await say(page, "with a key");
        await page.waitForSelector('#log >> text="with a key"');
        await page.click("nav a >> nth=1");
        await page.waitForSelector('nav a[aria-current] >> text="102"');
        await page.waitForSelector("#users .own", { state: "attached" });
        assert.equal(await page.locator("#log .failed").count(), 0);
        assert.deepEqual(page.problems, []);
    }));

test("without it nothing is said", () =>
    withServer("im", async (server) => {
        const page = await come(server.page, "index?appID=101&name=Eve");

        await say(page, "without a key");
        await page.waitForSelector("#log .failed");
        assert.equal(await page.locator("#users .own").count(), 0);
    }));

test("members are asked for with the key", () =>
    withServer("groupchat", async (server) => {
        const page = await come(server.front,
            `room?uid=1&groups_id=1#key=${KEY}`);

        await page.waitForSelector("#users .own", { state: "attached" });
        assert.equal(await page.textContent("#count"), "2");
        assert.deepEqual(page.problems, []);
    }));
