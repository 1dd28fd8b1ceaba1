/* The page of the profile push: it listens, and posts, in two tabs. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import {
    everybodyGoes, openBrowser, openPage, screenshot, textIs,
} from "./people.mjs";
import { Server } from "./server.mjs";

let server;
let browser;

before(async () => {
    server = await Server.start({ profile: "push" });
    browser = await openBrowser();
});

after(() => everybodyGoes(browser, server));

/** The page at the port of the profile; uid: none is the page's own choice. */
async function open({ uid, types = ["notice"], at = server.front, ...options }
    = {}) {
    const page = await openPage(browser, { page: at }, options);
    const query = uid ? `?d=${encodeURIComponent(JSON.stringify({ uid, types }))
    }` : "";

    await page.goto(`${at}demo/socket.html${query}`);
    await page.waitForSelector("body[data-ready]");
    return page;
}

async function connect(page) {
    await page.click("#connect");
    await page.waitForSelector('body[data-connection="online"]');
}

function pushes(page) {
    return page.$$eval("#log .push", (lines) =>
        lines.map((line) => line.textContent));
}

function hears(page, count) {
    return page.waitForFunction((wanted) =>
        document.querySelectorAll("#log .push").length === wanted, count);
}

async function post(page, message) {
    await page.fill("#msgtext", typeof message === "string" ? message
        : JSON.stringify(message));
    await page.click("#post");
}

test("the page is filled in and works as it comes", async () => {
    const page = await open();
    const host = new URL(server.front).host;

    assert.equal(await page.inputValue("#ws"),
        `${host}/ws?d={"uid":"1","types":["notice"]}`);
    await textIs(page, "#state-word", "not connected");
    await connect(page);
    await page.click("#post");
    await hears(page, 1);
    const { types, msg } = JSON.parse((await pushes(page))[0]);

    assert.deepEqual([types, msg], ["notice", "A test message"]);
    await page.waitForSelector(
        "#log li:has-text('the answer: 200 {\"msg\":\"success.\"}')");
    assert.deepEqual(page.problems, []);
});

test("two tabs are two users, and each hears its own", async () => {
    const ann = await open({ uid: "ann" });
    const bob = await open({ uid: "bob", types: ["notice", "news"] });

    await connect(ann);
    await connect(bob);
    const message = { topic: "uids", topic_ids: ["bob"], types: "news",
        msg: "for bob <b>&</b>", time: "now" };

    await post(ann, message);
    await hears(bob, 1);
    await post(bob, { topic: "all", msg: "for all", time: "now" });
    await hears(ann, 1);
    await hears(bob, 2);
    assert.deepEqual(await pushes(ann),
        ['{"types":"notice","msg":"for all","time":"now"}']);
    assert.equal(JSON.parse((await pushes(bob))[0]).msg, message.msg);
    await screenshot(ann, "push-light");
    assert.deepEqual([...ann.problems, ...bob.problems], []);
});

test("it says what is the matter", async () => {
    const page = await open({ uid: "eve" });
    const says = (text) => textIs(page, "#log li:last-child", text);

    await page.click("#send");
    await says("Please connect first.");
    await page.click("#close");
    await says("There is no connection.");
    await connect(page);
    await page.click("#connect");
    await says("Connected already.");
    await page.fill("#msgtext", "hello");
    await page.click("#send");
    await says("Sent: hello");
    await post(page, "no JSON");
    await says('Posted, the answer: 200 {"msg":"Body error."}');
    await page.click("#close");
    await says("The connection is closed.");
    await page.fill("#ws", "[");
    await page.click("#connect");
    await page.waitForSelector("#log .bad");
    await page.fill("#ws", `${new URL(server.front).host}/ws?d={}`);
    await page.click("#connect");
    await says("The connection is closed.");
    assert.deepEqual(page.problems, []);
});

test("it leads to another user in another tab", async () => {
    const page = await open({ uid: "7" });
    const [other] = await Promise.all([
        page.context().waitForEvent("page"), page.click("#another")]);

    await other.waitForSelector("body[data-ready]");
    assert.match(await other.inputValue("#ws"), /"uid":"8"/);
});

test("narrow, dark, in Chinese", async () => {
    const page = await open({ uid: "小明", locale: "zh-CN",
        colorScheme: "dark", viewport: { width: 390, height: 780 } });

    await connect(page);
    await page.click("#post");
    await hears(page, 1);
    assert.equal(JSON.parse((await pushes(page))[0]).msg, "测试消息");
    assert.ok(await page.evaluate(() =>
        document.documentElement.scrollWidth <= innerWidth));
    await screenshot(page, "push-narrow-dark");
    assert.deepEqual(page.problems, []);
});

test("it stands on listeners with pages, too, and knows the port", async () => {
    const page = await open({ uid: "ida", at: server.page });

    assert.ok((await page.inputValue("#ws")).startsWith(
        new URL(server.front).host));
    await connect(page);
    await post(page, { topic: "uids", topic_ids: ["ida"], msg: "m" });
    await hears(page, 1);
    /* The other port is asked for what is posted, and for nothing else. */
    assert.deepEqual(page.problems,
        [`asked for ${server.front}send`]);
});
